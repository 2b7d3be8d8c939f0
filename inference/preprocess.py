"""From a face crop to a network's input; training and serving share it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from inference.arrays import Gray, Rgb, Tensor

EQUALISATIONS = ("none", "histogram", "clahe")


@dataclass(frozen=True, slots=True)
class InputSpec:
    """How a crop becomes a tensor of (size, size, channels).

    colour: "gray_replicated" has equal planes; "rgb" keeps the colours of crops that
    have them. equalise: "histogram" spreads the gray levels evenly, "clahe" does so in
    clahe_grid x clahe_grid tiles with limited contrast (Zuiderveld 1994); of colour
    crops the luma alone. standardise: "per_image" subtracts a crop's own mean and
    divides by its own standard deviation (never below `min_std` gray levels, so that
    a flat crop does not become amplified noise); "fixed" computes
    (x - means) * scale + offset. means: one number per channel, in the order of
    `order`, or empty.
    """

    size: int
    channels: int = 3
    colour: Literal["gray_replicated", "rgb"] = "gray_replicated"
    standardise: Literal["per_image", "fixed"] = "per_image"
    min_std: float = 4.0
    scale: float = 1 / 255
    offset: float = 0.0
    equalise: Literal["none", "histogram", "clahe"] = "none"
    clahe_clip: float = 2.0
    clahe_grid: int = 4
    means: tuple[float, ...] = ()
    order: Literal["rgb", "bgr"] = "rgb"

    def __post_init__(self) -> None:
        object.__setattr__(self, "means", tuple(self.means))  # a list in JSON
        if self.colour not in ("gray_replicated", "rgb"):
            raise ValueError(f"unknown colour {self.colour!r}")
        if self.equalise not in EQUALISATIONS:
            raise ValueError(f"unknown equalisation {self.equalise!r}")
        if self.colour == "rgb" and self.channels != 3:
            raise ValueError(f"colour needs 3 channels, not {self.channels}")
        if len(self.means) not in (0, self.channels):
            raise ValueError(f"{len(self.means)} means for {self.channels} channels")

    @property
    def is_colour(self) -> bool:
        """Whether crops are to be cut in colour."""
        return self.colour == "rgb"


def to_gray(crops: Gray | Rgb) -> Gray:
    """Crops (N, s, s, 3) as (N, s, s); gray ones as they are."""
    import cv2

    if crops.ndim == 3:
        return crops
    out = np.empty(crops.shape[:3], np.uint8)
    for source, target in zip(crops, out, strict=True):
        cv2.cvtColor(source, cv2.COLOR_RGB2GRAY, dst=target)
    return out


def to_colour(crops: Gray | Rgb) -> Rgb:
    """Crops (N, s, s) as (N, s, s, 3) with equal planes; colour ones as they are."""
    return crops if crops.ndim == 4 else np.repeat(crops[..., None], 3, axis=3)


def resize(crops: Gray, size: int) -> Gray:
    """Crops (N, s, s[, 3]) as (N, size, size[, 3]); shrinking averages areas."""
    import cv2

    if crops.shape[1:3] == (size, size):
        return crops
    how = cv2.INTER_AREA if crops.shape[1] > size else cv2.INTER_LINEAR
    out = np.empty((len(crops), size, size, *crops.shape[3:]), np.uint8)
    for source, target in zip(crops, out, strict=True):
        cv2.resize(source, (size, size), dst=target, interpolation=how)
    return out


def equalise(crops: Gray | Rgb, spec: InputSpec) -> Gray | Rgb:
    """Crops of the same shape with the gray levels or the luma spread."""
    import cv2

    if spec.equalise == "none":
        return crops
    spread: Callable[..., Any] = cv2.equalizeHist
    if spec.equalise == "clahe":
        grid = (spec.clahe_grid, spec.clahe_grid)
        spread = cv2.createCLAHE(spec.clahe_clip, grid).apply
    out = np.empty_like(crops)
    for source, target in zip(crops, out, strict=True):
        if source.ndim == 2:
            target[:] = spread(source)
            continue
        luma = cv2.cvtColor(source, cv2.COLOR_RGB2YCrCb)
        luma[..., 0] = spread(np.ascontiguousarray(luma[..., 0]))
        cv2.cvtColor(luma, cv2.COLOR_YCrCb2RGB, dst=target)
    return out


def to_tensor(crops: Gray | Rgb, spec: InputSpec) -> Tensor:
    """Crops (N, s, s) or (N, s, s, 3) uint8 as (N, size, size, channels) float32.

    Colour crops become gray for a network of gray pictures, gray ones get equal
    planes for a network of colour pictures.
    """
    own = to_colour(crops) if spec.is_colour else to_gray(crops)
    x = equalise(resize(own, spec.size), spec).astype(np.float32)
    if spec.standardise == "per_image":
        inner = tuple(range(1, x.ndim))
        x -= x.mean(axis=inner, keepdims=True)
        x /= np.maximum(x.std(axis=inner, keepdims=True), spec.min_std)
        return _planes(x, spec)
    if spec.means:
        x = _planes(x, spec) - np.array(spec.means, np.float32)
        return np.asarray(x * np.float32(spec.scale) + np.float32(spec.offset))
    return _planes(x * np.float32(spec.scale) + np.float32(spec.offset), spec)


def _planes(x: Tensor, spec: InputSpec) -> Tensor:
    if x.ndim == 3:
        return np.repeat(x[..., None], spec.channels, axis=3)
    return np.ascontiguousarray(x[..., ::-1]) if spec.order == "bgr" else x
