"""Which addresses a camera may have.

A camera's address is typed in, so it could point into the own network (server-side
request forgery, OWASP API7:2023). A name is resolved once, every address it has must be
allowed, and the connection goes to the one that was checked, not to a second answer of
the name server.
"""

from __future__ import annotations

import re
import socket
import threading
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import SplitResult, unquote, urlsplit

from capture.hidden import fill
from capture.types import CaptureError, Code, Kind, Limits, Source

Address = IPv4Address | IPv6Address

PORTS = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}
SCHEMES = {
    Kind.RTSP: ("rtsp", "rtsps"),
    Kind.MJPEG: ("http", "https"),
    Kind.SNAPSHOT: ("http", "https"),
}
# Cameras use these of the ports that the system's own services have, and all above but
# those of databases and of what runs containers.
LOW_PORTS = {*range(80, 91), 322, 443, 554, 555}
SERVICE_PORTS = {1433, 1521, 2049, 2375, 2376, 2379, 3306, 3389, 5432, 5672}
SERVICE_PORTS |= {5900, 5984, 6379, 6443, 9042, 9200, 10250, 11211, 27017}
LONGEST_URL = 500
LAST_USB = 63

# The addresses at which clouds hand out the credentials of a machine.
METADATA = {
    ip_address(name)
    for name in (
        "169.254.169.254",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "fd00:ec2::254",
        "fd20:ce::254",
    )
}
# 0/8 is this machine, 240/4 holds the broadcast. Of IPv6, what carries an IPv4 address:
# mapped, compatible, translated (RFC 7915), NAT64 (RFC 6052, 8215), 6to4, Teredo.
NEVER = [
    ip_network(name)
    for name in (
        "0.0.0.0/8",
        "169.254.0.0/16",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "::/96",
        "::ffff:0:0/96",
        "::ffff:0:0:0/96",
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "2001::/32",
        "2002::/16",
        "fe80::/10",
        "ff00::/8",
    )
]
# ISATAP (RFC 5214) carries one as well, behind any prefix.
ISATAP = (0x00005EFE, 0x02005EFE)
LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
NAME = re.compile(rf"{LABEL}(?:\.{LABEL})*\.?", re.IGNORECASE)
# What C libraries read as an IPv4 address although it is not written as one.
NUMERIC_END = re.compile(r"(?:[0-9]+|0x[0-9a-f]*)\.?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Target:
    """Where to connect (`address`, `port`), and as whom to speak to it (`host`)."""

    scheme: str
    host: str
    address: str
    port: int
    path: str = field(repr=False)  # may hold a password

    @property
    def tls(self) -> bool:
        return self.scheme in ("https", "rtsps")

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}{self.path}"


def split_login(url: str) -> tuple[str, str, str]:
    """The URL without the login that people paste with it, the user, the password."""
    scheme, slashes, rest = url.partition("://")
    authority = _authority(rest)
    login, at, place = authority.rpartition("@")
    if not slashes or not at:
        return url, "", ""
    user, _, password = login.partition(":")
    clean = f"{scheme}://{place}{rest[len(authority) :]}"
    return clean, unquote(user), unquote(password)


def _authority(rest: str) -> str:
    """What lies before the path; a password may hold a / although none should."""
    authority = re.split(r"[/?#\\]", rest, maxsplit=1)[0]
    host, colon, port = authority.rpartition(":")
    is_port = not colon or port.isdigit() or host.endswith("]") or host.startswith("[")
    if is_port or "@" in authority or "@" not in rest:
        return authority
    login, _, place = rest.rpartition("@")
    return f"{login}@{_authority(place)}"


def same_place(one: str, two: str) -> bool:
    """Whether what is sent to the one goes to the other: scheme, host and port."""
    return place_of(one) == place_of(two)


def place_of(url: str) -> str:
    """Scheme, host and port as they were written, in small letters."""
    scheme, _, rest = split_login(url)[0].partition("://")
    return f"{scheme}://{_authority(rest)}".lower()


def check(source: Source, limits: Limits) -> Target | None:
    """Raise CaptureError where a camera may not be there; None without a network."""
    if source.kind in SCHEMES:
        return pin(source, limits)
    if source.kind == Kind.USB:
        usb_index(source.address)
    elif not source.address.startswith("/") or not source.address.isprintable():
        raise refused("the folder must be written from its root on, with a / first")
    return None


