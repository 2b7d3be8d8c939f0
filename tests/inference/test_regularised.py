"""Corrections that know what they do not know."""

import numpy as np
import pytest

from inference.quantify import (
    HAPPINESS,
    STRESS,
    Quantifier,
    interval,
    of_labels,
)
from inference.regularised import Corrected, correct, scatter
from tests.inference.test_quantify import MANY, ONES, SAD_AS_NEUTRAL, biased

READ = np.full((1, 5), 0.2)
ALPHA = np.array([0.6, 1.5, 3.0, 0.8, 0.5])
STEPS = np.array(
    [
        (a, h, n, s, 20 - a - h - n - s)
        for a in range(21)
        for h in range(21 - a)
        for n in range(21 - a - h)
        for s in range(21 - a - h - n)
    ]
)


def corrected(
    observed: np.ndarray, n: float = 100, quantifier: Quantifier | None = None
) -> Corrected:
    generator = np.random.default_rng(1)
    sizes = np.full(len(observed), float(n))
    return correct(quantifier or biased(), observed, sizes, generator)


def test_known_confusion_is_undone_when_there_are_many_readings() -> None:
    truth = np.random.default_rng(1).dirichlet(ALPHA, 20)
    found = corrected(truth @ SAD_AS_NEUTRAL, n=1e7)
    assert found.shares == pytest.approx(truth, abs=1e-3)
    assert found.fits.all()


def test_with_few_readings_it_stays_nearer_to_what_was_read() -> None:
    observed = np.array([[0.05, 0.1, 0.55, 0.25, 0.05]])
    few, many = (corrected(observed, n).mode for n in (2, 1e6))
    assert np.abs(few - observed).sum() < np.abs(many - observed).sum() / 2


def test_a_class_that_looks_like_another_keeps_what_was_read() -> None:
    """Least squares would divide the two by chance."""
    matrix = SAD_AS_NEUTRAL.copy()
    matrix[0] = matrix[2]
    observed = np.array([[0.02, 0.02, 0.84, 0.1, 0.02]])
    found = corrected(observed, 1e6, Quantifier(matrix, MANY, ONES, ONES))
    assert found.shares[0, 0] < 0.2
    assert np.ptp(found.draws[:, 0, 0]) > 0.2


def cost(shares: np.ndarray, row: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """What the correction minimises, from its definition. shares: (..., 5)."""
    off = shares @ SAD_AS_NEUTRAL - row
    far = np.einsum("...i,ij,...j->...", off, np.linalg.pinv(covariance), off)
    bias = shares @ SAD_AS_NEUTRAL - shares
    return np.asarray(far + (bias**2).sum(axis=-1) / 0.2**2)


def test_it_agrees_with_the_best_point_of_a_grid() -> None:
    """The reference: the same objective tried at every twentieth of the simplex."""
    observed = np.random.default_rng(4).dirichlet(ALPHA, 8)
    few = biased(MANY / 1e4)
    found = corrected(observed, 60, few).mode
    covariances = scatter(few, observed, np.full(8, 60.0))
    for row, own, covariance in zip(observed, found, covariances, strict=True):
        costs = cost(STEPS / 20, row, covariance)
        assert cost(own, row, covariance) <= costs.min() + 1e-3
        assert np.abs(STEPS[costs.argmin()] / 20 - own).max() < 0.1


def test_the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    generator = np.random.default_rng(2)
    truth = generator.dirichlet(ALPHA, 600)
    seen = generator.multinomial(200, truth @ SAD_AS_NEUTRAL) / 200
    found = corrected(seen, 200)
    for what in (STRESS, HAPPINESS):
        low, high = interval(found.draws, what)
        inside = (low <= truth @ what) & (truth @ what <= high)
        assert 0.92 <= inside.mean() <= 0.98


def test_it_carries_the_uncertainty_of_matrix_and_usable_rates() -> None:
    def width(quantifier: Quantifier) -> float:
        draws = corrected(np.full((1, 5), 0.2), 1e6, quantifier).draws
        low, high = interval(draws, STRESS)
        return float(high[0] - low[0])

    exact, half = width(biased()), width(biased(np.full(5, 40.0)))
    doubtful = width(biased(np.full(5, 40.0), np.full(5, 0.5)))
    assert exact < half < doubtful


def test_classes_that_scatter_more_widen_it() -> None:
    def width(within: np.ndarray | None) -> float:
        known = Quantifier(SAD_AS_NEUTRAL, MANY, ONES, np.full(5, 0.9), within)
        low, high = interval(corrected(READ, 100, known).draws, STRESS)
        return float(high[0] - low[0])

    labels = of_labels(SAD_AS_NEUTRAL)
    assert width(labels / 10) < width(labels / 2) < width(labels)
    assert width(labels / 10) < width(None) < width(labels)


def test_readings_that_no_shares_explain_do_not_fit() -> None:
    anger_alone = np.array([[1.0, 0, 0, 0, 0]])
    assert corrected(anger_alone, 5).fits.all()
    assert not corrected(anger_alone, 500).fits.any()


def test_the_same_readings_give_the_same_draws() -> None:
    observed = np.full((3, 5), 0.2)
    assert (corrected(observed).draws == corrected(observed).draws).all()


def test_a_class_that_was_never_measured_gets_no_share() -> None:
    counts = np.array([99, 99, 0, 99, 99.0])
    known = Quantifier(np.diag(counts / 99), counts, ONES, ONES)
    found = corrected(np.full((1, 5), 0.2), 99, known)
    assert found.draws[:, 0, 2].max() == pytest.approx(0, abs=1e-3)
