"""What bytes are a picture, where a JPEG ends, and how large it would be decoded.

The intake of the product judges pictures for good; this tells a camera that sends a
login page or half a picture from one that works, without a decoder.
"""

from __future__ import annotations

from capture.types import CaptureError, Code, Limits

JPEG, PNG, WEBP = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"WEBP"
PNG_END = b"IEND\xaeB`\x82"
SOS, EOI = 0xDA, 0xD9
ALONE = {0x01, *range(0xD0, 0xD9)}  # markers without a length
FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}  # they hold width and height


class JpegEnd:
    """Finds the end of a JPEG that arrives piece by piece.

    It walks from marker to marker, so that the small picture which some cameras put
    into the head of the large one does not end it.
    """

    def __init__(self) -> None:
        self.data = bytearray()
        self.size = (0, 0)
        self._at = 2
        self._in_scan = False

    def feed(self, piece: bytes) -> bytes | None:
        """The whole JPEG as soon as it is there; raises where there is none."""
        self.data += piece
        while True:
            if self._in_scan and not self._skip_scan():
                return None
            if len(self.data) < self._at + 4:
                return self._last()
            if self.data[self._at] != 0xFF:
                raise no_picture()
            marker = self.data[self._at + 1]
            if marker == EOI:
                return bytes(self.data[: self._at + 2])
            if not self._segment(marker):
                return None

    def _last(self) -> bytes | None:
        whole = self.data[self._at : self._at + 2] == b"\xff\xd9"
        return bytes(self.data[: self._at + 2]) if whole else None

    def _segment(self, marker: int) -> bool:
        """Step over one segment, unless what it tells is still to come."""
        if marker == 0xFF or marker in ALONE:
            self._at += 1 if marker == 0xFF else 2  # a fill byte; a bare marker
            return True
        length = int.from_bytes(self.data[self._at + 2 : self._at + 4])
        if length < 2:
            raise no_picture()
        if marker in FRAMES:
            sides = self.data[self._at + 5 : self._at + 9]
            if len(sides) < 4:
                return False
            self.size = (int.from_bytes(sides[2:]), int.from_bytes(sides[:2]))
        self._at += 2 + length
        self._in_scan = marker == SOS
        return True

    def _skip_scan(self) -> bool:
        """Whether the next marker after the coded pixels is there."""
        while (at := self.data.find(b"\xff", self._at)) >= 0:
            if at + 1 >= len(self.data):
                self._at = at
                return False
            code = self.data[at + 1]
            if code and not 0xD0 <= code <= 0xD7:
                self._at, self._in_scan = at, False
                return True
            self._at = at + 2
        self._at = max(self._at, len(self.data))
        return False


def size_of(data: bytes) -> tuple[int, int]:
    """Width and height of a whole JPEG, PNG or WebP; raises where it is none."""
    if data.startswith(JPEG):
        end = JpegEnd()
        if end.feed(data) is not None and end.size != (0, 0):
            return end.size
    elif data.startswith(PNG) and PNG_END in data[-64:] and data[12:16] == b"IHDR":
        return int.from_bytes(data[16:20]), int.from_bytes(data[20:24])
    elif data[:4] == b"RIFF" and data[8:12] == WEBP:
        return _webp_size(data)
    raise no_picture()


def verify(data: bytes, limits: Limits) -> None:
    """Raise CaptureError unless the bytes are one whole picture within the limits."""
    if len(data) > limits.bytes:
        raise CaptureError(Code.TOO_LARGE, "the picture has too many bytes")
    width, height = size_of(data)
    verify_size(width, height, limits)


def verify_size(width: int, height: int, limits: Limits) -> None:
    if width * height > limits.pixels:
        text = f"the picture has {width} x {height} pixels, which is too many"
        raise CaptureError(Code.TOO_LARGE, text)


def no_picture() -> CaptureError:
    return CaptureError(Code.NOT_A_PICTURE, "what the camera sends is not a picture")


def _webp_size(data: bytes) -> tuple[int, int]:
    kind, head = data[12:16], data[20:30]
    if int.from_bytes(data[4:8], "little") + 8 > len(data):
        raise no_picture()
    if kind == b"VP8X" and len(head) == 10:
        return (
            int.from_bytes(head[4:7], "little") + 1,
            int.from_bytes(head[7:10], "little") + 1,
        )
    if kind == b"VP8L" and len(head) >= 5:
        bits = int.from_bytes(head[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 " and len(head) == 10:
        sides = int.from_bytes(head[6:8], "little"), int.from_bytes(head[8:], "little")
        return sides[0] & 0x3FFF, sides[1] & 0x3FFF
    raise no_picture()
