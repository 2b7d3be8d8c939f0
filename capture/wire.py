"""A connection to the address that was checked, which keeps to a deadline."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import io
import socket
import ssl
import time

from capture.addresses import Target, refused
from capture.types import CaptureError, Code, Limits, Source

SPARE = 64 * 1024  # bytes beside the picture: heads, boundaries


class Wire(io.RawIOBase):
    """What a camera sends. However slowly it drips, reading ends in time.

    A socket's own time-out starts again with each byte.
    """

    def __init__(self, sock: socket.socket, until: float, limits: Limits) -> None:
        self._sock, self._until, self._step = sock, until, limits.read_seconds
        self._left = limits.bytes + SPARE

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        try:
            self._sock.settimeout(self._seconds())
            count = self._sock.recv_into(buffer)
        except TimeoutError as exc:
            raise slow() from exc
        except OSError as exc:
            raise broken(exc) from exc
        self._left -= count
        if self._left < 0:
            raise CaptureError(Code.TOO_LARGE, "the camera sends too many bytes")
        return count

    def sendall(self, data: bytes) -> None:
        try:
            self._sock.settimeout(self._seconds())
            self._sock.sendall(data)
        except TimeoutError as exc:
            raise slow() from exc
        except OSError as exc:
            raise broken(exc) from exc

    def makefile(self, _mode: str = "rb") -> io.BufferedReader:
        """What http.client asks a socket for."""
        return io.BufferedReader(self)

    def close(self) -> None:
        self._sock.close()
        super().close()

    def _seconds(self) -> float:
        left = self._until - time.monotonic()
        if left <= 0:
            raise slow()
        return min(left, self._step)


def connect(target: Target, source: Source, limits: Limits, until: float) -> Wire:
    """Connect to the pinned address; TLS is made for the name."""
    seconds = max(0.01, min(limits.open_seconds, until - time.monotonic()))
    try:
        sock = socket.create_connection((target.address, target.port), seconds)
    except TimeoutError as exc:
        text = "nothing answers at the address"
        raise CaptureError(Code.UNREACHABLE, text) from exc
    except OSError as exc:
        raise broken(exc) from exc
    with contextlib.ExitStack() as stack:
        stack.callback(sock.close)
        if not limits.loopback and sock.getpeername()[0] == sock.getsockname()[0]:
            raise refused("the address is that of the server itself")
        if target.tls:
            sock = _with_tls(sock, target, source.certificate)
        stack.pop_all()
    return Wire(sock, until, limits)


def slow() -> CaptureError:
    return CaptureError(Code.SLOW, "the camera takes too long to answer")


def broken(exc: OSError) -> CaptureError:
    text = f"the connection fails: {exc.strerror or type(exc).__name__}"
    return CaptureError(Code.UNREACHABLE, text)


def _with_tls(sock: socket.socket, target: Target, certificate: str) -> socket.socket:
    wanted = certificate.replace(":", "").lower()
    context = ssl.create_default_context()
    if wanted:  # the fingerprint takes the place of name and signature
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    try:
        secured = context.wrap_socket(sock, server_hostname=target.host)
    except ssl.SSLCertVerificationError as exc:
        text = "the certificate of the camera is not valid for its name"
        raise CaptureError(Code.UNREACHABLE, text) from exc
    except TimeoutError as exc:
        raise slow() from exc
    except OSError as exc:
        text = "the camera makes no TLS connection"
        raise CaptureError(Code.UNREACHABLE, text) from exc
    held = hashlib.sha256(secured.getpeercert(binary_form=True) or b"").hexdigest()
    if wanted and not hmac.compare_digest(held, wanted):
        secured.close()
        text = f"the certificate of the camera is another one: SHA-256 {held}"
        raise CaptureError(Code.UNREACHABLE, text)
    return secured
