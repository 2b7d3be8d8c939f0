"""Finding faces in a picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from inference.errors import MissingModel

if TYPE_CHECKING:
    from inference.arrays import Points, Rgb


@dataclass(frozen=True, slots=True)
class Detection:
    """A face in pixels of the picture given.

    box: x, y, width, height. landmarks: (6, 2) right eye, left eye, nose tip, mouth,
    right ear, left ear, as the person has them; None where the detector finds none.
    """

    box: tuple[float, float, float, float]
    score: float
    landmarks: Points | None


class Detector(Protocol):
    """Anything that finds faces in RGB pixels (h, w, 3)."""

    name: str

    def detect(self, rgb: Rgb) -> list[Detection]: ...


class HaarDetector:
    """OpenCV's frontal cascade, as in the older papers: the floor to beat."""

    name = "haar-frontal"

    def __init__(self) -> None:
        import cv2

        folder: str = cv2.data.haarcascades  # type: ignore[attr-defined]
        self._cascade = cv2.CascadeClassifier(
            folder + "haarcascade_frontalface_default.xml"
        )
        if self._cascade.empty():
            raise MissingModel(
                "OpenCV's Haar cascade is missing: "
                "install opencv-python-headless below version 5"
            )

    def detect(self, rgb: Rgb) -> list[Detection]:
        import cv2

        gray = cv2.equalizeHist(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY))
        boxes, _, weights = self._cascade.detectMultiScale3(
            gray, scaleFactor=1.1, minNeighbors=5, outputRejectLevels=True
        )
        return [
            Detection(
                (float(x), float(y), float(w), float(h)),
                float(1 / (1 + np.exp(-weight))),
                None,
            )
            for (x, y, w, h), weight in zip(boxes, np.ravel(weights), strict=True)
        ]
