"""Pictures out of RTP packets: H.264 (RFC 6184), H.265 (RFC 7798), JPEG (RFC 2435).

Each depacketiser takes the packets of one stream in their order and gives the first
picture that can be decoded without an earlier one.
"""

from __future__ import annotations

import struct
from abc import ABC, abstractmethod
from typing import NamedTuple, Protocol

START = b"\x00\x00\x00\x01"
# As many parameter sets as a stream may need, and no more of one that never stops.
MOST_PARAMETERS = 64


class Packet(NamedTuple):
    """One RTP packet (RFC 3550) without its head."""

    kind: int
    number: int
    last: bool
    payload: bytes
    time: int = 0

    @classmethod
    def of(cls, data: bytes) -> Packet | None:
        """None where it is none."""
        if len(data) < 12 or data[0] >> 6 != 2:
            return None
        start, end = 12 + 4 * (data[0] & 15), len(data)
        if data[0] & 0x10:  # an extension of the head
            start += 4 + 4 * int.from_bytes(data[start + 2 : start + 4])
        if data[0] & 0x20:  # padding
            end -= data[-1]
        number, time = int.from_bytes(data[2:4]), int.from_bytes(data[4:8])
        payload = data[start : max(start, end)]
        return cls(data[1] & 0x7F, number, bool(data[1] & 0x80), payload, time)


class Depacketiser(Protocol):
    """demuxer: the name that FFmpeg has for what `add` gives."""

    demuxer: str

    def add(self, packet: Packet) -> bytes | None: ...

    def lost(self) -> None:
        """A packet is missing, so the picture that was begun is of no use."""


class Units(ABC):
    """What H.264 and H.265 share: units, whole or in fragments, make a picture."""

    demuxer = ""

    def __init__(self, parameters: list[bytes]) -> None:
        # By what they are, not by kind: a stream may have several of each.
        self._parameters = dict.fromkeys(unit for unit in parameters if unit)
        self._units: list[bytes] = []
        self._part = bytearray()
        self._whole, self._gap = True, False
        self._time = 0

    def add(self, packet: Packet) -> bytes | None:
        """Some cameras mark no end: then the next picture's time shows it."""
        gap, self._gap = self._gap, False
        picture = None
        if packet.time != self._time:
            picture = self._end(whole=not gap)
        self._time = packet.time
        if gap:
            self._part.clear()
            self._whole = False
        if packet.payload:
            self._take(packet.payload)
        if packet.last:
            return picture or self._end()
        return picture

    def lost(self) -> None:
        self._gap = True

    def _end(self, *, whole: bool = True) -> bytes | None:
        """What was gathered, if it can be decoded alone; the next picture begins."""
        units, self._units = self._units, []
        whole, self._whole = whole and self._whole, True
        parameters = sorted(self._parameters, key=self._type)
        ready = whole and self._needed() <= {self._type(unit) for unit in parameters}
        if ready and any(self._is_key(self._type(unit)) for unit in units):
            return b"".join(START + unit for unit in [*parameters, *units])
        return None

    def _keep(self, unit: bytes) -> None:
        if self._type(unit) not in self._needed():
            self._units.append(unit)
            return
        self._parameters.pop(unit, None)  # the newest of a kind comes last
        self._parameters[unit] = None
        if len(self._parameters) > MOST_PARAMETERS:
            del self._parameters[next(iter(self._parameters))]

    def _join(self, head: bytes, piece: bytes, flags: int) -> None:
        """A fragment: 0x80 marks the first, 0x40 the last."""
        if flags & 0x80:
            self._part[:] = head
        if self._part:
            self._part += piece
        if flags & 0x40 and self._part:
            self._keep(bytes(self._part))
            self._part.clear()

    def _several(self, payload: bytes) -> None:
        while len(payload) > 2:
            length = int.from_bytes(payload[:2])
            self._keep(payload[2 : 2 + length])
            payload = payload[2 + length :]

    @abstractmethod
    def _type(self, unit: bytes) -> int: ...

    @abstractmethod
    def _take(self, payload: bytes) -> None: ...

    @abstractmethod
    def _is_key(self, kind: int) -> bool: ...

    @abstractmethod
    def _needed(self) -> set[int]: ...


