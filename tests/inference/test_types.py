import dataclasses
import math

import pytest

from inference import EMOTIONS, Box, EmotionScores, FaceReading, Quality

SCORES = EmotionScores(0.1, 0.6, 0.1, 0.1, 0.1)
QUALITY = Quality(100, 50.0, 120.0, 0.0, 0.0, 0.9)


def reading(**changes: object) -> FaceReading:
    values = {
        "box": Box(0, 0, 10, 10),
        "quality": QUALITY,
        "probabilities": SCORES,
        "label": "happy",
        "usable": True,
        "reason": "",
    }
    return FaceReading(**{**values, **changes})  # type: ignore[arg-type]


def test_scores_keep_the_order_of_the_emotions() -> None:
    assert list(SCORES.as_dict()) == list(EMOTIONS)
    assert SCORES.as_tuple() == (0.1, 0.6, 0.1, 0.1, 0.1)


def test_the_label_is_the_most_probable_emotion() -> None:
    assert (SCORES.label, SCORES.confidence) == ("happy", 0.6)


@pytest.mark.parametrize(
    "values",
    [
        (0.5, 0.5, 0.5, 0.0, 0.0),
        (-0.1, 0.5, 0.2, 0.2, 0.2),
        (math.nan, 0.25, 0.25, 0.25, 0.25),
        (math.inf, 0, 0, 0, 0),
        (0, 0, 0, 0, 0),
    ],
)
def test_scores_that_are_no_distribution_are_refused(values: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="probabilities"):
        EmotionScores.from_array(values)


def test_scores_of_four_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="expected 5"):
        EmotionScores.from_array([0.25] * 4)


def test_scores_may_miss_one_by_rounding() -> None:
    assert EmotionScores(0.1, 0.6, 0.1, 0.1, 0.1004).label == "happy"


def test_values_are_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        SCORES.happy = 0.0  # type: ignore[misc]


@pytest.mark.parametrize(
    "changes",
    [
        {"label": "sad"},
        {"reason": "ugly", "usable": False},
        {"reason": "blurred"},
        {"usable": False},
    ],
)
def test_a_reading_that_contradicts_itself_is_refused(
    changes: dict[str, object],
) -> None:
    with pytest.raises(ValueError, match=r"label|reason"):
        reading(**changes)


def test_a_box_contains_its_corners_but_not_more() -> None:
    box = Box(10, 20, 5, 5)
    assert box.contains(10, 20)
    assert box.contains(15, 25)
    assert not box.contains(16, 25)
