"""Judging a face's picture before judging the face."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from inference.crop import eye_angle, whole
from inference.types import Quality

if TYPE_CHECKING:
    from inference.arrays import Gray, Points, Rgb
    from inference.detector import Detection
    from inference.types import EmotionScores

MIN_CONFIDENCE = 0.5


@dataclass(frozen=True, slots=True)
class Gate:
    """Limits of a usable face; units as in `Quality`.

    max_sharpness: no clean face has as much detail; the noise of a sensor does.
    max_other: share of the network's belief in classes beside the five.
    """

    min_size_px: int = 28
    min_sharpness: float = 2.0
    max_sharpness: float = 600.0
    min_brightness: float = 10.0
    max_brightness: float = 232.0
    max_yaw: float = 0.9
    max_roll: float = 45.0
    min_score: float = 0.55
    max_other: float = 0.5


JUDGED_SIDE = 48  # sharpness depends on the size it is measured at


def measure(crop: Gray, face: Detection, scale: float) -> Quality:
    """Quality of a face; `scale` is analysed pixels per original pixel."""
    return Quality(
        size_px=round(min(face.box[2:]) / scale),
        sharpness=sharpness(crop),
        brightness=float(crop.mean()),
        yaw=yaw(face.landmarks),
        roll=eye_angle(face.landmarks),
        detector_score=min(max(face.score, 0.0), 1.0),
    )


def of_crop(rgb: Rgb, width: int, height: int) -> Quality:
    """Quality of a picture that is a face crop already: no detector was asked."""
    crop = whole(rgb, JUDGED_SIDE)
    return Quality(
        size_px=min(width, height),
        sharpness=sharpness(crop),
        brightness=float(crop.mean()),
        yaw=0.0,
        roll=0.0,
        detector_score=1.0,
    )


def sharpness(crop: Gray) -> float:
    """Variance of the Laplacian in percent of the variance of the gray levels.

    Pech-Pacheco et al. 2000, measured at JUDGED_SIDE pixels; the division makes a dim
    or flat light count as such and not as blur. 0 for a face of one colour.
    """
    import cv2

    size = (JUDGED_SIDE, JUDGED_SIDE)
    small = cv2.resize(crop, size, interpolation=cv2.INTER_AREA)
    _, edges = cv2.meanStdDev(cv2.Laplacian(small, cv2.CV_32F))
    _, contrast = cv2.meanStdDev(small)
    return 100 * (float(edges[0, 0]) / max(float(contrast[0, 0]), 1.0)) ** 2


def yaw(landmarks: Points | None) -> float:
    """Offset of the nose along the line of the eyes, in half eye distances.

    0 when the nose lies in the middle, 1 when it lies over an eye; 0 if unknown.
    """
    if landmarks is None:
        return 0.0
    right, left, nose = landmarks[0], landmarks[1], landmarks[2]
    half = (left - right) / 2
    length = float(half @ half)
    if length < 1e-6:
        return math.inf
    return abs(float((nose - (right + left) / 2) @ half)) / length


def reason(
    quality: Quality, scores: EmotionScores, gate: Gate, other: float = 0.0
) -> str:
    """Why this face must not count, or "" when it may.

    other: probability of classes beside the five, such as fear.
    """
    checks = (
        ("weak_detection", quality.detector_score < gate.min_score),
        ("too_small", quality.size_px < gate.min_size_px),
        ("too_dark", quality.brightness < gate.min_brightness),
        ("too_bright", quality.brightness > gate.max_brightness),
        ("turned", quality.yaw > gate.max_yaw or abs(quality.roll) > gate.max_roll),
        ("blurred", quality.sharpness < gate.min_sharpness),
        ("noisy", quality.sharpness > gate.max_sharpness),
        ("other_emotion", other > gate.max_other),
        ("uncertain", scores.confidence < MIN_CONFIDENCE),
    )
    return next((code for code, failed in checks if failed), "")
