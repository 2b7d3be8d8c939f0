from __future__ import annotations

import hashlib
import json
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from capture import Limits
from capture.pool import Pool
from tests.capture.cameras import HttpCamera, running
from tests.receivers import self_signed

DEBIAN_PYTHON = "/usr/bin/python3"
SERVER = Path(__file__).with_name("rtsp_server.py")
CERTIFIED = "camera.example.org"
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


@dataclass(frozen=True)
class RtspServer:
    """A real server: its ports by `open`, `digest`, `tls`; what it cannot code."""

    ports: dict[str, int]
    missing: list[str]
    certificate: Path

    @property
    def fingerprint(self) -> str:
        """SHA-256 of its certificate, as `openssl x509 -fingerprint` writes it."""
        pem = self.certificate.read_text().partition("-----END PRIVATE KEY-----\n")[2]
        found = hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest().upper()
        return ":".join(found[at : at + 2] for at in range(0, 64, 2))

    def url(self, path: str, port: str = "open", host: str = "127.0.0.1") -> str:
        """Skips the test where a package is missing on this machine."""
        if path in self.missing:
            pytest.skip(f"no coder for {path}; Debian's gstreamer1.0-plugins-bad?")
        if port not in self.ports:
            pytest.skip("Debian's glib-networking is not installed")
        scheme = "rtsps" if port == "tls" else "rtsp"
        return f"{scheme}://{host}:{self.ports[port]}{path}"


@pytest.fixture(scope="package")
def rtsp_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RtspServer]:
    certificate = self_signed(CERTIFIED, tmp_path_factory.mktemp("certificate"))
    try:
        server = subprocess.Popen(
            [DEBIAN_PYTHON, SERVER, certificate],
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
        ports = json.loads(line)
        yield RtspServer(ports, ports.pop("missing"), certificate)
        server.kill()


@pytest.fixture(scope="package")
def rtsp_ports(rtsp_server: RtspServer) -> tuple[int, int]:
    """The port that is open to all, and the one with a login."""
    return rtsp_server.ports["open"], rtsp_server.ports["digest"]
