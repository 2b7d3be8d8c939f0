"""The evidence of a rise, and what is learned of people in general."""

from __future__ import annotations

import numpy as np
import pytest

from monitor.change_point import (
    DEFAULT,
    Belief,
    Floats,
    Population,
    day_mean,
    day_variance,
    effective_looks,
    estimate_population,
    likelihoods,
    prior,
)
from monitor.flag_simulation import Setting, invent


def believe(days: Floats, bins: int = 18) -> Belief:
    """After these days (people, days), on each of which a rise may have begun."""
    people = len(days)
    belief = Belief(prior(people, DEFAULT))
    alike, index = np.unique(days, return_inverse=True)
    table = likelihoods(alike, np.full(alike.shape, bins), DEFAULT)
    for day in index.reshape(days.shape).T:
        belief.see(table[day], np.ones(people, bool))
    return belief


def test_correlated_looks_are_counted_as_the_variance_of_their_mean_says() -> None:
    n, rho = 5, 0.6
    lags = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    variance = (rho**lags).sum() / n**2
    assert effective_looks(n, rho) == pytest.approx(1 / variance)
    assert effective_looks([0, 1], rho) == pytest.approx([0, 1])


def test_a_days_variance_is_that_of_its_looks_when_days_are_alike() -> None:
    found = day_variance(np.array(0.25), 1, Population(day_sd=0.0))
    assert found == pytest.approx(0.25 * 0.75)


def test_days_scatter_towards_the_middle() -> None:
    rng = np.random.default_rng(2)
    odds = np.log(0.2 / 0.8) + 0.45 * rng.standard_normal(200_000)
    expected = (1 / (1 + np.exp(-odds))).mean()
    assert day_mean(np.array(0.2), DEFAULT) == pytest.approx(expected, abs=0.001)


def test_a_day_without_bins_says_nothing() -> None:
    assert (likelihoods(0.0, 0, DEFAULT) == likelihoods(0.9, 0, DEFAULT)).all()
    belief = believe(np.full((1, 10), 0.2))
    usual = belief.usual.copy()
    belief.see(likelihoods([0.0], [0], DEFAULT), [False])
    assert belief.usual == pytest.approx(usual)


def test_the_usual_ratio_is_learned_from_the_days() -> None:
    mean, variance = believe(np.array([[0.1] * 60, [0.5] * 60])).moments()
    assert mean == pytest.approx([0.1, 0.5], abs=0.02)
    assert (variance < 0.05**2).all()


def test_without_a_rise_the_statistic_grows_by_one_a_day_on_average() -> None:
    """What the false alarms of every setting rest on."""
    rng = np.random.default_rng(3)
    worlds = [invent(rng, Setting("null"), 10).stress for _ in range(100)]
    statistic = np.exp(believe(np.concatenate(worlds)).evidence())
    error = statistic.std() / len(statistic) ** 0.5
    assert statistic.mean() == pytest.approx(10, abs=max(4 * error, 1))
    assert error < 1


@pytest.mark.parametrize(("rho", "pictures"), [(0.3, 6), (0.6, 18), (0.8, 45)])
def test_a_population_is_found_again(rho: float, pictures: int) -> None:
    rng = np.random.default_rng(4)
    setting = Setting("people", Population(rho=rho), pictures)
    worlds = [invent(rng, setting, 25) for _ in range(8)]
    stress = np.concatenate([world.stress for world in worlds])
    found = estimate_population(stress, np.full(stress.shape, pictures))
    assert found.rho == pytest.approx(rho, abs=0.05)
    assert found.alpha / (found.alpha + found.beta) == pytest.approx(0.25, abs=0.03)
    assert found.alpha + found.beta == pytest.approx(8, abs=3)


def test_too_few_people_or_days_leave_the_default() -> None:
    stress, bins = np.full((7, 30), 0.3), np.full((7, 30), 10)
    assert estimate_population(stress, bins) == DEFAULT
    short = np.full((20, 9), 0.3)
    assert estimate_population(short, np.full(short.shape, 10)) == DEFAULT
    assert estimate_population(np.zeros((0, 0)), np.zeros((0, 0), int)) == DEFAULT
