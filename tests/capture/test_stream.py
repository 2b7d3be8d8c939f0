"""Pictures of RTSP streams: of a real server, and of servers that mean harm."""

from __future__ import annotations

import io
import os
import socketserver
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from capture import CaptureError, Code, Kind, Limits, Source
from capture.pool import Pool
from capture.rtsp import Clip, fetch
from tests.capture.cameras import RawCamera, rtsp, running

pytestmark = pytest.mark.slow
OTHER = b"rtsp://127.0.0.1:OTHER/live"
SDP = b"v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:" + OTHER


def answer(body: bytes = b"", status: bytes = b"200 OK", more: bytes = b"") -> bytes:
    head = b"RTSP/1.0 " + status + b"\r\nCSeq: CSEQ\r\n" + more
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body


MOVED = answer(status=b"302 Moved", more=b"Location: " + OTHER + b"\r\n")
BEHIND = b"REDIRECT * RTSP/1.0\r\nLocation: " + OTHER + b"\r\nCSeq: 1\r\n\r\n"


def code_of(pool: Pool, port: int, path: str = "/live", *login: str) -> Code:
    source = Source(Kind.RTSP, f"rtsp://127.0.0.1:{port}{path}", *login)
    with pytest.raises(CaptureError) as caught:
        pool.fetch(source)
    return caught.value.code


@pytest.fixture(scope="module")
def patient(limits: Limits) -> Limits:
    """A real server takes its time for the first picture."""
    return replace(limits, open_seconds=10, read_seconds=15, seconds=30)


@pytest.mark.parametrize(
    ("path", "size"),
    [("/h264", (320, 240)), ("/jpeg", (320, 240)), ("/large", (1920, 1080))],
)
def test_a_real_stream_gives_a_picture(
    rtsp_ports: tuple[int, int], patient: Limits, path: str, size: tuple[int, int]
) -> None:
    with Pool(1, patient) as pool:
        shot = pool.fetch(Source(Kind.RTSP, f"rtsp://127.0.0.1:{rtsp_ports[0]}{path}"))
    picture = Image.open(io.BytesIO(shot.data)).convert("L")
    assert picture.size == size
    shades = picture.tobytes()
    assert (min(shades) < 40, max(shades) > 200) == (
        True,
        True,
    )  # a white ball on black


def test_a_real_stream_with_a_login(
    rtsp_ports: tuple[int, int], patient: Limits
) -> None:
    port = rtsp_ports[1]
    source = Source(
        Kind.RTSP, f"rtsp://127.0.0.1:{port}/h264", "viewer", "correct horse"
    )
    with Pool(1, patient) as pool:
        assert pool.fetch(source).data.startswith(b"\xff\xd8")
        wrong = code_of(pool, port, "/h264", "viewer", "wrong")
        assert (wrong, code_of(pool, port, "/h264")) == ("wrong_password",) * 2


def test_a_stream_that_is_not_there(
    rtsp_ports: tuple[int, int], patient: Limits
) -> None:
    with Pool(1, patient) as pool:
        assert code_of(pool, rtsp_ports[0], "/none") == Code.NOT_FOUND


def test_a_stream_of_too_many_pixels(
    rtsp_ports: tuple[int, int], patient: Limits
) -> None:
    with Pool(1, replace(patient, pixels=320 * 240 - 1)) as pool:
        assert code_of(pool, rtsp_ports[0], "/h264") == Code.TOO_LARGE


def test_a_stream_that_stands_still_looks_the_same(
    rtsp_ports: tuple[int, int], patient: Limits
) -> None:
    def shot(path: str) -> str:
        url = f"rtsp://127.0.0.1:{rtsp_ports[0]}{path}"
        return pool.fetch(Source(Kind.RTSP, url)).fingerprint

    with Pool(1, patient) as pool:
        assert shot("/still") == shot("/still") != shot("/h264")


REDIRECTS = {
    "at once": {"DESCRIBE": MOVED},
    "to the second request": {"DESCRIBE": answer(SDP), "SETUP": MOVED},
    "to the third request": {"DESCRIBE": answer(SDP), "PLAY": MOVED},
    "in the video": {"DESCRIBE": answer(SDP), "PLAY": answer() + BEHIND},
}


@pytest.mark.parametrize("when", REDIRECTS)
def test_a_redirect_reaches_nobody(pool: Pool, when: str) -> None:
    with running(RawCamera(lambda _handler: None)) as other:
        port = str(other.port).encode()
        answers = {
            method: text.replace(b"OTHER", port)
            for method, text in REDIRECTS[when].items()
        }
        with running(rtsp(answers)) as camera:
            assert code_of(pool, camera.port) == Code.REDIRECTED
        assert (camera.connections, other.connections) == (1, 0)


BAD = {
    "web server": (b"HTTP/1.1 400 Bad Request\r\n\r\n", Code.NOT_A_PICTURE),
    "garbage": (bytes(range(1, 256)) * 500, Code.NOT_A_PICTURE),
    "no video": (answer(b"v=0\r\nm=audio 0 RTP/AVP 0\r\n"), Code.NOT_A_PICTURE),
    "other coding": (answer(b"m=video 0 RTP/AVP 32\r\n"), Code.NOT_A_PICTURE),
    "long head": (b"RTSP/1.0 200 OK\r\n" + b"A: b\r\n" * 5000, Code.NOT_A_PICTURE),
    "broken": (answer(status=b"500 Oops"), Code.UNREACHABLE),
    "silent": (b"", Code.SLOW),
    "no video after all": (answer(SDP), Code.SLOW),
}