def pin(source: Source, limits: Limits) -> Target:
    """What to connect to for a camera in the network; asks the name server once."""
    parts = _split(source)
    scheme = parts.scheme
    host = (parts.hostname or "").rstrip(".")
    port = _port(parts)
    found = _literal(parts) or _resolve(host, port, limits.open_seconds)
    for address in found:
        judge(address, limits)
    # Not urlunsplit: Python 3.12.4 and later give a path of two slashes two more.
    path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    return Target(scheme, host, str(found[0]), port, path)


def judge(address: Address, limits: Limits) -> None:
    """Raise CaptureError unless a camera may have this address."""
    if any(address in network for network in limits.refused):
        raise refused("the address is one of the services of this product")
    if address.is_loopback:
        if limits.loopback:
            return
        raise refused("the address is that of the server itself")
    if getattr(address, "scope_id", None):
        raise refused("the address holds the name of a network card")
    if address in METADATA or any(address in network for network in NEVER):
        raise refused("the address is not one that a camera can have")
    if address.version == 6 and int(address) >> 32 & 0xFFFFFFFF in ISATAP:
        raise refused("the address is not one that a camera can have")
    if not any(address in network for network in limits.networks):
        raise refused("the address is outside of the networks that are allowed")


def usb_index(address: str) -> int:
    if not re.fullmatch(r"[0-9]{1,2}", address) or int(address) > LAST_USB:
        raise refused(f"a USB camera is a number from 0 to {LAST_USB}")
    return int(address)


def refused(message: str) -> CaptureError:
    return CaptureError(Code.ADDRESS_REFUSED, message)


def _split(source: Source) -> SplitResult:
    try:
        url = fill(source.address, source.secrets)
    except ValueError:
        raise refused("what was hidden in the address is lost; write it anew") from None
    # urlsplit drops tabs and line ends, and browsers read \ as /.
    if not url.isascii() or not url.isprintable() or re.search(r'[\s\\"<>^`{|}]', url):
        raise refused("the address holds a character that none may hold")
    try:
        parts = urlsplit(url)
    except ValueError as exc:
        raise refused("the address is not readable") from exc
    if parts.scheme not in SCHEMES[source.kind]:
        names = " or ".join(f"{name}://" for name in SCHEMES[source.kind])
        raise refused(f"the address must begin with {names}")
    if "@" in parts.netloc:
        raise refused("the user and the password do not belong into the address")
    # What is hidden may be shorter than the stars that are kept in its place.
    longest = max(len(url), len(source.address))
    if "%" in parts.netloc or parts.fragment or longest > LONGEST_URL:
        raise refused("the address is not that of a camera")
    return parts


def _port(parts: SplitResult) -> int:
    try:
        port = parts.port
    except ValueError as exc:
        raise refused("the address has a port that does not exist") from exc
    if port is None:
        if parts.netloc.endswith(":"):
            raise refused("the address has a colon without a port")
        return PORTS[parts.scheme]
    if (port < 1024 and port not in LOW_PORTS) or port in SERVICE_PORTS:
        raise refused("the address has a port that cameras do not use")
    return port


def _literal(parts: SplitResult) -> list[Address]:
    """The address, if it is one in numbers; raises for numbers in disguise."""
    host = parts.hostname or ""
    if ":" in host or parts.netloc.startswith("["):
        try:
            return [IPv6Address(host)]
        except ValueError as exc:
            raise refused("the address holds no valid IPv6 address") from exc
    try:
        return [IPv4Address(host)]
    except ValueError:
        pass
    if NUMERIC_END.fullmatch(host.rstrip(".").rpartition(".")[2]):
        raise refused("write the IPv4 address as four numbers from 0 to 255")
    if not NAME.fullmatch(host) or len(host) > 253:
        raise refused("the address holds no valid name")
    return []


def _resolve(host: str, port: int, seconds: float) -> list[Address]:
    """All addresses of a name; the system's own time-out can be minutes."""
    found: list[Address] = []

    def ask() -> None:
        try:
            answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            return
        found.extend(ip_address(str(answer[4][0])) for answer in answers)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        raise CaptureError(Code.NAME_UNKNOWN, "the name server does not answer")
    if not found:
        raise CaptureError(Code.NAME_UNKNOWN, "the name of the camera is not known")
    return found
