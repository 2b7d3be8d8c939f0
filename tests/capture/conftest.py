from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from capture import Limits
from capture.pool import Pool
from tests.capture.cameras import HttpCamera, running

DEBIAN_PYTHON = "/usr/bin/python3"
SERVER = Path(__file__).with_name("rtsp_server.py")
LIMITS = Limits(loopback=True, open_seconds=5, read_seconds=3, seconds=6, bytes=300_000)


@pytest.fixture(scope="package")
def limits() -> Limits:
    """Short ones, and this machine is allowed."""
    return LIMITS


@pytest.fixture(scope="package")
def pool() -> Iterator[Pool]:
    with Pool(4, LIMITS) as made:
        yield made


@pytest.fixture
def camera() -> Iterator[HttpCamera]:
    with running(HttpCamera()) as made:
        yield made


@pytest.fixture(scope="package")
def rtsp_ports() -> Iterator[tuple[int, int]]:
    """Of a real server: the port that is open to all, and the one with a login."""
    try:
        server = subprocess.Popen(
            [DEBIAN_PYTHON, SERVER],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
    except FileNotFoundError:
        pytest.skip(f"no {DEBIAN_PYTHON}")
    with server:
        assert server.stdout
        line = server.stdout.readline()
        if not line:
            pytest.skip("Debian's gir1.2-gst-rtsp-server-1.0 is not installed")
        first, second = line.split()
        yield int(first), int(second)
        server.kill()
