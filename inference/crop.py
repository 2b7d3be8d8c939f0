"""From a detected face to the upright square that the network was trained on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from inference.arrays import Gray, Points, Rgb
    from inference.detector import Detection

CROP_SIDE = 96  # a multiple of the usual input sizes, so that shrinking is exact


@dataclass(frozen=True, slots=True)
class CropSpec:
    """How to cut a face, measured in shares of the detected box's side.

    margin: added to the side of the box, half on each side; may be negative.
    shift: how far the centre moves down. align: whether the eyes become level.
    """

    margin: float = 0.0
    shift: float = 0.0
    align: bool = True


def eye_angle(landmarks: Points | None) -> float:
    """Tilt in degrees of the line from the right eye to the left; 0 if unknown."""
    if landmarks is None:
        return 0.0
    dx, dy = (landmarks[1] - landmarks[0]).tolist()
    return math.degrees(math.atan2(dy, dx))


def cut(
    rgb: Rgb, face: Detection, spec: CropSpec, *, colour: bool = False
) -> Gray | Rgb:
    """The face as a square (CROP_SIDE, CROP_SIDE), gray, or (..., 3) in colour.

    Pixels beyond the picture repeat its edge. Large faces are first shrunk by area
    averaging, because sampling them directly would alias.
    """
    import cv2

    square = _square(face, spec)
    region, left, top = _region(rgb, square)
    shrink = max(1, int(square.side / CROP_SIDE))
    matrix = _matrix(square, left, top)
    if shrink > 1:
        height, width = region.shape[:2]
        size = (max(1, width // shrink), max(1, height // shrink))
        small = cv2.resize(region, size, interpolation=cv2.INTER_AREA)
        region = np.asarray(small, np.uint8)
        factors = np.array([[size[0] / width], [size[1] / height]])
        matrix *= factors
        matrix[:, 2:] += (factors - 1) / 2  # pixel centres lie at halves
    crop = cv2.warpAffine(
        region,
        matrix,
        (CROP_SIDE, CROP_SIDE),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    out = np.asarray(crop, np.uint8)
    return out if colour else gray(out)


def gray(rgb: Gray | Rgb) -> Gray:
    """A picture (h, w, 3) as (h, w); a gray one as it is."""
    import cv2

    if rgb.ndim == 2:
        return rgb
    return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)


@dataclass(frozen=True, slots=True)
class _Square:
    """A turned square in pixels; `turn` in radians."""

    x: float
    y: float
    side: float
    turn: float


def _square(face: Detection, spec: CropSpec) -> _Square:
    x, y, width, height = face.box
    side = math.sqrt(max(width * height, 1.0))
    turn = math.radians(eye_angle(face.landmarks)) if spec.align else 0.0
    down = side * spec.shift
    return _Square(
        x=x + width / 2 - math.sin(turn) * down,
        y=y + height / 2 + math.cos(turn) * down,
        side=side * (1 + spec.margin),
        turn=turn,
    )


def _matrix(square: _Square, left: int, top: int) -> npt.NDArray[np.float64]:
    """Affine map (2, 3) from a pixel of the crop to one of the region."""
    scale = square.side / CROP_SIDE
    cos, sin = math.cos(square.turn) * scale, math.sin(square.turn) * scale
    half = (CROP_SIDE - 1) / 2
    # Boxes are measured from pixel edges, affine maps from pixel centres.
    x, y = square.x - left - 0.5, square.y - top - 0.5
    return np.array(
        [[cos, -sin, x - (cos - sin) * half], [sin, cos, y - (sin + cos) * half]]
    )


def _region(rgb: Rgb, square: _Square) -> tuple[Rgb, int, int]:
    """The part of the picture that the square can touch, with its corner."""
    reach = square.side * 0.75 + 2  # half the diagonal is 0.707 of the side
    x, y = square.x, square.y
    height, width = rgb.shape[:2]
    left = int(min(max(x - reach, 0), width - 1))
    top = int(min(max(y - reach, 0), height - 1))
    right = int(max(min(x + reach + 1, width), left + 1))
    bottom = int(max(min(y + reach + 1, height), top + 1))
    return rgb[top:bottom, left:right], left, top


def whole(rgb: Rgb, side: int, *, colour: bool = False) -> Gray | Rgb:
    """A picture that is a face crop already, as a square like that of `cut`."""
    import cv2

    picture = rgb if colour else gray(rgb)
    if picture.shape[:2] == (side, side):
        return picture
    how = cv2.INTER_AREA if min(picture.shape[:2]) > side else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(picture, (side, side), interpolation=how), np.uint8)