@pytest.mark.parametrize("what", BAD)
def test_each_trouble_has_its_state(pool: Pool, limits: Limits, what: str) -> None:
    sent, code = BAD[what]
    began = time.monotonic()
    with running(rtsp({"DESCRIBE": sent})) as camera:
        assert code_of(pool, camera.port) == code
    assert time.monotonic() - began < limits.seconds + 2


@pytest.mark.parametrize("demuxer", ["h264", "hevc", "mjpeg"])
@pytest.mark.parametrize(
    "make",
    [
        lambda url: b"#EXTM3U\n#EXTINF:1,\n" + url + b"\n",
        lambda url: b"ffconcat version 1.0\nfile " + url + b"\n",
        lambda _url: b"\x00\x00\x00\x01\x67" + b"\xff" * 5000,
    ],
)
def test_the_decoder_opens_nothing(
    limits: Limits, demuxer: str, make: Callable[[bytes], bytes]
) -> None:
    """Bytes that another demuxer would take for a list of addresses are no picture."""
    from capture.stream import decode

    with running(RawCamera(lambda _handler: None)) as other:
        data = make(f"http://127.0.0.1:{other.port}/a.ts".encode())
        with pytest.raises(CaptureError) as caught:
            decode(Clip(data, demuxer), limits)
        assert (caught.value.code, other.connections) == (Code.NOT_A_PICTURE, 0)


def test_a_usb_camera_that_is_not_there(patient: Limits) -> None:
    with Pool(1, patient) as pool, pytest.raises(CaptureError) as caught:
        pool.fetch(Source(Kind.USB, "63"))
    assert caught.value.code == Code.UNREACHABLE
    assert "no USB camera with this number" in caught.value.message


def usb_of(folder: Path, monkeypatch: pytest.MonkeyPatch, limits: Limits) -> str:
    """What is said of number 60, whose device lies in a folder of the test."""
    from capture import stream

    monkeypatch.setattr(stream, "DEVICES", folder)
    with pytest.raises(CaptureError) as caught:
        stream.fetch(Source(Kind.USB, "60"), limits)
    assert caught.value.code == Code.UNREACHABLE
    return caught.value.message


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no /dev/video")
def test_a_usb_camera_that_may_not_be_opened(
    limits: Limits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "video60").touch()
    with monkeypatch.context() as forbidden:  # the tests may run as root
        forbidden.setattr(os, "access", lambda *_: False)
        assert "the group video" in usb_of(tmp_path, monkeypatch, limits)
    assert "answers" in usb_of(tmp_path, monkeypatch, limits)
    assert "has no USB camera" in usb_of(tmp_path / "none", monkeypatch, limits)


@pytest.mark.parametrize("number", ["-1", "64", "1.0", "", "٣", "0x1", " 1"])
def test_a_usb_camera_is_a_small_number(number: str, limits: Limits) -> None:
    from capture import stream

    with pytest.raises(CaptureError) as caught:
        stream.fetch(Source(Kind.USB, number), limits)
    assert caught.value.code == Code.ADDRESS_REFUSED


KEY = b"\x65" + bytes(40)
SPROP = (
    SDP.partition(b"a=control")[0]
    + b"a=fmtp:96 sprop-parameter-sets=Z3Nwcw==,aHBwcw==\r\n"
)


def framed(channel: int, kind: int, number: int, payload: bytes) -> bytes:
    head = b"\x80" + bytes([0x80 | kind]) + number.to_bytes(2) + bytes(8)
    data = head + payload
    return b"$" + bytes([channel]) + len(data).to_bytes(2) + data


def test_a_camera_may_choose_its_channel(limits: Limits) -> None:
    """And what comes on another one is no video, whatever it looks like."""
    chosen = b"Transport: RTP/AVP/TCP;unicast;interleaved=4-5\r\n"
    video = framed(0, 96, 1, b"\x65no") + framed(4, 96, 1, KEY)
    answers = {"DESCRIBE": answer(SPROP), "SETUP": answer(more=chosen)}
    with running(rtsp(answers | {"PLAY": answer() + video})) as camera:
        url = f"rtsp://127.0.0.1:{camera.port}/live"
        clip = fetch(Source(Kind.RTSP, url), limits, time.monotonic() + 3)
    assert clip.data.endswith(KEY)


@pytest.mark.parametrize("realm", ["Büro".encode(), "Büro".encode("latin-1")])
def test_a_realm_of_any_bytes_is_answered(limits: Limits, realm: bytes) -> None:
    asked = b'WWW-Authenticate: Digest realm="' + realm + b'", nonce="n"\r\n'
    seen: list[bytes] = []

    def speak(handler: socketserver.StreamRequestHandler) -> None:
        for line in handler.rfile:
            seen.append(line)
            if not line.strip():
                status = b"401 Unauthorized"
                handler.wfile.write(answer(status=status, more=asked))

    with running(RawCamera(speak)) as camera:
        source = Source(Kind.RTSP, f"rtsp://127.0.0.1:{camera.port}/", "Jürgen", "x")
        with pytest.raises(CaptureError) as caught:
            fetch(source, limits, time.monotonic() + 3)
    assert caught.value.code == Code.WRONG_PASSWORD
    sent = next(line for line in seen if line.startswith(b"Authorization"))
    assert b'realm="' + realm + b'"' in sent
    assert 'username="Jürgen"'.encode() in sent
