"""Is this upload a picture, and what of it is kept.

Pure functions over bytes. Content decides, never the name or the declared type; what
comes out holds pixels alone: upright, without EXIF, position, comments or thumbnails.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

from PIL import Image, ImageOps, UnidentifiedImageError

from inference.sniff import declared_size, jpeg_is_complete, known_signature

MAX_BYTES = 10 * 1024 * 1024
MAX_PIXELS = 40_000_000
MIN_SIDE = 16
FORMATS = ("JPEG", "PNG", "WEBP")
ORIENTATION = 0x0112
TAKEN = 0x9003  # DateTimeOriginal
OFFSET = 0x9011  # OffsetTimeOriginal
EXIF_IFD = 0x8769
JPEG_QUALITY = 95
APP0, APP14, APP15, COMMENT = 0xE0, 0xEE, 0xEF, 0xFE
START_OF_SCAN, END_OF_IMAGE, FILL = 0xDA, 0xD9, 0xFF
# Within a scan 0xFF is followed by 0 (a stuffed byte) or by a restart marker.
MARKER_AFTER_SCAN = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")

# 40 megapixels take half a gigabyte on their way through `_upright`.
_one_at_a_time = Lock()

# The bomb check is ours (`too_many_pixels`), made on the header before decoding.
Image.MAX_IMAGE_PIXELS = None


class BadPicture(Exception):
    """The upload is no picture that we take; `code` is stable, the message is plain."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True)
class Picture:
    """Bytes that hold pixels alone."""

    data: bytes
    width: int
    height: int


def accept(data: bytes) -> Picture:
    """Verify an upload and strip it.

    Raises BadPicture with code empty_file, too_large, not_an_image, unsupported_format,
    zero_size, too_small, too_many_pixels or truncated_image.
    """
    if not data:
        raise BadPicture("empty_file", "The file is empty; choose a picture.")
    if len(data) > MAX_BYTES:
        raise BadPicture("too_large", "The file has over 10 MB; send a smaller one.")
    image = _open(data)
    _check_size(image)
    orientation, _ = _exif(image)
    plain = image.format == "JPEG" and image.mode in {"RGB", "L"} and orientation <= 1
    try:
        if plain:
            # Not decoded here: that is the worker's, and its largest cost. A file that
            # was cut off lacks its end marker.
            if not jpeg_is_complete(data):
                raise _damaged()
            return Picture(strip_jpeg(data), *image.size)
        with _one_at_a_time:
            upright = _upright(image)
    except (OSError, SyntaxError, ValueError, EOFError, IndexError) as exc:
        raise _damaged() from exc
    out = io.BytesIO()
    upright.save(out, "JPEG", quality=JPEG_QUALITY, subsampling=0)
    return Picture(out.getvalue(), *upright.size)


def moment_taken(data: bytes) -> datetime | None:
    """The time of taking in the EXIF of a picture; None for anything else."""
    try:
        return _exif(_open(data))[1]
    except BadPicture:
        return None


def _open(data: bytes) -> Image.Image:
    try:
        return Image.open(io.BytesIO(data), formats=FORMATS)
    except UnidentifiedImageError:
        raise _unknown(data) from None
    except (OSError, SyntaxError, ValueError) as exc:
        raise _damaged() from exc


def _unknown(data: bytes) -> BadPicture:
    """Say whether this is a damaged picture, one of another kind, or none at all."""
    if 0 in (declared_size(data) or ()):
        return BadPicture("zero_size", "The picture has no pixels.")
    try:
        kind = Image.open(io.BytesIO(data)).format
    except (OSError, SyntaxError, ValueError):
        return _damaged() if known_signature(data) else _not_an_image()
    return BadPicture(
        "unsupported_format", f"{kind} is not accepted; send JPEG, PNG or WebP."
    )


def _not_an_image() -> BadPicture:
    return BadPicture(
        "not_an_image", "The file is not a picture, whatever its name says."
    )


def _damaged() -> BadPicture:
    return BadPicture(
        "truncated_image",
        "The picture is damaged or incomplete; send the whole file again.",
    )


def _check_size(image: Image.Image) -> None:
    width, height = image.size
    if not width or not height:
        raise BadPicture("zero_size", "The picture has no pixels.")
    if width * height > MAX_PIXELS:
        raise BadPicture(
            "too_many_pixels",
            f"The picture has {width} x {height} pixels; at most 40 megapixels are"
            " accepted.",
        )
    if min(width, height) < MIN_SIDE:
        raise BadPicture(
            "too_small", f"The picture has only {width} x {height} pixels."
        )


def _exif(image: Image.Image) -> tuple[int, datetime | None]:
    """Orientation (1 is upright) and time of taking; damaged EXIF counts as none."""
    try:
        exif = image.getexif()
        orientation = int(exif.get(ORIENTATION, 1) or 1)
        inner = exif.get_ifd(EXIF_IFD)
        return orientation, _moment(inner.get(TAKEN), inner.get(OFFSET))
    except (OSError, SyntaxError, ValueError, TypeError, KeyError):
        return 1, None


def _moment(taken: object, offset: object) -> datetime | None:
    if not isinstance(taken, str):
        return None
    try:
        if isinstance(offset, str) and offset.strip():
            text = f"{taken.strip()}{offset.strip()}"
            return datetime.strptime(text, "%Y:%m:%d %H:%M:%S%z")
        return datetime.strptime(taken.strip(), "%Y:%m:%d %H:%M:%S")  # noqa: DTZ007
    except ValueError:
        return None


def _upright(image: Image.Image) -> Image.Image:
    image.seek(0)
    image.load()
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I;16") or image.mode == "I":
        # 16 bits a channel: keep the upper eight; convert() would clip instead.
        image = image.convert("I").point(lambda value: value / 256).convert("L")
    if image.mode in {"RGBA", "LA", "PA"} or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    image = image.convert("RGB")
    image.info.clear()
    return image


def strip_jpeg(data: bytes) -> bytes:
    """The same JPEG without APPn and comment segments and without what follows its end.

    Pixels are not touched. APP0 (JFIF) and APP14 (Adobe's colour transform) stay,
    decoders need them. Layout: ITU-T T.81, annex B.
    """
    kept = [data[:2]]
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == FILL:
            at += 1
            continue
        if marker == END_OF_IMAGE:
            break
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if marker == START_OF_SCAN:
            following = MARKER_AFTER_SCAN.search(data, end)
            end = following.start() if following else len(data)
        if not _is_metadata(marker):
            kept.append(data[at:end])
        at = end
    return b"".join([*kept, bytes([FILL, END_OF_IMAGE])])


def _is_metadata(marker: int) -> bool:
    return (APP0 < marker <= APP15 and marker != APP14) or marker == COMMENT
