"""The frozen values that leave this package."""

from __future__ import annotations

import math
from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Sequence

EMOTIONS = ("angry", "happy", "neutral", "sad", "surprise")

SUM_TOLERANCE = 1e-3


@dataclass(frozen=True, slots=True)
class EmotionScores:
    """Probabilities of the five emotions, in the order of `EMOTIONS`."""

    angry: float
    happy: float
    neutral: float
    sad: float
    surprise: float

    def __post_init__(self) -> None:
        values = self.as_tuple()
        if not all(math.isfinite(value) and value >= 0 for value in values):
            raise ValueError(f"probabilities must be finite and not negative: {values}")
        if abs(sum(values) - 1) > SUM_TOLERANCE:
            raise ValueError(f"probabilities must sum to 1, not {sum(values):.4f}")

    @classmethod
    def from_array(cls, values: Sequence[float]) -> Self:
        """Scores from any five numbers in the order of `EMOTIONS`."""
        if len(values) != len(EMOTIONS):
            raise ValueError(f"expected {len(EMOTIONS)} numbers, got {len(values)}")
        return cls(*(float(value) for value in values))

    @property
    def label(self) -> str:
        """The most probable emotion; the first one of equals."""
        values = self.as_tuple()
        return EMOTIONS[values.index(max(values))]

    @property
    def confidence(self) -> float:
        """Probability of `label`."""
        return max(self.as_tuple())

    def as_tuple(self) -> tuple[float, float, float, float, float]:
        return (self.angry, self.happy, self.neutral, self.sad, self.surprise)

    def as_dict(self) -> dict[str, float]:
        return dict(zip(EMOTIONS, self.as_tuple(), strict=True))


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels of the upright (EXIF-oriented) original picture."""

    x: int
    y: int
    width: int
    height: int

    @property
    def area(self) -> int:
        return self.width * self.height

    def contains(self, x: float, y: float) -> bool:
        return (
            self.x <= x <= self.x + self.width and self.y <= y <= self.y + self.height
        )

    def as_list(self) -> list[int]:
        return list(astuple(self))


@dataclass(frozen=True, slots=True)
class Quality:
    """What the quality gate looked at.

    size_px: shorter side of the face in pixels of the original picture.
    sharpness: variance of the Laplacian in percent of that of the gray levels.
    brightness: mean gray level, 0 to 255.
    yaw: sideways offset of the nose between the eyes, 0 frontal, 1 over an eye.
    roll: tilt of the line through the eyes in degrees.
    detector_score: 0 to 1.
    """

    size_px: int
    sharpness: float
    brightness: float
    yaw: float
    roll: float
    detector_score: float


REASONS = (
    "",
    "too_small",
    "blurred",
    "noisy",
    "too_dark",
    "too_bright",
    "turned",
    "weak_detection",
    "other_emotion",
    "uncertain",
)


@dataclass(frozen=True, slots=True)
class FaceReading:
    """One face: where it is, how good the picture of it is, what it shows."""

    box: Box
    quality: Quality
    probabilities: EmotionScores
    label: str
    usable: bool
    reason: str = ""

    def __post_init__(self) -> None:
        if self.label != self.probabilities.label:
            raise ValueError(f"label {self.label!r} is not the most probable emotion")
        if self.reason not in REASONS:
            raise ValueError(f"unknown reason {self.reason!r}")
        if self.usable != (self.reason == ""):
            raise ValueError("a face is usable exactly when it has no reason")


@dataclass(frozen=True, slots=True)
class FrameReading:
    """One picture. `error` is "" or the code of `UnreadableImage`."""

    width: int
    height: int
    faces: tuple[FaceReading, ...]
    error: str = ""
