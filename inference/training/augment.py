"""Random changes to training crops that leave the emotion as it is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from inference.training import corruptions

if TYPE_CHECKING:
    from inference.arrays import Gray, Tensor


@dataclass(frozen=True, slots=True)
class Augmentation:
    """Ranges of the uniform draws.

    rotation: degrees either way. zoom: smallest and largest magnification.
    shift: share of the side either way. aspect: width against height, either way.
    brightness: gray levels either way. contrast: factor either way. mirror: chance.
    erase: chance that a rectangle of 4 to 20 % of the area becomes the mean gray
    (Zhong et al. 2020, arXiv 1708.04896). coarse: chance that the crop is shrunk to
    `coarse_side` pixels and brought back, as a face far from the camera is. damage:
    chance of one of DAMAGES, by any strength between its two.
    """

    rotation: float = 10.0
    zoom: tuple[float, float] = (0.88, 1.14)
    shift: float = 0.06
    aspect: float = 1.08
    brightness: float = 20.0
    contrast: float = 1.2
    mirror: float = 0.5
    erase: float = 0.0
    coarse: float = 0.0
    coarse_side: tuple[int, int] = (16, 40)
    damage: float = 0.0


# What offices do to pictures; the bench of docs/models.md has the same kinds.
DAMAGES: tuple[tuple[corruptions.Damage, float, float], ...] = (
    (corruptions.jpeg, 8, 40),
    (corruptions.motion_blur, 0.05, 0.25),
    (corruptions.noise, 3, 30),
    (corruptions.darkness, 0.1, 0.5),
    (corruptions.eyes_hidden, 0.1, 0.3),
    (corruptions.mouth_hidden, 0.2, 0.45),
)


def augment(
    images: Gray, options: Augmentation, generator: np.random.Generator
) -> Gray:
    """A changed copy of crops (n, s, s) or (n, s, s, 3)."""
    import cv2

    n, side = len(images), images.shape[1]
    matrices = _matrices(n, side, options, generator)
    out = np.empty_like(images)
    for source, matrix, target in zip(images, matrices, out, strict=True):
        cv2.warpAffine(
            source,
            matrix,
            (side, side),
            dst=target,
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
    for number in np.flatnonzero(generator.random(n) < options.coarse):
        small = int(generator.integers(*options.coarse_side))
        out[number] = _coarsen(out[number], small)
    out = _light(out, options, generator)
    for number in np.flatnonzero(generator.random(n) < options.erase):
        _erase(out[number], generator)
    for number in np.flatnonzero(generator.random(n) < options.damage):
        out[number] = _damaged(out[number], generator)
    return out


def _damaged(crop: Gray, generator: np.random.Generator) -> Gray:
    apply, weakest, strongest = DAMAGES[int(generator.integers(len(DAMAGES)))]
    strength = generator.uniform(weakest, strongest)
    return apply(crop, corruptions.whole_face(crop), strength, generator)


def _coarsen(crop: Gray, side: int) -> Gray:
    import cv2

    full = crop.shape[1::-1]
    small = cv2.resize(crop, (side, side), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, full, interpolation=cv2.INTER_LINEAR), np.uint8)


def _erase(crop: Gray, generator: np.random.Generator) -> None:
    side = len(crop)
    area = generator.uniform(0.04, 0.2) * side * side
    stretch = math.exp(generator.uniform(-0.7, 0.7))
    height = min(side, round(math.sqrt(area * stretch)))
    width = min(side, round(math.sqrt(area / stretch)))
    top = int(generator.integers(0, side - height + 1))
    left = int(generator.integers(0, side - width + 1))
    crop[top : top + height, left : left + width] = round(crop.mean())


def _matrices(
    n: int, side: int, options: Augmentation, generator: np.random.Generator
) -> Tensor:
    """Affine maps (n, 2, 3) about the centre, drawn at random."""
    angle = np.deg2rad(generator.uniform(-options.rotation, options.rotation, n))
    smallest, largest = math.log(options.zoom[0]), math.log(options.zoom[1])
    zoom = np.exp(generator.uniform(smallest, largest, n))
    stretch = np.log(options.aspect) / 2
    aspect = np.exp(generator.uniform(-stretch, stretch, n))
    flip = np.where(generator.random(n) < options.mirror, -1.0, 1.0)
    linear = np.empty((n, 2, 2))
    linear[:, 0, 0] = np.cos(angle) * zoom * aspect * flip
    linear[:, 0, 1] = np.sin(angle) * zoom * aspect
    linear[:, 1, 0] = -np.sin(angle) * zoom / aspect * flip
    linear[:, 1, 1] = np.cos(angle) * zoom / aspect
    shift = generator.uniform(-options.shift, options.shift, (n, 2)) * side
    centre = np.full(2, (side - 1) / 2)
    offset = centre - linear @ centre + shift
    return np.concatenate([linear, offset[..., None]], axis=2).astype(np.float32)


def _light(images: Gray, options: Augmentation, generator: np.random.Generator) -> Gray:
    n = len(images)
    limit = np.log(options.contrast)
    each = (n, *[1] * (images.ndim - 1))
    contrast = np.exp(generator.uniform(-limit, limit, each))
    brightness = generator.uniform(-options.brightness, options.brightness, each)
    mean = images.mean(axis=tuple(range(1, images.ndim)), keepdims=True)
    changed = (images - mean) * contrast + mean + brightness
    out: Gray = np.clip(changed, 0, 255).astype(np.uint8)
    return out
