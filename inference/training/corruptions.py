"""What offices do to pictures of faces, as pure functions.

The idea is that of Hendrycks and Dietterich 2019 (arXiv 1903.12261): common damage in
fixed strengths. Training may draw some of the kinds (`augment.DAMAGES`); the card of a
model that did says so. Sizes are shares of the face's side, so that the same strength
means the same on a crop of 48 pixels and on a photograph.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from inference.arrays import Gray, Rgb

    Picture: TypeAlias = Gray | Rgb  # (h, w) or (h, w, 3)

Generator: TypeAlias = np.random.Generator

FULL_WELL = 2000.0  # electrons at white in good light; small sensors hold few
READ_NOISE = 6.0  # electrons
EYES = 0.36  # height of the eyes in a face box, share of its side


@dataclass(frozen=True, slots=True)
class Face:
    """The square of a face in its picture, in pixels."""

    x: float
    y: float
    side: float

    @property
    def centre(self) -> tuple[float, float]:
        return self.x + self.side / 2, self.y + self.side / 2


Damage: TypeAlias = Callable[["Picture", Face, float, Generator], "Picture"]


def whole_face(picture: Picture) -> Face:
    """The face of a picture that is a face crop."""
    return Face(0, 0, float(min(picture.shape[:2])))


def jpeg(picture: Picture, face: Face, quality: float, rng: Generator) -> Picture:
    """JPEG of the given quality, 0 to 100."""
    import cv2

    options = [cv2.IMWRITE_JPEG_QUALITY, int(quality)]
    flag = cv2.IMREAD_COLOR if picture.ndim == 3 else cv2.IMREAD_GRAYSCALE
    done, data = cv2.imencode(".jpg", picture, options)
    if not done:
        raise ValueError("the picture cannot be encoded as JPEG")
    return _pixels(cv2.imdecode(data, flag))


def gaussian_blur(
    picture: Picture, face: Face, sigma: float, rng: Generator
) -> Picture:
    """Out of focus: a Gaussian of standard deviation `sigma` face sides."""
    import cv2

    return _pixels(cv2.GaussianBlur(picture, (0, 0), sigma * face.side))


def motion_blur(picture: Picture, face: Face, length: float, rng: Generator) -> Picture:
    """A movement of `length` face sides in a random direction."""
    import cv2

    reach = max(2.0, length * face.side) / 2
    angle = rng.uniform(0, np.pi)
    side = 2 * int(np.ceil(reach)) + 1
    kernel = np.zeros((side, side), np.float32)
    along = np.linspace(-reach, reach, 4 * side)
    x = np.round(along * np.cos(angle)).astype(int) + side // 2
    y = np.round(along * np.sin(angle)).astype(int) + side // 2
    np.add.at(kernel, (y, x), 1)
    return _pixels(cv2.filter2D(picture, -1, kernel / kernel.sum()))


def noise(picture: Picture, face: Face, deviation: float, rng: Generator) -> Picture:
    """Gaussian noise of `deviation` gray levels in every pixel and channel."""
    return _pixels(picture + rng.normal(0, deviation, picture.shape))


def darkness(picture: Picture, face: Face, light: float, rng: Generator) -> Picture:
    """`light` times the light: fewer electrons, so shot and read noise show.

    Poisson counts of electrons with additive read noise (Janesick 2007, "Photon
    Transfer"), not amplified afterwards, as a camera with fixed gain.
    """
    electrons = rng.poisson(picture / 255.0 * light * FULL_WELL).astype(float)
    electrons += rng.normal(0, READ_NOISE, picture.shape)
    return _pixels(electrons / FULL_WELL * 255)


def low_contrast(picture: Picture, face: Face, kept: float, rng: Generator) -> Picture:
    """`kept` times the distance of every pixel from the mean: haze, back light."""
    mean = picture.mean()
    return _pixels(mean + kept * (picture - mean))


def small_face(picture: Picture, face: Face, pixels: float, rng: Generator) -> Picture:
    """The face shrunk to a side of `pixels` and enlarged again."""
    import cv2

    share = min(1.0, pixels / face.side)
    height, width = picture.shape[:2]
    size = max(1, round(width * share)), max(1, round(height * share))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return _pixels(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR))


def eyes_hidden(picture: Picture, face: Face, high: float, rng: Generator) -> Picture:
    """A dark bar over the eyes, `high` face sides high: sunglasses, hair."""
    top = EYES - high / 2
    return _cover(picture, face, (0.08, top, 0.92, top + high), 25)


def mouth_hidden(picture: Picture, face: Face, high: float, rng: Generator) -> Picture:
    """A light cover from the chin upwards, `high` face sides high: a mask, a hand."""
    return _cover(picture, face, (0.12, 1 - high, 0.88, 1.0), 200)


def part_hidden(picture: Picture, face: Face, side: float, rng: Generator) -> Picture:
    """A gray square of `side` face sides somewhere over the face."""
    x, y = rng.uniform(0, 1 - side, 2)
    return _cover(picture, face, (x, y, x + side, y + side), 128)


def rotation(picture: Picture, face: Face, degrees: float, rng: Generator) -> Picture:
    """The picture turned about the face by `degrees`, to either side."""
    import cv2

    turn = degrees * (1 if rng.random() < 0.5 else -1)
    height, width = picture.shape[:2]
    matrix = cv2.getRotationMatrix2D(face.centre, turn, 1.0)
    edge = cv2.BORDER_REPLICATE
    return _pixels(cv2.warpAffine(picture, matrix, (width, height), borderMode=edge))


@dataclass(frozen=True, slots=True)
class Corruption:
    """A kind of damage in three strengths, the weakest first."""

    apply: Damage
    strengths: tuple[float, float, float]

    def __call__(self, picture: Picture, face: Face, level: int, seed: int) -> Picture:
        """The damaged picture (same shape, uint8); level 0 to 2, always the same."""
        rng = np.random.default_rng((seed, level))
        return self.apply(picture, face, self.strengths[level], rng)


CORRUPTIONS: dict[str, Corruption] = {
    "jpeg": Corruption(jpeg, (30, 15, 7)),
    "gaussian blur": Corruption(gaussian_blur, (0.02, 0.04, 0.08)),
    "motion blur": Corruption(motion_blur, (0.1, 0.2, 0.35)),
    "noise": Corruption(noise, (10, 25, 50)),
    "darkness": Corruption(darkness, (0.4, 0.2, 0.1)),
    "low contrast": Corruption(low_contrast, (0.4, 0.2, 0.1)),
    "small face": Corruption(small_face, (32, 24, 16)),
    "eyes hidden": Corruption(eyes_hidden, (0.12, 0.2, 0.3)),
    "mouth hidden": Corruption(mouth_hidden, (0.25, 0.35, 0.45)),
    "part hidden": Corruption(part_hidden, (0.25, 0.4, 0.55)),
    "rotation": Corruption(rotation, (10, 20, 30)),
}


def _cover(
    picture: Picture, face: Face, box: tuple[float, float, float, float], gray: int
) -> Picture:
    """Fill a box, given as shares of the face's side, with one gray level."""
    left, top, right, bottom = (share * face.side for share in box)
    out = picture.copy()
    rows = slice(max(0, round(face.y + top)), max(0, round(face.y + bottom)))
    columns = slice(max(0, round(face.x + left)), max(0, round(face.x + right)))
    out[rows, columns] = gray
    return out


def _pixels(values: object) -> Picture:
    return np.clip(np.round(np.asarray(values)), 0, 255).astype(np.uint8)
