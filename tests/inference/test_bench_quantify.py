"""The comparison of corrections, on answers whose errors are known."""

import numpy as np
import pytest

from bench.quantify import (
    Round,
    confusion,
    coverage_table,
    figures,
    pictures_table,
    rescaled,
    same_kind,
    ways_table,
)
from inference.training.simulate import Observed
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
    assert [len(one.measured) for one in rounds] == [35] * 6
    assert {len(one.pictures) for one in rounds} == {len(BIASED) // 2}


def test_tables_have_a_row_per_case() -> None:
    ways = figures([Round(BIASED, BIASED, 1)], 20, 5)
    row = {"staff": "FER", "matrix": "same kind", "readings": 200, "per_class": 10}
    found = {"compared": [row | {"ways": ways}], "by_size": [row | {"ways": ways}]}
    for table in (ways_table, coverage_table, pictures_table):
        head, _, line = table(found).splitlines()
        assert head.count("|") == line.count("|")
        assert line.startswith("| FER |")
