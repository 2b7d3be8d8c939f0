"""From untrusted bytes to upright RGB pixels."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

import numpy as np

from inference.errors import UnreadableImage
from inference.sniff import declared_size, jpeg_is_complete, known_signature

if TYPE_CHECKING:
    from PIL import Image

    from inference.arrays import Rgb

MAX_PIXELS = 40_000_000
ANALYSIS_SIDE = 1280  # longest side, in pixels, that a detector needs to see
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
JPEGS = ("JPEG", "MPO")  # MPO: several JPEGs in a row, as some phones write them
ORIENTATION_TAG = 0x0112


@dataclass(frozen=True, slots=True)
class Picture:
    """Upright pixels (h, w, 3), perhaps smaller than the original.

    width, height: of the upright original. `scale`: pixels here per original pixel.
    """

    rgb: Rgb
    width: int
    height: int

    @property
    def scale(self) -> float:
        return float(self.rgb.shape[1] / self.width)


def decode(data: bytes, side: int = ANALYSIS_SIDE) -> Picture:
    """Decode the first frame; pictures much larger than `side` come out reduced.

    Raises UnreadableImage with one of its codes, before decoding where possible.
    """
    image = _open(data)
    width, height = image.size
    orientation = _orientation(image)
    if image.format in JPEGS and image.mode in ("RGB", "L"):
        rgb = _decode_jpeg(data, max(image.size), side)
    else:
        rgb = _load(image)
    rgb = _turn(_shrink(rgb, side), orientation)
    if orientation >= 5:
        width, height = height, width
    return Picture(rgb, width, height)


@cache
def _register_formats() -> None:
    """Load Pillow's readers of `FORMATS`, and not its forty others."""
    from PIL import Image

    Image.preinit()
    for plugin in ("WebPImagePlugin", "TiffImagePlugin"):
        import_module(f"PIL.{plugin}")


def _open(data: bytes) -> Image.Image:
    """Read the header only and refuse what must not be decoded."""
    from PIL import Image, UnidentifiedImageError

    _register_formats()
    if not data:
        raise UnreadableImage("empty")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(data), formats=FORMATS)
    except Image.DecompressionBombError:
        raise UnreadableImage("too_many_pixels") from None
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError):
        raise _why_not(data) from None
    if image.width * image.height > MAX_PIXELS:
        raise UnreadableImage("too_many_pixels")
    if image.format in JPEGS and not jpeg_is_complete(data):
        raise UnreadableImage("truncated")
    return image


def _why_not(data: bytes) -> UnreadableImage:
    """The reason why a file could not even be opened."""
    if not known_signature(data):
        return UnreadableImage("not_an_image")
    size = declared_size(data)
    if size is not None and 0 in size:
        return UnreadableImage("zero_size")
    return UnreadableImage("truncated")


def _orientation(image: Image.Image) -> int:
    try:
        value = image.getexif().get(ORIENTATION_TAG, 1)
    except (OSError, SyntaxError, ValueError, KeyError):
        return 1  # a broken EXIF block must not cost the picture
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _decode_jpeg(data: bytes, longest: int, side: int) -> Rgb:
    """Decode at the smallest scale of libjpeg (1, 1/2, 1/4, 1/8) that keeps `side`."""
    import cv2

    factor = next((f for f in (8, 4, 2) if longest // f >= side), 1)
    flags = {
        1: cv2.IMREAD_COLOR,
        2: cv2.IMREAD_REDUCED_COLOR_2,
        4: cv2.IMREAD_REDUCED_COLOR_4,
        8: cv2.IMREAD_REDUCED_COLOR_8,
    }[factor]
    buffer = np.frombuffer(data, np.uint8)
    try:
        bgr = cv2.imdecode(buffer, flags | cv2.IMREAD_IGNORE_ORIENTATION)
    except cv2.error:
        bgr = None
    if bgr is None:
        raise UnreadableImage("truncated")
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB, dst=bgr), np.uint8)


def _load(image: Image.Image) -> Rgb:
    """Decode anything else with Pillow, which knows every mode."""
    try:
        image.load()
        return _to_rgb(image)
    except (OSError, SyntaxError, ValueError, EOFError, IndexError):
        raise UnreadableImage("truncated") from None
    except MemoryError:
        raise UnreadableImage("too_many_pixels") from None


def _to_rgb(image: Image.Image) -> Rgb:
    from PIL import Image

    if image.mode.startswith("I") or image.mode == "F":
        return _deep_gray(np.asarray(image, np.float32))
    if "A" in image.getbands() or "transparency" in image.info:
        with_alpha = image.convert("RGBA")
        background = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(background, with_alpha)
    return np.array(image.convert("RGB"), np.uint8)


def _deep_gray(values: np.ndarray) -> Rgb:
    """Gray of more than 8 bits: 16-bit values are brought down to 8."""
    if values.max(initial=0) > 255:
        values = values / 257
    gray = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return np.repeat(gray[..., None], 3, axis=2)


def _shrink(rgb: Rgb, side: int) -> Rgb:
    """Bring the longest side near `side`; JPEGs mostly are there already."""
    import cv2

    longest = max(rgb.shape[:2])
    if longest < 2 * side:
        return rgb
    ratio = side / longest
    height, width = (max(1, round(n * ratio)) for n in rgb.shape[:2])
    small = cv2.resize(rgb, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)


def _turn(rgb: Rgb, orientation: int) -> Rgb:
    """Apply EXIF orientation 1 to 8 (Exif 2.32, table "Orientation")."""
    if orientation == 1:
        return rgb
    turned = {
        2: lambda x: x[:, ::-1],
        3: lambda x: x[::-1, ::-1],
        4: lambda x: x[::-1],
        5: lambda x: x.transpose(1, 0, 2),
        6: lambda x: x.transpose(1, 0, 2)[:, ::-1],
        7: lambda x: x[::-1, ::-1].transpose(1, 0, 2),
        8: lambda x: x.transpose(1, 0, 2)[::-1],
    }[orientation](rgb)
    return np.ascontiguousarray(turned)
