"""What a camera is asked with, and what comes back."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_network

PRIVATE_NETWORKS = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")


class Kind(StrEnum):
    """How a picture is fetched."""

    RTSP = "rtsp"
    MJPEG = "mjpeg"
    SNAPSHOT = "snapshot"
    USB = "usb"
    FOLDER = "folder"


class Code(StrEnum):
    """Why there is no picture; each has its own advice for whoever set it up."""

    ADDRESS_REFUSED = "address_refused"
    NAME_UNKNOWN = "name_unknown"
    UNREACHABLE = "unreachable"
    WRONG_PASSWORD = "wrong_password"  # noqa: S105
    NOT_FOUND = "not_found"
    REDIRECTED = "redirected"
    SLOW = "slow"
    FROZEN = "frozen"
    NOT_A_PICTURE = "not_a_picture"
    TOO_LARGE = "too_large"
    EMPTY = "empty"
    CRASHED = "crashed"


class CaptureError(Exception):
    """A camera gave no picture. The message never holds a password or an address."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Source:
    """One camera as it is asked.

    address: a URL without user and password, the index of a USB camera, or a folder.
    secrets: what stands in the address's places of `capture.hidden`, in their order.
    certificate: the SHA-256 fingerprint of a certificate that nobody signed but the
    camera itself; without it the certificate must be valid for the name.
    after: the `Shot.mark` of the last picture; only a folder looks at it.
    """

    kind: Kind
    address: str
    user: str = ""
    password: str = field(default="", repr=False)
    certificate: str = ""
    after: str = ""
    secrets: tuple[str, ...] = field(default=(), repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Limits:
    """How far a camera is trusted. networks: where it may be; refused: where never.

    open_seconds, read_seconds: until the first byte, and until the next; seconds: all
    together, after which the process that fetches is ended.
    """

    networks: tuple[IPv4Network | IPv6Network, ...] = tuple(
        ip_network(name) for name in PRIVATE_NETWORKS
    )
    refused: tuple[IPv4Network | IPv6Network, ...] = ()
    loopback: bool = False
    open_seconds: float = 8
    read_seconds: float = 8
    seconds: float = 20
    bytes: int = 10 * 1024 * 1024
    pixels: int = 40_000_000


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture, as the camera sent it or as JPEG of quality 95.

    fingerprint: what `capture.frozen` compares; mark: which file of a folder it was.
    """

    data: bytes = field(repr=False)
    taken_at: datetime
    milliseconds: int
    fingerprint: str = ""
    mark: str = ""
