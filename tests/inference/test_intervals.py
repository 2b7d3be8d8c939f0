import numpy as np
import pytest

from inference.training.curves import reliability, risk_coverage
from inference.training.intervals import as_json, bootstrap, figures_of, intervals
from inference.training.metrics import figures
from inference.training.scored import Scored
from inference.types import EMOTIONS

NONE = np.array([], int)


def answers(n: int = 600, hits: float = 0.8, seed: int = 0) -> Scored:
    """Random answers of which a share is right, with a confidence of 0.4 to 1."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 5, n)
    said = np.where(rng.random(n) < hits, labels, (labels + 1) % 5)
    sure = rng.uniform(0.4, 1, n)
    rows = np.repeat(((1 - sure) / 4)[:, None], 5, axis=1)
    rows[np.arange(n), said] = sure
    return Scored(labels, rows.astype(np.float32))


def test_an_interval_holds_its_figure_and_is_as_wide_as_theory_says() -> None:
    one = intervals(answers(), EMOTIONS)["accuracy"]
    expected = 1.96 * np.sqrt(one.value * (1 - one.value) / 600)
    assert one.low < one.value < one.high
    assert (one.high - one.low) / 2 == pytest.approx(expected, rel=0.1)


def test_headline_figures_are_those_of_the_table() -> None:
    scored = answers()
    table = figures(scored.labels, scored.probabilities, not_found=NONE)
    own = figures_of(scored, EMOTIONS)
    assert own["accuracy"] == pytest.approx(table.accuracy)
    assert own["balanced_accuracy"] == pytest.approx(table.balanced_accuracy)
    assert own["ece"] == pytest.approx(table.ece, abs=1e-6)
    assert own["recall sad"] == pytest.approx(table.per_class["sad"].sensitivity)


def test_the_interval_of_a_calibration_error_is_freed_of_its_bias() -> None:
    scored = answers(400)
    one = intervals(scored, EMOTIONS)["ece"]
    middle = float(np.median(bootstrap(scored, EMOTIONS)["ece"]))
    assert middle > one.value
    assert one.low <= one.value <= one.high


def test_a_recall_of_none_in_thirty_is_not_surely_zero() -> None:
    scored = answers(150, hits=0.0)
    found = as_json(intervals(scored, EMOTIONS))
    assert found["recall"]["angry"][0] == 0
    assert 0.05 < found["recall"]["angry"][1] < 0.2


def test_a_class_without_pictures_has_no_interval() -> None:
    scored = answers()
    found = intervals(scored.where(scored.labels != 2), EMOTIONS)
    assert "recall neutral" not in found
    assert intervals(scored.where(scored.labels > 9), EMOTIONS) == {}


def test_the_same_pictures_give_the_same_intervals() -> None:
    assert intervals(answers(), EMOTIONS) == intervals(answers(), EMOTIONS)


def test_a_picture_without_a_face_is_wrong_and_answered_last() -> None:
    rows = np.eye(5, dtype=np.float32)[[0, 1, 2, 3, 4]]
    rows[4] = 0
    scored = Scored(np.arange(5), rows)
    assert scored.predicted.tolist() == [0, 1, 2, 3, -1]
    assert risk_coverage(scored).at_80 == 1
    assert figures_of(scored, EMOTIONS)["accuracy"] == pytest.approx(0.8)


def test_answers_of_another_number_than_labels_are_refused() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        Scored(np.arange(3), np.zeros((2, 5), np.float32))


def test_refusing_the_least_sure_helps_when_confidence_is_honest() -> None:
    labels = np.zeros(10, int)
    rows = np.tile(np.array([0.9, 0.1], np.float32), (10, 1))
    rows[8:] = (0.4, 0.6)
    curve = risk_coverage(Scored(labels, rows))
    assert curve.at_80 == pytest.approx(1)
    assert curve.accuracy[-1] == pytest.approx(0.8)
    assert curve.area == pytest.approx((1 / 9 + 2 / 10) / 10)


def test_equally_sure_answers_do_not_depend_on_their_order() -> None:
    rows = np.tile(np.array([0.9, 0.1], np.float32), (10, 1))
    labels = np.repeat([0, 1], 5)
    first = risk_coverage(Scored(labels, rows)).at_80
    assert first == pytest.approx(risk_coverage(Scored(labels[::-1], rows)).at_80)
    assert first == pytest.approx(0.5)
    assert figures_of(Scored(labels, rows), "ab")["selective_accuracy"] == (
        pytest.approx(0.5)
    )


def test_a_reliability_diagram_counts_every_picture_with_a_face() -> None:
    scored = answers(300)
    diagram = reliability(scored)
    assert sum(diagram.count) == 300
    gaps = np.abs(np.subtract(diagram.confidence, diagram.accuracy))
    assert float(gaps @ diagram.count) / 300 == pytest.approx(diagram.ece, abs=1e-6)
