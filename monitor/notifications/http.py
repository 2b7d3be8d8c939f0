"""One POST to an address that a user typed in.

Such an address could point into the own network (server-side request forgery, OWASP
API7:2023). So the name is resolved once, every address it has must be public, and the
connection goes to the address that was checked, not to a second answer of the name
server. No redirect is followed, no proxy is asked, the answer's body is not read.
"""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Mapping
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

from monitor.notifications.base import TransportError

# Seconds for each step, and for all of them: a receiver that answers one byte at a
# time must not hold a worker.
STEP, TOTAL = 10.0, 30.0
LONGEST_URL = 1000
# 408 time-out, 425 too early, 429 too many requests; beside all from 500 on.
MAY_PASS = {408, 425, 429}
# IPv6 addresses that carry an IPv4 address: NAT64 (RFC 6052, 8215), 6to4, Teredo.
TUNNELS = [
    ipaddress.IPv6Network(net)
    for net in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")
]


def split_url(url: str) -> SplitResult:
    """The parts of a usable address; raises ValueError saying what is wrong."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https"):
        raise ValueError("the address must begin with https:// or http://")
    if not parts.hostname or len(url) > LONGEST_URL or not url.isascii():
        raise ValueError("the address is not that of a web server")
    if parts.username is not None:
        raise ValueError("the address must not hold a user name")
    if not url.isprintable() or " " in url:
        raise ValueError("the address holds a character that none may hold")
    if parts.port == 0:  # asking raises ValueError for one above 65535
        raise ValueError("the address has a port that does not exist")
    return parts


def post(url: str, body: bytes, headers: Mapping[str, str]) -> None:
    """Deliver, or raise TransportError; any status from 200 to 299 is success."""
    try:
        parts = split_url(url)
    except ValueError as exc:
        raise TransportError(str(exc), permanent=True) from exc
    connection = _connection(parts, _checked_address(parts))
    timer = threading.Timer(TOTAL, _cut, [connection])
    timer.start()
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", path, body, dict(headers))
        status = connection.getresponse().status
    except ssl.SSLCertVerificationError as exc:
        text = "the certificate of the web server is not valid"
        raise TransportError(text) from exc
    except (OSError, http.client.HTTPException) as exc:
        raise TransportError(f"no answer: {type(exc).__name__}") from exc
    finally:
        timer.cancel()
        connection.close()
    _judge(status)


def is_public(address: str) -> bool:
    """Whether an IP address is one of the Internet, reachable by everybody."""
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped:
            ip = ip.ipv4_mapped
        elif any(ip in net for net in TUNNELS):
            return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def _checked_address(parts: SplitResult) -> tuple[str, int]:
    """IP address and port to connect to; all addresses of the name must be allowed."""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        found = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as exc:
        raise TransportError("the name of the web server is not known") from exc
    addresses = [str(info[4][0]).partition("%")[0] for info in found]
    private = not all(is_public(address) for address in addresses)
    if private and not settings.NOTIFY_PRIVATE_ADDRESSES:
        text = "the web server is in a private network"
        raise TransportError(text, permanent=True)
    return addresses[0], port


class _Pinned(http.client.HTTPConnection):
    """Connects to an address that was checked, whatever the name says now."""

    def __init__(
        self, host: str, to: tuple[str, int], context: ssl.SSLContext | None
    ) -> None:
        super().__init__(host, to[1], timeout=STEP)
        self.to, self.context = to, context
        self.default_port = 443 if context else 80  # what the Host header leaves out

    def connect(self) -> None:
        self.sock = socket.create_connection(self.to, STEP)
        if self.context:
            # The handshake comes after `sock` is set, so that `_cut` reaches it.
            self.sock = self.context.wrap_socket(
                self.sock, server_hostname=self.host, do_handshake_on_connect=False
            )
            self.sock.do_handshake()


def _connection(parts: SplitResult, to: tuple[str, int]) -> _Pinned:
    context = ssl.create_default_context() if parts.scheme == "https" else None
    return _Pinned(parts.hostname or "", to, context)


def _cut(connection: _Pinned) -> None:
    if connection.sock:
        with contextlib.suppress(OSError):
            # Not SSLSocket's own, which takes the state from under its reader.
            socket.socket.shutdown(connection.sock, socket.SHUT_RDWR)


def _judge(status: int) -> None:
    if 200 <= status < 300:
        return
    if 300 <= status < 400:
        text = f"the web server redirects ({status}), which is not followed"
        raise TransportError(text, permanent=True)
    may_pass = status >= 500 or status in MAY_PASS
    raise TransportError(f"the web server answers {status}", permanent=not may_pass)
