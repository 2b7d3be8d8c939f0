"""What is taken in as a picture and what is left of it."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import datetime

import numpy as np
import pytest
from PIL import Image

from monitor import pictures
from tests import images


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(pictures.accept(data).data))


def test_a_plain_jpeg_keeps_its_pixels_bit_by_bit() -> None:
    data = images.jpeg()
    assert pictures.accept(data).data == data


@pytest.mark.parametrize("options", [{"progressive": True}, {"optimize": True}])
def test_every_kind_of_jpeg_keeps_its_pixels(options: dict[str, bool]) -> None:
    data = images.jpeg(**options)
    assert pictures.accept(data).data == data


def test_what_follows_the_end_of_a_picture_is_dropped() -> None:
    data = images.jpeg()
    trailer = b"SecretTrailer\xff\xd9"
    assert pictures.accept(data + trailer).data == data


@pytest.mark.parametrize("make", [images.with_exif, images.upright_with_exif])
def test_nothing_but_pixels_is_kept(make: Callable[[], bytes]) -> None:
    data = make()
    assert b"Secret" in data
    kept = pictures.accept(data).data
    assert b"Secret" not in kept
    assert b"Exif" not in kept


def test_a_rotated_picture_is_turned_upright() -> None:
    picture = pictures.accept(images.with_exif())
    assert (picture.width, picture.height) == images.SIZE[::-1]
    assert opened(images.with_exif()).size == images.SIZE[::-1]


def test_of_an_animated_webp_the_first_frame_is_taken() -> None:
    pixel = np.asarray(opened(images.animated_webp()), float)[40, 40]
    assert pixel == pytest.approx([255, 0, 0], abs=30)


def test_a_16_bit_png_keeps_its_range() -> None:
    gray = np.asarray(opened(images.png_16_bit()).convert("L"))
    assert gray.min() < 5
    assert gray.max() > 250


def test_a_cmyk_jpeg_becomes_rgb() -> None:
    assert opened(images.cmyk_jpeg()).mode == "RGB"


def test_transparent_parts_become_white() -> None:
    clear = Image.new("RGBA", images.SIZE, (0, 0, 0, 0))
    assert opened(images.encoded(clear, "PNG")).getpixel((5, 5)) == (255, 255, 255)


def test_the_time_of_taking_is_read_from_exif() -> None:
    expected = datetime(2026, 3, 4, 10, 11, 12)  # noqa: DTZ001
    assert pictures.moment_taken(images.with_exif()) == expected
    assert pictures.moment_taken(images.jpeg()) is None
    assert pictures.moment_taken(b"nothing") is None


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty_file"),
        (b"just some text", "not_an_image"),
        (images.truncated_jpeg(), "truncated_image"),
        (images.encoded(images.scene(), "PNG")[:300], "truncated_image"),
        (images.encoded(images.scene(), "WEBP")[:60], "truncated_image"),
        (b"\xff\xd8\xff\xe0", "truncated_image"),
        (images.encoded(images.scene(), "GIF"), "unsupported_format"),
        (images.encoded(images.scene(), "BMP"), "unsupported_format"),
        (images.bomb(), "too_many_pixels"),
        (images.zero_size_png(), "zero_size"),
        (images.encoded(images.scene((8, 8))), "too_small"),
        (b"\xff\xd8\xff" + b"\0" * pictures.MAX_BYTES, "too_large"),
    ],
)
def test_it_refuses(data: bytes, code: str) -> None:
    with pytest.raises(pictures.BadPicture) as refused:
        pictures.accept(data)
    assert refused.value.code == code
    assert refused.value.message.endswith(".")
