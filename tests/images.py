"""Pictures of nothing in every form that the door must know."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
from PIL import Image

SIZE = (96, 72)


def scene(size: tuple[int, int] = SIZE, seed: int = 0) -> Image.Image:
    """Smooth coloured noise, so that files are neither empty nor huge."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 255, (9, 12, 3), dtype=np.uint8)
    return Image.fromarray(small).resize(size, Image.Resampling.BICUBIC)


def encoded(image: Image.Image, form: str = "JPEG", **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def jpeg(seed: int = 0, **options: Any) -> bytes:
    return encoded(scene(seed=seed), **options)


def truncated_jpeg() -> bytes:
    data = jpeg()
    return data[: len(data) // 2]


def cmyk_jpeg() -> bytes:
    return encoded(scene().convert("CMYK"))


def png_16_bit() -> bytes:
    ramp = np.linspace(0, 65535, SIZE[0] * SIZE[1]).reshape(SIZE[::-1])
    return encoded(Image.fromarray(ramp.astype(np.uint16)), "PNG")


def animated_webp() -> bytes:
    """First frame red, second one blue."""
    frames = [Image.new("RGB", SIZE, colour) for colour in ("red", "blue")]
    return encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:])


def bomb() -> bytes:
    """A file of 50 kB that would decode to 400 megapixels."""
    return encoded(Image.new("1", (20_000, 20_000)), "PNG")


def zero_size_png() -> bytes:
    data = bytearray(encoded(scene(), "PNG"))
    data[16:24] = struct.pack(">II", 0, 0)
    data[29:33] = struct.pack(">I", zlib.crc32(bytes(data[12:29])))
    return bytes(data)


def with_exif() -> bytes:
    """Rotated, with a place, a camera, a time and a comment."""
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "SecretCamera"
    exif.get_ifd(0x8769)[0x9003] = "2026:03:04 10:11:12"
    exif.get_ifd(0x8825)[1] = "N"
    return encoded(scene(), exif=exif, comment=b"SecretComment")


def upright_with_exif() -> bytes:
    exif = Image.Exif()
    exif[0x010F] = "SecretCamera"
    return encoded(scene(), exif=exif, comment=b"SecretComment")
