import dataclasses

import numpy as np
import pytest

from inference import EmotionScores, Quality
from inference.detector import Detection
from inference.quality import Gate, measure, reason, yaw

GOOD = Quality(120, 80.0, 120.0, 0.1, 2.0, 0.9)
SURE = EmotionScores(0.0, 1.0, 0.0, 0.0, 0.0)
TORN = EmotionScores(0.3, 0.3, 0.2, 0.1, 0.1)


def test_a_good_face_has_no_reason() -> None:
    assert reason(GOOD, SURE, Gate()) == ""


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"size_px": 20}, "too_small"),
        ({"sharpness": 1.0}, "blurred"),
        ({"brightness": 5.0}, "too_dark"),
        ({"brightness": 250.0}, "too_bright"),
        ({"yaw": 1.2}, "turned"),
        ({"roll": -60.0}, "turned"),
        ({"detector_score": 0.5}, "weak_detection"),
        ({"sharpness": 900.0}, "noisy"),
    ],
)
def test_each_weakness_has_its_code(change: dict[str, float], code: str) -> None:
    assert reason(dataclasses.replace(GOOD, **change), SURE, Gate()) == code  # type: ignore[arg-type]


def test_a_good_face_without_a_clear_emotion_is_uncertain() -> None:
    assert reason(GOOD, TORN, Gate()) == "uncertain"


def points(nose_x: float) -> np.ndarray:
    out = np.zeros((6, 2), np.float32)
    out[0], out[1], out[2] = (10, 20), (30, 20), (nose_x, 30)
    return out


@pytest.mark.parametrize(("nose_x", "expected"), [(20, 0), (30, 1), (15, 0.5)])
def test_yaw_is_where_the_nose_lies_between_the_eyes(
    nose_x: float, expected: float
) -> None:
    assert yaw(points(nose_x)) == pytest.approx(expected)


def test_size_is_in_pixels_of_the_original_picture() -> None:
    face = Detection((0, 0, 50, 40), 0.9, None)
    crop = np.full((96, 96), 77, np.uint8)
    quality = measure(crop, face, scale=0.25)
    assert (quality.size_px, quality.brightness, quality.sharpness) == (160, 77, 0)