class H264(Units):
    demuxer = "h264"

    def _type(self, unit: bytes) -> int:
        return unit[0] & 31 if unit else 0

    def _is_key(self, kind: int) -> bool:
        return kind == 5

    def _needed(self) -> set[int]:
        return {7, 8}

    def _take(self, payload: bytes) -> None:
        kind = payload[0] & 31
        if kind == 24:
            self._several(payload[1:])
        elif kind == 28 and len(payload) > 2:
            head = bytes([payload[0] & 0xE0 | payload[1] & 31])
            self._join(head, payload[2:], payload[1])
        elif 0 < kind < 24:
            self._keep(payload)


class H265(Units):
    demuxer = "hevc"

    def _type(self, unit: bytes) -> int:
        return unit[0] >> 1 & 63 if unit else 0

    def _is_key(self, kind: int) -> bool:
        return 16 <= kind <= 21

    def _needed(self) -> set[int]:
        return {32, 33, 34}

    def _take(self, payload: bytes) -> None:
        kind = payload[0] >> 1 & 63
        if kind == 48:
            self._several(payload[2:])
        elif kind == 49 and len(payload) > 3:
            head = bytes([payload[0] & 0x81 | (payload[2] & 63) << 1, payload[1]])
            self._join(head, payload[3:], payload[2])
        elif kind < 48:
            self._keep(payload)


# The tables of ITU-T T.81, annex K, in the order of the zigzag.
LUMA = bytes.fromhex(
    "100b0c0e0c0a100e0d0e1211101318281a181616183123251d283a333d3c3933"
    "383740485c4e404457453738506d51575f626768673e4d71797064785c656763"
)
CHROMA = bytes.fromhex(
    "1112121815182f1a1a2f63423842636363636363636363636363636363636363"
    "6363636363636363636363636363636363636363636363636363636363636363"
)


class Jpeg:
    """The head of the picture is not sent and written anew.

    The Huffman tables are left out: they are those of the standard, which decoders of
    video know.
    """

    demuxer = "mjpeg"

    def __init__(self) -> None:
        self._data = bytearray()
        self._head = b""

    def add(self, packet: Packet) -> bytes | None:
        payload = packet.payload
        if len(payload) < 8:
            return None
        offset, kind, quality = int.from_bytes(payload[1:4]), payload[4], payload[5]
        width, height, payload = payload[6] * 8, payload[7] * 8, payload[8:]
        restart = 0
        if kind >= 64:
            restart, payload = int.from_bytes(payload[:2]), payload[4:]
        if offset == 0:
            tables, payload = _tables(quality, payload)
            self._head = _jpeg_head(kind & 63, (width, height), tables, restart)
            self._data.clear()
        if not self._head or offset != len(self._data):
            self.lost()
            return None
        self._data += payload
        return self._head + self._data + b"\xff\xd9" if packet.last else None

    def lost(self) -> None:
        self._head = b""


def _tables(quality: int, payload: bytes) -> tuple[list[bytes], bytes]:
    """The two quantisation tables, and what comes after them."""
    if quality >= 128:
        length = int.from_bytes(payload[2:4])
        tables, payload = payload[4 : 4 + length], payload[4 + length :]
        return [tables[:64], tables[-64:]], payload
    quality = min(max(quality, 1), 99)
    scale = 5000 // quality if quality < 50 else 200 - 2 * quality
    return [
        bytes(min(max((q * scale + 50) // 100, 1), 255) for q in table)
        for table in (LUMA, CHROMA)
    ], payload


def _jpeg_head(
    kind: int, size: tuple[int, int], tables: list[bytes], restart: int
) -> bytes:
    if any(len(table) != 64 for table in tables):
        return b""
    sampling = 0x22 if kind & 1 else 0x21
    quantisation = b"".join(
        struct.pack(">HHB", 0xFFDB, 67, number) + table
        for number, table in enumerate(tables)
    )
    frame = struct.pack(">HHBHHB", 0xFFC0, 17, 8, size[1], size[0], 3)
    frame += bytes([1, sampling, 0, 2, 0x11, 1, 3, 0x11, 1])
    interval = struct.pack(">HHH", 0xFFDD, 4, restart) if restart else b""
    scan = bytes.fromhex("ffda000c03010002110311003f00")
    return b"\xff\xd8" + quantisation + frame + interval + scan
