"""The comparison of corrections, on answers whose errors are known."""

import numpy as np
import pytest

from bench.quantify import (
    ENOUGH,
    LEADS,
    RATIOS,
    SPLITS,
    Round,
    confusion,
    coverage_table,
    figures,
    pictures_table,
    rescaled,
    rule_table,
    same_kind,
    ways_table,
)
from bench.tables import read
from inference.training.simulate import Observed
from monitor.correction import Matrix
from monitor.services.calibration import NEEDED
from tests.inference.test_quantify import SAD_AS_NEUTRAL
from tests.inference.test_simulate import BIASED, answers


def doubtful(temperature: float, seed: int) -> Observed:
    """Probabilities that are right at temperature 1, too sure below it."""
    generator = np.random.default_rng(seed)
    truth = generator.dirichlet(np.ones(5), 3000)
    labels = (generator.random((3000, 1)) > truth.cumsum(axis=1)[:, :-1]).sum(axis=1)
    sharp = truth ** (1 / temperature)
    every = np.ones(3000, bool)
    return Observed(labels, sharp / sharp.sum(axis=1, keepdims=True), every, every)


def test_rescaling_takes_back_too_much_certainty() -> None:
    sure, right = doubtful(0.5, seed=1), doubtful(1.0, seed=1)
    found = rescaled(sure, sure.probabilities)
    assert np.abs(found - right.probabilities).mean() < 0.02
    assert np.abs(sure.probabilities - right.probabilities).mean() > 0.05


def test_the_confusion_is_that_of_the_labels() -> None:
    assert confusion(BIASED) == pytest.approx(BIASED.quantifier().matrix)


def test_each_correction_undoes_a_known_confusion() -> None:
    other = answers(SAD_AS_NEUTRAL, seed=9)
    found = figures([Round(BIASED, other, 1)], 400, 60)
    raw = found["raw"]["mae_stress"]
    for way in ("ACC", "PACC", "regularised"):
        assert found[way]["mae_stress"] < raw / 1.5
    assert found["regularised"]["coverage_stress"] > 0.9


def test_the_matrix_is_never_measured_on_pictures_of_the_staff() -> None:
    rounds = same_kind(BIASED, per_class=7)
    assert [len(one.measured) for one in rounds] == [35] * 2 * SPLITS
    assert {len(one.pictures) for one in rounds} == {len(BIASED) // 2}


def test_tables_have_a_row_per_case() -> None:
    ways = figures([Round(BIASED, BIASED, 1)], 20, 5)
    row = {"staff": "FER", "matrix": "same kind", "readings": 200, "per_class": 10}
    found = {"compared": [row | {"ways": ways}], "by_size": [row | {"ways": ways}]}
    for table in (ways_table, rule_table, coverage_table, pictures_table):
        head, _, line = table(found).splitlines()
        assert head.count("|") == line.count("|")
        assert line.startswith("| FER |")


def test_what_leads_is_what_the_product_leads_with() -> None:
    """Corrected with the site's own matrix, as read with the model's."""
    own = figures([Round(BIASED, BIASED, 1, Matrix.SITE)], 200, 60)
    of_model = figures([Round(BIASED, BIASED, 1, Matrix.SHIPPED)], 200, 60)
    key = "mae_stress"
    assert own[LEADS][key] == pytest.approx(own["regularised"][key], abs=2e-3)
    assert own[LEADS][key] < own["raw"][key] / 1.3
    assert of_model[LEADS][key] == of_model["raw"][key]


def test_coverage_comes_with_an_interval_over_divisions() -> None:
    rounds = same_kind(BIASED)
    ways = figures(rounds[:8], 40, 20)["regularised"]
    low, high = ways["coverage_stress_interval"]
    assert 0 <= low < ways["coverage_stress"] < high <= 1
    alone = figures(rounds[:2], 40, 20)["regularised"]
    assert alone["coverage_stress_interval"] is None


def test_what_leads_never_errs_much_more_than_what_was_read() -> None:
    """At most 0.005 on any set tried, at every number of readings."""
    found = read("seresnet14-1.quantify")
    sizes = [row for row in found["by_size"] if row["per_class"] >= ENOUGH]
    for row in found["compared"] + sizes:
        for ratio in RATIOS:
            key = f"mae_{ratio}"
            assert row["ways"][LEADS][key] <= row["ways"]["raw"][key] + 0.005, row
    assert ENOUGH == NEEDED


def test_with_a_fitting_matrix_the_interval_holds_as_often_as_it_says() -> None:
    """At 200, 40 and 12 readings; half of `jaffe/` is too small for a matrix."""
    rows = read("seresnet14-1.quantify")["compared"]
    fitting = [
        row["ways"]["regularised"]
        for row in rows
        if row["matrix"] == "same kind" and row["staff"] != "jaffe"
    ]
    assert len(fitting) == 6
    for ways in fitting:
        for ratio in RATIOS:
            assert 0.93 <= ways[f"coverage_{ratio}"] <= 0.97
