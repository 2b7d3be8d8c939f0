import numpy as np
import pytest

from inference.training.calibrate import fit_temperature
from inference.training.metrics import calibration_error, figures, table

NONE = np.array([], int)


def sure_of(classes: list[int], p: float = 0.9) -> np.ndarray:
    rows = np.full((len(classes), 5), (1 - p) / 4)
    rows[np.arange(len(classes)), classes] = p
    return rows


def test_figures_agree_with_a_count_by_hand() -> None:
    truth = np.array([0, 0, 1, 1, 1, 2])
    result = figures(truth, sure_of([0, 1, 1, 1, 0, 2]), not_found=NONE)
    happy = result.per_class["happy"]
    assert result.accuracy == pytest.approx(4 / 6)
    assert result.balanced_accuracy == pytest.approx((1 / 2 + 2 / 3 + 1) / 3)
    assert happy.precision == pytest.approx(2 / 3)
    assert happy.sensitivity == pytest.approx(2 / 3)
    assert happy.specificity == pytest.approx(2 / 3)
    assert happy.f1 == pytest.approx(2 / 3)
    assert happy.accuracy == pytest.approx(4 / 6)
    assert happy.n == 3


def test_rows_of_the_confusion_are_true_classes() -> None:
    result = figures(np.array([0, 0, 3]), sure_of([0, 2, 3]), not_found=NONE)
    assert result.confusion[0] == (1, 0, 1, 0, 0)
    assert result.confusion[3] == (0, 0, 0, 1, 0)


def test_a_picture_without_a_face_counts_as_wrong() -> None:
    result = figures(np.array([1]), sure_of([1]), not_found=np.array([1, 4]))
    assert (result.n, result.not_found) == (3, 2)
    assert result.accuracy == pytest.approx(1 / 3)
    assert result.per_class["happy"].sensitivity == 0.5
    assert result.per_class["surprise"].sensitivity == 0


def test_a_class_without_pictures_does_not_count_in_the_balance() -> None:
    result = figures(np.array([0, 1]), sure_of([0, 1]), not_found=NONE)
    assert result.balanced_accuracy == 1
    assert result.per_class["sad"].precision == 0


def test_calibration_error_is_the_gap_between_doubt_and_mistakes() -> None:
    truth = np.array([0, 0, 0, 1])
    assert calibration_error(truth, sure_of([0] * 4, 0.9)) == pytest.approx(0.15)
    assert calibration_error(truth, sure_of([0] * 4, 0.75)) == pytest.approx(0)


def test_the_temperature_cools_a_network_that_is_too_sure() -> None:
    generator = np.random.default_rng(0)
    truth = generator.integers(0, 5, 4000)
    logits = generator.normal(size=(4000, 5))
    logits[np.arange(4000), truth] += 1.5
    scaled = np.exp(3 * logits) / np.exp(3 * logits).sum(axis=1, keepdims=True)
    honest = np.exp(1.5 * logits) / np.exp(1.5 * logits).sum(axis=1, keepdims=True)
    ratio = fit_temperature(scaled, truth) / fit_temperature(honest, truth)
    assert ratio == pytest.approx(2, rel=0.01)


def test_the_table_names_every_class_and_headline() -> None:
    text = table(figures(np.array([0, 1]), sure_of([0, 1]), not_found=NONE))
    for word in ("angry", "surprise", "sensitivity", "balanced accuracy", "ECE"):
        assert word in text


def test_figures_take_any_list_of_classes() -> None:
    rows = np.eye(8, dtype=np.float32)[[0, 5, 6, 7]]
    names = ("a", "b", "c", "d", "e", "f", "g", "h")
    result = figures(np.array([0, 5, 6, 6]), rows, not_found=NONE, names=names)
    assert len(result.confusion) == 8
    assert result.per_class["g"].sensitivity == 0.5
    assert "h" in table(result)
    with pytest.raises(ValueError, match="8 columns, but 5 names"):
        figures(np.array([0]), rows[:1], not_found=NONE)
