"""The repeated-measures correlation, against the analysis of covariance behind it."""

from __future__ import annotations

import math
from random import Random

import numpy as np
import pytest

from monitor.agreement import Pair, repeated_measures_correlation


def simulated(
    slope: float, people: int = 12, days: int = 15, seed: int = 3
) -> list[list[Pair]]:
    """People whose levels run against the slope within each of them."""
    rng = Random(seed)
    found = []
    for n in range(people):
        xs = [rng.gauss(0, 1) for _ in range(days)]
        ys = [slope * x - 5 * n + rng.gauss(0, 1) for x in xs]
        found.append([(x + 3 * n, y) for x, y in zip(xs, ys, strict=True)])
    return found


def ancova(people: list[list[Pair]]) -> float:
    """sqrt(SS_measure / (SS_measure + SS_error)) from two least-squares fits."""
    groups = np.concatenate([np.full(len(p), n) for n, p in enumerate(people)])
    x, y = np.array([pair for pairs in people for pair in pairs]).T
    levels = np.equal.outer(groups, np.arange(len(people))).astype(float)

    def residual(design: np.ndarray) -> tuple[float, np.ndarray]:
        beta = np.linalg.lstsq(design, y, rcond=None)[0]
        return float(((y - design @ beta) ** 2).sum()), beta

    without, _ = residual(levels)
    with_x, beta = residual(np.column_stack([levels, x]))
    return math.copysign(math.sqrt((without - with_x) / without), beta[-1])


@pytest.mark.parametrize("slope", [0.8, 0.1, -0.5])
def test_it_is_that_of_the_analysis_of_covariance(slope: float) -> None:
    people = simulated(slope)
    found = repeated_measures_correlation(people)
    assert found.correlation == pytest.approx(ancova(people), abs=1e-9)
    assert (found.people, found.pairs) == (12, 180)


def test_differences_between_people_do_not_enter() -> None:
    found = repeated_measures_correlation(simulated(0.8))
    assert found.correlation is not None and found.correlation > 0.5
    pooled = np.corrcoef(np.array([p for q in simulated(0.8) for p in q]).T)[0, 1]
    assert pooled < -0.9


def test_the_interval_is_fishers_with_two_more_than_its_freedom() -> None:
    people = [
        [(0.0, 0.0), (1.0, 1.0), (2.0, 1.0)],
        [(0.0, 1.0), (1.0, 1.0), (2.0, 3.0)],
    ]
    found = repeated_measures_correlation(people)
    # Deviations by hand: sums of squares 4 and 10/3, products 3; 6 - 2 - 1 = 3 free.
    r = 3 / math.sqrt(4 * 10 / 3)
    half = 1.959963984540054 / math.sqrt(3 + 2 - 3)
    bounds = math.tanh(math.atanh(r) - half), math.tanh(math.atanh(r) + half)
    assert found.correlation == pytest.approx(r)
    assert found.interval == pytest.approx(bounds)


def test_the_interval_covers_the_truth_about_95_times_in_100() -> None:
    truth = 0.4 / math.hypot(0.4, 1)
    runs = [
        repeated_measures_correlation(simulated(0.4, 8, 12, seed)).interval
        for seed in range(400)
    ]
    covered = sum(span is not None and span.low <= truth <= span.high for span in runs)
    assert 0.92 <= covered / len(runs) <= 0.98


@pytest.mark.parametrize(
    "people",
    [
        [],
        [[(0.1, 1.0)], [(0.2, 3.0)]],
        [[(0.1, 1.0), (0.2, 2.0), (0.3, 3.0)]],
        [[(0.1, 2.0)] * 9],
        [[(0.1, 2.0), (0.3, 2.0), (0.5, 2.0), (0.7, 2.0)]],
    ],
    ids=["nobody", "one day each", "too few", "nothing moves", "one answer"],
)
def test_too_little_has_no_correlation(people: list[list[Pair]]) -> None:
    found = repeated_measures_correlation(people)
    assert (found.correlation, found.interval) == (None, None)


def test_a_perfect_agreement_is_a_point() -> None:
    found = repeated_measures_correlation([[(n / 10, float(n)) for n in range(5)]])
    assert found.correlation == pytest.approx(1.0)
    assert found.interval == pytest.approx((1.0, 1.0), abs=1e-6)
