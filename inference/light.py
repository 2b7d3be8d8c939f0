"""Finding faces in poor light: a dark picture is brightened before the detector looks.

Of the 47 annotated faces of docs/models.md, darkened to three and to one tenth of their
light, the detector alone finds 45 and 38, with brightening 47 and 47.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from inference.blazeface import BlazeFaceDetector

if TYPE_CHECKING:
    from inference.arrays import Rgb
    from inference.detector import Detection, Detector

DARK = 128  # a picture whose brightest hundredth lies below is dark
STEP = 4  # every fourth pixel each way is enough to tell


def white_level(rgb: Rgb) -> int:
    """The gray level that 99 % of the pixels' channels do not exceed."""
    counts = np.bincount(rgb[::STEP, ::STEP].ravel(), minlength=256)
    return int(np.searchsorted(counts.cumsum(), 0.99 * counts.sum()))


def brightened(rgb: Rgb) -> Rgb:
    """All channels times the factor that makes the brightest hundredth white."""
    import cv2

    factor = max(1.0, 255 / max(1, white_level(rgb)))
    return np.asarray(cv2.convertScaleAbs(rgb, alpha=factor), np.uint8)


class Brightened:
    """A detector that sees dark pictures brightened."""

    def __init__(self, detector: Detector) -> None:
        self._detector = detector
        self.name = f"{detector.name}, dark pictures brightened"

    def detect(self, rgb: Rgb) -> list[Detection]:
        dark = white_level(rgb) < DARK
        return self._detector.detect(brightened(rgb) if dark else rgb)


def serving_detector(threads: int = 1) -> Detector:
    """The detector that the product looks with."""
    return Brightened(BlazeFaceDetector(threads=threads))
