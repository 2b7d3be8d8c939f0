"""A picture from a web address: a snapshot, or the first whole one of MJPEG."""

from __future__ import annotations

import http.client
import time
from datetime import UTC, datetime

from capture.addresses import Target, pin
from capture.frozen import fingerprint
from capture.login import Login, wrong_password
from capture.pictures import JPEG, JpegEnd, no_picture, verify, verify_size
from capture.types import CaptureError, Code, Kind, Limits, Shot, Source
from capture.wire import SPARE, Wire, connect

TRIES = 3  # without a login, with it, with it and a fresh nonce
PIECE = 16 * 1024


def fetch(source: Source, limits: Limits) -> Shot:
    """One picture of an HTTP camera; raises CaptureError."""
    began = time.monotonic()
    target, login = pin(source, limits), Login.of(source)
    for _ in range(TRIES):
        wire = connect(target, source, limits, began + limits.seconds)
        try:
            answer = _ask(wire, target, login)
            if answer.status != http.HTTPStatus.UNAUTHORIZED:
                judge_status(answer.status)
                data = _read(answer, source, limits)
                break
            login.ask(answer.headers.get_all("WWW-Authenticate") or [])
        except (http.client.HTTPException, ValueError) as exc:
            # ValueError of a chunk with less than no bytes.
            text = f"the camera does not speak HTTP: {type(exc).__name__}"
            raise CaptureError(Code.NOT_A_PICTURE, text) from None
        finally:
            wire.close()
    else:
        raise wrong_password("the camera asks for the password again and again")
    milliseconds = round((time.monotonic() - began) * 1000)
    return Shot(data, datetime.now(UTC), milliseconds, fingerprint(data))


def judge_status(status: int) -> None:
    """What a status of HTTP or RTSP means; both count alike."""
    if 200 <= status < 300:
        return
    if 300 <= status < 400:
        text = "the camera sends to another address, which is not followed"
        raise CaptureError(Code.REDIRECTED, text)
    if status in (401, 403):
        raise wrong_password("the camera does not let this user see the picture")
    if status in (404, 410):
        raise CaptureError(Code.NOT_FOUND, "the camera has nothing at this address")
    raise CaptureError(Code.UNREACHABLE, f"the camera answers with error {status}")


class _Connection(http.client.HTTPConnection):
    """Speaks over a connection that is there, as the name that was typed in."""

    def __init__(self, wire: Wire, target: Target) -> None:
        super().__init__(target.host, target.port)
        self.default_port = 443 if target.tls else 80  # the Host header leaves it out
        self.sock = wire

    def close(self) -> None:
        """Not the wire: http.client closes before it has read what ends with it."""


def _ask(wire: Wire, target: Target, login: Login) -> http.client.HTTPResponse:
    headers = {"Connection": "close", "Accept-Encoding": "identity"}
    if authorization := login.header("GET", target.path):
        headers["Authorization"] = authorization
    connection = _Connection(wire, target)
    connection.request("GET", target.path, headers=headers)
    return connection.getresponse()


def _read(answer: http.client.HTTPResponse, source: Source, limits: Limits) -> bytes:
    many = answer.headers.get_content_maintype() == "multipart"
    if source.kind == Kind.MJPEG or many:
        return _first_jpeg(answer, limits)
    if (answer.length or 0) > limits.bytes:
        raise CaptureError(Code.TOO_LARGE, "the picture has too many bytes")
    data = answer.read(limits.bytes + 1)
    verify(data, limits)
    return data


def _first_jpeg(answer: http.client.HTTPResponse, limits: Limits) -> bytes:
    """Found by its markers: cameras disagree on boundaries and on Content-Length."""
    head = b""
    while (start := head.find(JPEG)) < 0:
        piece = answer.read1(PIECE)
        head += piece
        if not piece or len(head) > SPARE:
            raise no_picture()
    jpeg, piece = JpegEnd(), head[start:]
    while (data := jpeg.feed(piece)) is None:
        verify_size(*jpeg.size, limits)
        if not (piece := answer.read1(PIECE)):
            raise no_picture()
        if len(jpeg.data) > limits.bytes:
            raise CaptureError(Code.TOO_LARGE, "the picture has too many bytes")
    verify(data, limits)
    return data
