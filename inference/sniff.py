"""What can be told from a picture file's first bytes, without decoding it."""

from __future__ import annotations

import struct

PNG = b"\x89PNG\r\n\x1a\n"
JPEG = b"\xff\xd8\xff"
SIGNATURES = (PNG, JPEG, b"GIF87a", b"GIF89a", b"BM", b"II*\x00", b"MM\x00*")

# Frame headers of ITU T.81, table B.1: all SOF markers but DHT, JPG and DAC.
FRAME_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
START_OF_SCAN = 0xDA
END_OF_IMAGE = b"\xff\xd9"


def known_signature(data: bytes) -> bool:
    """Whether the bytes begin like a picture format that is accepted."""
    if data.startswith(b"BM"):
        # Two letters alone would call a text file that starts with "BM" a picture.
        return len(data) >= 6 and data[2:6] == struct.pack("<I", len(data))
    webp = data[:4] == b"RIFF" and data[8:12] == b"WEBP"
    return webp or data.startswith(SIGNATURES)


def declared_size(data: bytes) -> tuple[int, int] | None:
    """Width and height that the header of a PNG, GIF, BMP or JPEG states."""
    try:
        if data.startswith(PNG):
            width, height = struct.unpack(">II", data[16:24])
        elif data.startswith(b"GIF8"):
            width, height = struct.unpack("<HH", data[6:10])
        elif data.startswith(b"BM"):
            width, height = struct.unpack("<ii", data[18:26])
        elif data.startswith(JPEG):
            return _jpeg_size(data)
        else:
            return None
    except struct.error:
        return None
    return width, abs(height)


def _jpeg_segments(data: bytes) -> list[tuple[int, int]]:
    """(marker, offset of its length field) up to and including the first scan."""
    segments = []
    position = 2
    while position + 4 <= len(data) and data[position] == 0xFF:
        marker = data[position + 1]
        if marker == 0xFF:  # a fill byte
            position += 1
            continue
        segments.append((marker, position + 2))
        if marker == START_OF_SCAN:
            break
        position += 2 + int.from_bytes(data[position + 2 : position + 4], "big")
    return segments


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    for marker, offset in _jpeg_segments(data):
        if marker in FRAME_MARKERS:
            height, width = struct.unpack(">HH", data[offset + 3 : offset + 7])
            return width, height
    return None


def jpeg_is_complete(data: bytes) -> bool:
    """Whether an end marker follows the first scan.

    Decoders fill the missing part of a cut file with gray and say nothing. Looking
    from the scan on skips the end marker of a thumbnail inside the EXIF block.
    """
    segments = _jpeg_segments(data)
    if not segments or segments[-1][0] != START_OF_SCAN:
        return False
    return data.find(END_OF_IMAGE, segments[-1][1]) != -1
