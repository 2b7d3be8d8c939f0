"""From a gray crop to a network's input; training and serving share it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from inference.arrays import Gray, Tensor


@dataclass(frozen=True, slots=True)
class InputSpec:
    """How a crop becomes a tensor of (size, size, channels).

    standardise: "per_image" subtracts a crop's own mean and divides by its own
    standard deviation (never below `min_std` gray levels, so that a flat crop does
    not become amplified noise); "fixed" computes x * scale + offset.
    """

    size: int
    channels: int = 3
    colour: Literal["gray_replicated"] = "gray_replicated"
    standardise: Literal["per_image", "fixed"] = "per_image"
    min_std: float = 4.0
    scale: float = 1 / 255
    offset: float = 0.0


def resize(crops: Gray, size: int) -> Gray:
    """Crops (N, s, s) as (N, size, size); areas are averaged when shrinking."""
    import cv2

    if crops.shape[1:] == (size, size):
        return crops
    how = cv2.INTER_AREA if crops.shape[1] > size else cv2.INTER_LINEAR
    out = np.empty((len(crops), size, size), np.uint8)
    for source, target in zip(crops, out, strict=True):
        cv2.resize(source, (size, size), dst=target, interpolation=how)
    return out


def to_tensor(crops: Gray, spec: InputSpec) -> Tensor:
    """Gray crops (N, s, s) uint8 as (N, size, size, channels) float32."""
    x = resize(crops, spec.size).astype(np.float32)
    if spec.standardise == "per_image":
        x -= x.mean(axis=(1, 2), keepdims=True)
        x /= np.maximum(x.std(axis=(1, 2), keepdims=True), spec.min_std)
    else:
        x = x * np.float32(spec.scale) + np.float32(spec.offset)
    return np.repeat(x[..., None], spec.channels, axis=3)
