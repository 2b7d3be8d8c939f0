import io
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from inference import UnreadableImage
from inference.decode import ANALYSIS_SIDE, decode
from inference.sniff import jpeg_is_complete
from tests.images import (
    animated_webp,
    bomb,
    cmyk_jpeg,
    encoded,
    jpeg,
    png_16_bit,
    truncated_jpeg,
    zero_size_png,
)

RED = (220, 30, 40)


def flat(mode: str = "RGB", colour: Any = RED, size: tuple[int, int] = (40, 30)) -> Any:
    return Image.new(mode, size, colour)


def refusal(data: bytes) -> str:
    with pytest.raises(UnreadableImage) as caught:
        decode(data)
    assert caught.value.message
    return caught.value.code


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "BMP", "TIFF"])
def test_it_reads_each_format(form: str) -> None:
    picture = decode(encoded(flat(), form))
    assert picture.rgb.shape == (30, 40, 3)
    assert picture.rgb.mean(axis=(0, 1)) == pytest.approx(RED, abs=4)


def test_it_reads_a_cmyk_jpeg_in_its_true_colours() -> None:
    data = encoded(flat().convert("CMYK"))
    assert decode(data).rgb.mean(axis=(0, 1)) == pytest.approx(RED, abs=4)
    assert decode(cmyk_jpeg()).rgb.std() > 5


def test_it_brings_a_16_bit_png_down_to_8_bits() -> None:
    rgb = decode(png_16_bit()).rgb
    assert (rgb.min(), rgb.max()) == (0, 255)


def test_it_reads_gray_as_rgb() -> None:
    for form in ("JPEG", "PNG"):
        assert decode(encoded(flat("L", 90), form)).rgb[5, 5] == pytest.approx(
            (90, 90, 90), abs=2
        )


def test_it_reads_a_palette() -> None:
    data = encoded(flat().quantize(8), "PNG")
    assert decode(data).rgb[0, 0] == pytest.approx(RED, abs=2)


def test_transparent_pixels_become_white() -> None:
    data = encoded(flat("RGBA", (*RED, 0)), "PNG")
    assert decode(data).rgb[0, 0].tolist() == [255, 255, 255]


def test_a_transparent_palette_entry_becomes_white() -> None:
    data = encoded(flat("P", 0), "PNG", transparency=0)
    assert decode(data).rgb[0, 0].tolist() == [255, 255, 255]


def test_of_an_animation_the_first_frame_is_read() -> None:
    red = decode(animated_webp()).rgb[10, 10]
    assert red[0] > 200
    assert red[2] < 60


def test_of_an_animated_gif_the_first_frame_is_read() -> None:
    frames = [flat(), flat(colour=(0, 0, 255))]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert decode(data).rgb[10, 10] == pytest.approx(RED, abs=20)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_it_applies_the_exif_orientation(orientation: int, form: str) -> None:
    image = flat(size=(48, 32))
    image.paste((20, 40, 230), (0, 0, 16, 16))
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(image, form, exif=exif)
    from PIL import ImageOps

    upright = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data))))
    picture = decode(data)
    assert (picture.height, picture.width) == upright.shape[:2]
    assert np.abs(picture.rgb.astype(int) - upright).mean() < 4


def test_a_large_jpeg_is_reduced_but_keeps_its_original_size_in_mind() -> None:
    picture = decode(encoded(flat(size=(4 * ANALYSIS_SIDE, 400))))
    assert picture.rgb.shape[1] == ANALYSIS_SIDE
    assert (picture.width, picture.height) == (4 * ANALYSIS_SIDE, 400)
    assert picture.scale == 0.25


def test_a_large_png_is_reduced_too() -> None:
    picture = decode(encoded(flat(size=(3000, 300)), "PNG"))
    assert picture.rgb.shape == (128, ANALYSIS_SIDE, 3)


def test_it_refuses_an_empty_file() -> None:
    assert refusal(b"") == "empty"


@pytest.mark.parametrize("data", [b"hello, world", b"BM, a text", b"\x00" * 500])
def test_it_refuses_what_is_not_a_picture(data: bytes) -> None:
    assert refusal(data) == "not_an_image"


def test_it_refuses_a_decompression_bomb_before_decoding() -> None:
    assert refusal(bomb()) == "too_many_pixels"


def test_it_refuses_one_pixel_more_than_forty_million() -> None:
    assert refusal(encoded(flat("1", 0, (8001, 5000)), "PNG")) == "too_many_pixels"


def test_it_refuses_a_picture_of_zero_size() -> None:
    assert refusal(zero_size_png()) == "zero_size"


@pytest.mark.parametrize("share", [0.02, 0.3, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_it_refuses_a_truncated_picture(form: str, share: float) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (120, 160, 3), dtype=np.uint8)
    data = encoded(Image.fromarray(noise), form)
    assert refusal(data[: int(len(data) * share)]) == "truncated"


def test_it_refuses_a_truncated_jpeg_whose_thumbnail_is_whole() -> None:
    thumbnail = jpeg(seed=3)
    exif = b"Exif\x00\x00" + thumbnail
    block = b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif
    whole = jpeg()
    data = whole[:2] + block + whole[2:]
    assert jpeg_is_complete(data)
    assert refusal(data[: -len(whole) // 2]) == "truncated"
    assert refusal(truncated_jpeg()) == "truncated"


def test_bytes_after_the_end_of_a_jpeg_do_no_harm() -> None:
    assert decode(jpeg() + b"\x00" * 64).rgb.size


def test_a_progressive_jpeg_is_read() -> None:
    assert decode(jpeg(progressive=True)).rgb.size


def test_the_reduced_jpeg_is_the_same_picture() -> None:
    y, x = np.mgrid[0:1600, 0:2600]
    rgb = np.stack([x % 256, y % 256, (x + y) % 256], axis=2).astype(np.uint8)
    rgb = np.asarray(cv2.GaussianBlur(rgb, (0, 0), 9), np.uint8)
    small = decode(encoded(Image.fromarray(rgb), quality=95)).rgb
    expected = cv2.resize(rgb, (1300, 800), interpolation=cv2.INTER_AREA)
    assert np.abs(small.astype(int) - expected).mean() < 3
