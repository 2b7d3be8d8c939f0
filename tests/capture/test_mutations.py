"""What cameras say, damaged at random: a clear state each time, and never a crash."""

from __future__ import annotations

import io
import random
import time

import pytest

from capture import CaptureError, Kind, Limits, Source, http, rtsp
from tests.capture.cameras import jpeg
from tests.capture.test_stream import SPROP, answer, framed

ROUNDS = 400
ASKED = b'WWW-Authenticate: Digest realm="a", nonce="b", qop="auth", stale=true\r\n'
MULTIPART = b"Content-Type: multipart/x-mixed-replace;boundary=--b\r\n"
VIDEO = b"".join(
    [
        answer(status=b"401 Unauthorized", more=ASKED),
        answer(SPROP, more=b"Content-Base: rtsp://10.0.0.7/live/\r\n"),
        answer(more=b"Session: 12;timeout=60\r\nTransport: a;interleaved=0-1\r\n"),
        answer(),
        framed(0, 96, 1, b"\x7c\x85abc"),
        framed(0, 96, 2, b"\x7c\x45def"),
        framed(0, 96, 3, b"\x65abc"),
    ]
)
ANSWERS = [
    b"HTTP/1.1 401 No\r\n" + ASKED + b"\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(jpeg()) + jpeg(),
    b"HTTP/1.1 200 OK\r\n" + MULTIPART + b"\r\n----b\r\n\r\n" + jpeg() + b"\r\n----b",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n400\r\n" + jpeg(),
]


class Said(io.BytesIO):
    """In place of a connection; what is sent to the camera must be one head."""

    def sendall(self, data: bytes) -> None:
        assert data.count(b"\r\n\r\n") == 1

    def makefile(self, _mode: str = "rb") -> io.BufferedReader:
        return io.BufferedReader(self)

    def close(self) -> None:
        pass


def damaged(rng: random.Random, data: bytes) -> bytes:
    said = bytearray(data)
    for _ in range(rng.randrange(1, 8)):
        at, length = rng.randrange(len(said)), rng.randrange(1, 30)
        other = rng.randrange(len(said))
        match rng.randrange(4):
            case 0:
                said[at] = rng.randrange(256)
            case 1 if len(said) > 100:
                del said[at : at + length]
            case 2:
                said[at:at] = rng.randbytes(length)
            case _:
                said[at:at] = said[other : other + length]
    return bytes(said)


@pytest.mark.parametrize("module", [rtsp, http])
def test_a_damaged_conversation_ends_in_a_state(
    monkeypatch: pytest.MonkeyPatch, module: object
) -> None:
    rng, limits = random.Random(11), Limits(bytes=100_000)
    states: set[str] = set()
    for _ in range(ROUNDS):
        data = damaged(rng, VIDEO if module is rtsp else rng.choice(ANSWERS))
        monkeypatch.setattr(module, "connect", lambda *_, said=data: Said(said))
        try:
            if module is rtsp:
                source = Source(Kind.RTSP, "rtsp://10.0.0.7/live", "Łukasz", "x")
                rtsp.fetch(source, limits, time.monotonic() + 5)
            else:
                kind = rng.choice([Kind.MJPEG, Kind.SNAPSHOT])
                http.fetch(Source(kind, "http://10.0.0.7/", "Łukasz", "x"), limits)
        except CaptureError as exc:
            states.add(exc.code)
    # Any other error has ended the test; the damage was seen, and in more than one way.
    assert len(states) > 1
