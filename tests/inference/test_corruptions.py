import numpy as np
import pytest

from inference.training.corruptions import CORRUPTIONS, Face, whole_face
from inference.training.robustness import CLEAN, conditions, mean_damage, summary
from inference.types import Box, EmotionScores, FaceReading, Quality
from tests.faces import draw_scene
from tests.inference.shared import blobs


def reading(*scores: float, reason: str = "") -> FaceReading:
    values = EmotionScores(*scores)
    return FaceReading(
        box=Box(0, 0, 48, 48),
        quality=Quality(48, 50.0, 120.0, 0.0, 0.0, 1.0),
        probabilities=values,
        label=values.label,
        usable=not reason,
        reason=reason,
    )


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_damage_keeps_shape_and_is_the_same_each_time(name: str) -> None:
    for picture in (blobs(1)[0], draw_scene((320, 240))):
        face, before = whole_face(picture), picture.copy()
        first = CORRUPTIONS[name](picture, face, 1, seed=3)
        assert first.shape == picture.shape
        assert first.dtype == np.uint8
        assert np.array_equal(first, CORRUPTIONS[name](picture, face, 1, seed=3))
        assert np.array_equal(picture, before)


def loss(name: str, level: int) -> float:
    """Mean change of a random picture in gray levels, over a few seeds."""
    picture = np.random.default_rng(1).integers(0, 256, (96, 96)).astype(np.uint8)
    picture = picture // 2 + blobs(1, 96)[0] // 2
    damage = CORRUPTIONS[name]
    damaged = [damage(picture, whole_face(picture), level, k) for k in range(8)]
    return float(np.abs(np.stack(damaged).astype(float) - picture).mean())


@pytest.mark.parametrize("name", [one for one in CORRUPTIONS if one != "rotation"])
def test_more_strength_is_more_damage(name: str) -> None:
    assert 0 < loss(name, 0) < loss(name, 1) < loss(name, 2)


def test_the_face_says_how_far_to_shrink() -> None:
    picture = blobs(1, 96)[0]
    near = CORRUPTIONS["small face"](picture, Face(0, 0, 96), 2, seed=1)
    far = CORRUPTIONS["small face"](picture, Face(40, 40, 16), 2, seed=1)
    assert np.array_equal(far, picture)
    assert not np.array_equal(near, picture)


def test_only_the_face_is_covered() -> None:
    picture = np.full((200, 200, 3), 90, np.uint8)
    covered = CORRUPTIONS["mouth hidden"](picture, Face(50, 50, 80), 0, seed=1)
    rows, columns = np.nonzero((covered != 90).any(axis=2))
    assert (rows.min(), rows.max()) == (110, 129)
    assert 50 <= columns.min() <= columns.max() < 130


def test_a_face_that_was_not_found_is_wrong_and_unsure() -> None:
    sure = reading(0.9, 0.1, 0, 0, 0)
    found = summary(np.array([0, 0, 1, 1]), [sure, None, sure, sure], "noise", 1)
    assert (found.accuracy, found.unsure) == (0.25, 0.25)
    assert found.accuracy_answered == pytest.approx(1 / 3)
    assert found.reasons == {"not_found": 0.25}


def test_what_the_gate_refuses_is_answered_last() -> None:
    blurred = reading(0.99, 0.01, 0, 0, 0, reason="blurred")
    faces = [reading(0.2, 0.8, 0, 0, 0)] * 8 + [blurred] * 2
    assert summary(np.ones(10, int), faces, "blur", 1).selective_accuracy == 1


def test_nothing_answered_has_no_accuracy() -> None:
    blurred = reading(1, 0, 0, 0, 0, reason="blurred")
    found = summary(np.array([0]), [blurred], "blur", 3)
    assert (found.unsure, found.accuracy_answered) == (1.0, None)


def test_every_corruption_comes_in_three_strengths_beside_the_clean_pictures() -> None:
    assert len(conditions()) == 1 + 3 * len(CORRUPTIONS)
    assert conditions()[0] == (CLEAN, 0)


def test_the_mean_leaves_the_clean_pictures_out() -> None:
    sure = [reading(1, 0, 0, 0, 0)]
    clean = summary(np.array([0]), sure, CLEAN, 0)
    wrong = summary(np.array([1]), sure, "noise", 1)
    assert mean_damage([clean, wrong])["accuracy"] == 0
