"""Cameras of a test's own: of HTTP, of RTSP, and of raw bytes; good and bad."""

from __future__ import annotations

import contextlib
import hashlib
import io
import socketserver
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeVar

from PIL import Image

Server = TypeVar("Server", bound=socketserver.BaseServer)

USER, PASSWORD = "viewer", "correct horse"
REALM, NONCE = "camera", "dcd98b7102dd2f0e"


def jpeg(shade: int = 90, size: tuple[int, int] = (64, 48)) -> bytes:
    out = io.BytesIO()
    small = Image.new("RGB", (8, 8), (1, 2, 3))
    exif = io.BytesIO()
    small.save(exif, "JPEG")
    # A picture in the head of the picture, as many cameras have it.
    head = b"Exif\0\0" + exif.getvalue()
    Image.new("RGB", size, (shade, 120, 60)).save(out, "JPEG", exif=head)
    return out.getvalue()


def huge_png(side: int = 20_000) -> bytes:
    """20000 x 20000 pixels in some hundred bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        crc = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + crc

    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    body = (
        chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    )
    return b"\x89PNG\r\n\x1a\n" + body


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_args: object) -> None:
        """Readers that had enough are what the tests are about."""


class HttpCamera(_Quiet):
    """See `_Answer.answers` for its paths; `seen` holds what it was sent as logins."""

    def __init__(
        self,
        redirect: str = "http://127.0.0.1:1/",
        picture: Callable[[], bytes] = jpeg,
    ) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.redirect, self.picture = redirect, picture
        self.seen: list[str] = []

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}{path}"


class _Answer(BaseHTTPRequestHandler):
    server: HttpCamera

    def do_GET(self) -> None:
        answers: dict[str, Callable[[], None]] = {
            "/snapshot": lambda: self.give(jpeg()),
            "/mjpeg": self.video,
            "/picture": lambda: self.give(self.server.picture()),
            "/garbage": lambda: self.give(bytes(range(256)) * 40),
            "/page": lambda: self.give(b"<html>Please log in</html>"),
            "/half": lambda: self.give(jpeg()[:-40]),
            "/pixels": lambda: self.give(huge_png()),
            "/bytes": self.endless,
            "/query?user=viewer&pwd=correct%20horse": lambda: self.give(jpeg()),
            "/less-than-nothing": self.less_than_nothing,
            "/drip": self.drip,
            "/drip-head": self.drip_head,
            "/redirect": self.redirect,
            "/basic": lambda: self.guarded('Basic realm="camera"', self.basic()),
            "/md5": lambda: self.guarded(*self.digest("MD5")),
            "/sha256": lambda: self.guarded(*self.digest("SHA-256")),
        }
        self.server.seen.append(self.headers.get("Authorization", ""))
        answers.get(self.path, lambda: self.send_error(404))()

    def give(self, body: bytes, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def video(self) -> None:
        self.send_response(200)
        kind = "multipart/x-mixed-replace; boundary=next"
        self.send_header("Content-Type", kind)
        self.end_headers()
        for shade in range(10, 250):
            part = b"--next\r\nContent-Type: image/jpeg\r\n\r\n" + jpeg(shade) + b"\r\n"
            self.wfile.write(part)
            time.sleep(0.05)

    def endless(self) -> None:
        self.send_response(200)
        self.end_headers()
        while True:
            self.wfile.write(jpeg()[:400] + b"\xff\x01" * 50_000)

    def less_than_nothing(self) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"-5\r\n" + jpeg())

    def drip(self) -> None:
        self.send_response(200)
        self.end_headers()
        for byte in jpeg():
            self.wfile.write(bytes([byte]))
            time.sleep(0.1)

    def drip_head(self) -> None:
        for byte in b"HTTP/1.1 200 OK\r\nX-Long: " + b"a" * 1000:
            self.wfile.write(bytes([byte]))
            time.sleep(0.1)

    def redirect(self) -> None:
        self.send_response(302)
        self.send_header("Location", self.server.redirect)
        self.end_headers()

    def guarded(self, challenge: str, wanted: str) -> None:
        if wanted and wanted in self.headers.get("Authorization", ""):
            return self.give(jpeg())
        self.send_response(401)
        self.send_header("WWW-Authenticate", challenge)
        self.end_headers()
        return None

    def basic(self) -> str:
        return "Basic dmlld2VyOmNvcnJlY3QgaG9yc2U="

    def digest(self, algorithm: str) -> tuple[str, str]:
        """The challenge, and the response that answers it (RFC 7616, 3.4.1)."""
        make = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}[algorithm]

        def h(text: str) -> str:
            return make(text.encode()).hexdigest()

        sent = self.headers.get("Authorization", "")
        client = sent.partition('cnonce="')[2].partition('"')[0]
        secret, place = h(f"{USER}:{REALM}:{PASSWORD}"), h(f"GET:{self.path}")
        response = h(f"{secret}:{NONCE}:00000001:{client}:auth:{place}")
        challenge = f'realm="{REALM}", qop="auth,auth-int", algorithm={algorithm}'
        return f'Digest {challenge}, nonce="{NONCE}"', f'response="{response}"'

    def log_message(self, *_args: object) -> None:
        pass


class RawCamera(socketserver.ThreadingTCPServer):
    """Hands each connection to a function; counts them."""

    daemon_threads = True

    def __init__(
        self, speak: Callable[[socketserver.StreamRequestHandler], None]
    ) -> None:
        super().__init__(("127.0.0.1", 0), _Speak)
        self.speak = speak
        self.connections = 0

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class _Speak(socketserver.StreamRequestHandler):
    server: RawCamera

    def handle(self) -> None:
        self.server.connections += 1
        with contextlib.suppress(OSError):  # the reader had enough
            self.server.speak(self)


def rtsp(answers: dict[str, bytes]) -> RawCamera:
    """Gives to each method one answer, in which CSEQ becomes the number that fits."""

    def speak(handler: socketserver.StreamRequestHandler) -> None:
        method = number = b""
        for line in handler.rfile:
            if b"RTSP/1.0" in line:
                method = line.split()[0]
            elif line.lower().startswith(b"cseq:"):
                number = line.split(b":")[1].strip()
            elif not line.strip():
                answer = answers.get(
                    method.decode(), b"RTSP/1.0 200 OK\r\nCSeq: CSEQ\r\n\r\n"
                )
                handler.wfile.write(answer.replace(b"CSEQ", number))

    return RawCamera(speak)


@contextmanager
def running(server: Server) -> Iterator[Server]:
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
