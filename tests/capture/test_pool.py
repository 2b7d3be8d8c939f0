"""The processes that fetch: replaced when they break, gone when they should be."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import capture.pool
from capture import CaptureError, Code, Kind, Limits, Source, child
from capture.pool import ENVIRONMENT, ROOT, Pool
from tests.capture.cameras import PASSWORD, USER, HttpCamera, RawCamera, running
from tests.ops.processes import alive, wait_until

pytestmark = pytest.mark.slow
PARENT = """
import sys
from capture import Kind, Limits, Source
from capture.pool import Pool
pool = Pool(1, Limits(loopback=True, seconds=60, read_seconds=60))
pool.fetch(Source(Kind.SNAPSHOT, sys.argv[1]))
"""


def children(parent: int) -> list[int]:
    text = Path(f"/proc/{parent}/task").iterdir()
    return [
        int(pid) for task in text for pid in (task / "children").read_text().split()
    ]


@pytest.fixture
def one(limits: Limits) -> Iterator[Pool]:
    with Pool(1, limits) as made:
        yield made


@pytest.fixture
def silent() -> Iterator[RawCamera]:
    with running(RawCamera(lambda _handler: time.sleep(100))) as made:
        yield made


def fetcher(before: list[int]) -> int:
    def new() -> list[int]:
        return [pid for pid in children(os.getpid()) if pid not in before]

    assert wait_until(lambda: bool(new()))
    return new()[0]


def test_a_process_that_breaks_is_replaced(one: Pool, camera: HttpCamera) -> None:
    before = children(os.getpid())
    source = Source(Kind.SNAPSHOT, camera.url("/snapshot"))
    one.fetch(source)
    os.kill(fetcher(before), signal.SIGKILL)
    with pytest.raises(CaptureError) as caught:
        one.fetch(source)
    assert caught.value.code == Code.CRASHED
    assert one.fetch(source).data


def test_a_process_that_hangs_is_replaced(
    one: Pool, camera: HttpCamera, limits: Limits
) -> None:
    before = children(os.getpid())
    source = Source(Kind.SNAPSHOT, camera.url("/snapshot"))
    one.fetch(source)
    pid, began = fetcher(before), time.monotonic()
    os.kill(pid, signal.SIGSTOP)
    with pytest.raises(CaptureError) as caught:
        one.fetch(source)
    assert caught.value.code == Code.SLOW
    assert time.monotonic() - began < limits.seconds + 2
    assert not alive(pid)
    assert one.fetch(source).data


def test_closing_ends_what_is_on_its_way(silent: RawCamera, limits: Limits) -> None:
    before = children(os.getpid())
    pool, codes = Pool(1, limits), []

    def fetch() -> None:
        try:
            pool.fetch(Source(Kind.SNAPSHOT, f"http://127.0.0.1:{silent.port}/"))
        except CaptureError as exc:
            codes.append(exc.code)

    thread = threading.Thread(target=fetch)
    thread.start()
    pid = fetcher(before)
    assert wait_until(lambda: silent.connections == 1, seconds=60)
    pool.close()
    thread.join(5)
    assert (codes, alive(pid)) == ([Code.CRASHED], False)
    with pytest.raises(CaptureError):
        pool.fetch(Source(Kind.FOLDER, "/nowhere"))


def test_nothing_is_left_when_the_parent_is_killed(silent: RawCamera) -> None:
    argv = [sys.executable, "-c", PARENT, f"http://127.0.0.1:{silent.port}/"]
    with subprocess.Popen(argv, cwd=ROOT) as parent:
        assert wait_until(lambda: silent.connections == 1, seconds=60)
        (pid,) = children(parent.pid)
        parent.kill()
    assert wait_until(lambda: not alive(pid), seconds=10)


def test_a_process_holds_no_secret(
    one: Pool, camera: HttpCamera, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_KEY", "do not tell")
    before = children(os.getpid())
    one.fetch(Source(Kind.SNAPSHOT, camera.url("/md5"), USER, PASSWORD))
    seen = Path(f"/proc/{fetcher(before)}")
    held = dict(
        pair.split("=", 1)
        for pair in (seen / "environ").read_text().split("\0")
        if pair
    )
    assert held == ENVIRONMENT
    assert PASSWORD not in (seen / "cmdline").read_text()


def test_a_source_crosses_unchanged() -> None:
    source = Source(Kind.RTSP, "rtsp://10.0.0.5/", "viewer", "pä:ß", "ab" * 32, "mark")
    limits = Limits(loopback=True, seconds=3)
    packed = child.pack(source, limits)
    message = json.loads(packed[child.LENGTH.size :])
    assert child.unpack(message) == (source, limits)
    assert "pä:ß" not in repr(source)


STRANGE = [
    b"[]",
    b"{}",
    b"[" * 60_000,
    b'{"bytes": Infinity}',
    b'{"bytes": null}',
    b'{"bytes": 4, "taken_at": 7, "milliseconds": 1, "fingerprint": "", "mark": ""}',
    b'{"bytes": 0, "taken_at": "2026-01-01T00:00", "milliseconds": 1,'
    b' "fingerprint": "", "mark": ""}',
    b'{"code": "all is well", "message": ""}',
]


@pytest.mark.parametrize("answer", STRANGE)
def test_a_process_that_was_taken_over_is_ended(
    monkeypatch: pytest.MonkeyPatch, limits: Limits, answer: bytes
) -> None:
    """Else its next answer, which is somebody else's picture, would be believed."""
    frame = "struct.pack('>I', len(t)) + t"
    text = f"import struct, sys, time; t = b'{{}}'; out = {frame}; t = {answer!r}; "
    text += f"sys.stdout.buffer.write(out + {frame} + b'none'); sys.stdout.flush(); "
    text += "time.sleep(60)"
    monkeypatch.setattr(capture.pool, "ARGV", (sys.executable, "-c", text))
    before = children(os.getpid())
    with Pool(1, limits) as one, pytest.raises(CaptureError) as caught:
        one.fetch(Source(Kind.FOLDER, "/nowhere"))
    assert caught.value.code == Code.CRASHED
    assert children(os.getpid()) == before
