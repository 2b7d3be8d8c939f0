"""The first whole picture of an RTSP stream (RFC 2326), still coded.

Spoken here and not by FFmpeg, which follows redirects by itself (CVE-2026-107698) and
asks the name server again. One connection, to the address that was checked, carries
requests and video; nothing that a camera answers opens another one.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from email.message import Message
from email.parser import Parser
from typing import NamedTuple

from capture.addresses import pin
from capture.http import judge_status
from capture.login import Login, wrong_password
from capture.rtp import H264, H265, Depacketiser, Jpeg, Packet
from capture.types import CaptureError, Code, Limits, Source
from capture.wire import Wire, connect

TRIES = 3  # without a login, with it, with it and a fresh nonce
LINE, LINES = 4096, 100
# A video is many times its pictures, and a key frame may be seconds away.
VIDEO_BYTES = 4
JPEG_TYPE = "26"  # has its number by RFC 3551


class Clip(NamedTuple):
    """A picture as the camera coded it; demuxer: how FFmpeg calls that."""

    data: bytes
    demuxer: str


class Reply(NamedTuple):
    status: int
    headers: Message
    body: bytes


@dataclass
class Media:
    """The video in what a camera says of its stream."""

    payload: str = ""
    coding: str = ""
    parameters: str = ""
    control: str = ""

    def depacketiser(self) -> Depacketiser:
        if self.coding == "H264":
            return H264(_units(self.parameters, "sprop-parameter-sets"))
        if self.coding == "H265":
            names = ("sprop-vps", "sprop-sps", "sprop-pps")
            return H265([unit for n in names for unit in _units(self.parameters, n)])
        if self.coding == "JPEG" or self.payload == JPEG_TYPE:
            return Jpeg()
        text = "the video is not H.264, H.265 or JPEG; choose one in the camera"
        raise CaptureError(Code.NOT_A_PICTURE, text)


def fetch(source: Source, limits: Limits, until: float) -> Clip:
    """Ask for the stream and read up to its first key frame; raises CaptureError."""
    target = pin(source, limits)
    room = replace(limits, bytes=VIDEO_BYTES * limits.bytes)
    wire = connect(target, source, room, until)
    try:
        session = _Session(wire, Login.of(source))
        reply = session.request("DESCRIBE", target.url, Accept="application/sdp")
        media = describe(reply.body.decode(errors="replace"))
        depacketiser = media.depacketiser()
        base = reply.headers["Content-Base"] or target.url
        made = session.request(
            "SETUP",
            _control(base, media.control),
            Transport="RTP/AVP/TCP;unicast;interleaved=0-1",
        )
        session.channel = _channel(made.headers["Transport"] or "")
        session.request("PLAY", base, Range="npt=0.000-")
        picture = _first(session.packets(), depacketiser, media.payload)
        return Clip(picture, depacketiser.demuxer)
    finally:
        wire.close()  # cameras take it for a TEARDOWN


def describe(text: str) -> Media:
    """The first video of a session description (RFC 8866)."""
    media: Media | None = None
    for line in text.splitlines():
        if line.startswith("m="):
            if media:
                break
            words = line[2:].split()
            if words[:1] == ["video"] and len(words) >= 4:
                media = Media(payload=words[3])
        elif media and line.startswith("a="):
            _attribute(media, line[2:])
    if not media:
        raise CaptureError(Code.NOT_A_PICTURE, "the camera offers no video")
    return media


def _attribute(media: Media, text: str) -> None:
    name, _, value = text.partition(":")
    number, _, rest = value.partition(" ")
    if name == "control":
        media.control = value.strip()
    elif name == "rtpmap" and number == media.payload:
        media.coding = rest.strip().partition("/")[0].upper()
    elif name == "fmtp" and number == media.payload:
        media.parameters = rest


def _units(parameters: str, name: str) -> list[bytes]:
    found = re.search(rf"(?:^|[;\s]){name}=([^;\s]+)", parameters)
    try:
        return [base64.b64decode(part) for part in found[1].split(",")] if found else []
    except ValueError:  # not only binascii.Error: of letters that none may have
        return []


def _control(base: str, control: str) -> str:
    """Only a text for the camera: whatever it names, nothing is connected to it."""
    if control in ("", "*"):
        return base
    if control.lower().startswith(("rtsp://", "rtsps://")):
        return control
    return f"{base.removesuffix('/')}/{control}"


def _channel(transport: str) -> int:
    """Where the video comes: cameras may choose another one than they were asked."""
    found = re.search(r"interleaved=([0-9]{1,3})", transport)
    return int(found[1]) if found else 0


def _first(
    packets: Iterator[Packet], depacketiser: Depacketiser, payload: str
) -> bytes:
    """payload: the type of packets that hold the video; others may come between."""
    number: int | None = None
    for packet in packets:
        mine = str(packet.kind) == payload
        if number is not None and packet.number != (number + 1) & 0xFFFF:
            if not mine:
                continue  # counts for itself
            depacketiser.lost()
        number = packet.number
        if mine and (picture := depacketiser.add(packet)):
            return picture
    raise CaptureError(Code.UNREACHABLE, "the camera ended the video")


class _Session:
    def __init__(self, wire: Wire, login: Login) -> None:
        self._wire, self._login = wire, login
        self._file = wire.makefile()
        self._count, self._id = 0, ""
        self.channel = 0
        self._early: list[bytes] = []  # video that came before the reply to PLAY

    def request(self, method: str, url: str, **headers: str) -> Reply:
        """Raises unless the camera agrees; answers its question for a login."""
        for _ in range(TRIES):
            self._send(method, url, headers)
            reply = self._reply()
            if reply.status != 401:
                judge_status(reply.status)
                session = reply.headers["Session"] or self._id
                self._id = session.partition(";")[0].strip()
                return reply
            self._login.ask(reply.headers.get_all("WWW-Authenticate") or [])
        raise wrong_password("the camera asks for the password again and again")

    def packets(self) -> Iterator[Packet]:
        while True:
            data = self._early.pop(0) if self._early else self._next()
            if isinstance(data, bytes) and (packet := Packet.of(data)):
                yield packet

    def _send(self, method: str, url: str, headers: dict[str, str]) -> None:
        self._count += 1
        lines = [f"{method} {url} RTSP/1.0", f"CSeq: {self._count}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if self._id:
            lines.append(f"Session: {self._id}")
        if not all(line.isascii() and line.isprintable() for line in lines):
            raise _no_rtsp()  # of what the camera named, each is one line
        if authorization := self._login.header(method, url):
            lines.append(f"Authorization: {authorization}")
        self._wire.sendall(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))

    def _reply(self) -> Reply:
        while True:
            found = self._next()
            if isinstance(found, Reply):
                return found
            if found:
                self._early.append(found)

    def _next(self) -> Reply | bytes:
        """A reply, or one packet of the video; empty for anything else."""
        if (first := self._read(1)) == b"$":
            channel, length = self._read(1)[0], int.from_bytes(self._read(2))
            data = self._read(length)
            return data if channel == self.channel else b""
        line = (first + self._file.readline(LINE)).decode("latin-1")
        headers = Parser().parsestr(self._head() if line.strip() else "")
        length_text = str(headers["Content-Length"] or "0").strip()
        if not re.fullmatch(r"[0-9]{1,5}", length_text):
            raise _no_rtsp()
        body = self._read(int(length_text))
        if found := re.match(r"RTSP/\d\.\d (\d{3})", line):
            return Reply(int(found[1]), headers, body)
        if line.startswith("REDIRECT "):
            judge_status(302)
        if line.strip() and "RTSP/" not in line:
            raise _no_rtsp()
        return b""

    def _head(self) -> str:
        lines: list[str] = []
        for _ in range(LINES):
            line = self._file.readline(LINE)
            if not line.strip():
                return "".join(lines)
            lines.append(line.decode("latin-1"))
        raise _no_rtsp()

    def _read(self, count: int) -> bytes:
        data = self._file.read(count)
        if len(data) < count:
            text = "the camera ends the connection"
            raise CaptureError(Code.UNREACHABLE, text)
        return data


def _no_rtsp() -> CaptureError:
    return CaptureError(Code.NOT_A_PICTURE, "the camera does not speak RTSP")
