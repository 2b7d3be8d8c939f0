"""Ratios, intervals and verdicts against values worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from dashboard.words import verdict_sentence
from monitor.scoring import (
    DayTotals,
    Gates,
    Ratios,
    Totals,
    Verdict,
    Weights,
    bins_of,
    effective_n,
    ratios_of,
    wilson,
)
from monitor.team_scoring import t_quantile

LEVEL = 0.4
DAY = date(2026, 3, 20)
SAD = (0.0, 0.0, 0.0, 1.0, 0.0)
CALM = (0.0, 0.0, 1.0, 0.0, 0.0)


def totals(
    bins: int = 60, days: int = 5, stress: float = 0.5, unsure: int = 0
) -> Totals:
    shares = (stress / 2, 0.0, 1 - stress, stress / 2, 0.0)
    sums = tuple(bins * share for share in shares)
    return Totals(
        bins=bins,
        counted=2 * bins,
        unsure=unsure,
        days=days,
        expected_days=10,
        expected_hours=80.0,
        covered_hours=8.0 * days,
        sums=(sums[0], sums[1], sums[2], sums[3], sums[4]),
        hard=(0.0, 0.0, float(bins), 0.0, 0.0),
        model="m",
    )


def day(n: int, model: str = "new", bins: int = 10, stress: float = 0.5) -> DayTotals:
    sums = (0.0, 0.0, bins * (1 - stress), bins * stress, 0.0)
    at = DAY + timedelta(days=n)
    return DayTotals(at, model, "1", bins, bins, 1, sums, sums)


def person(stress: float, bins: int = 60) -> Ratios:
    return ratios_of(totals(bins=bins, stress=stress), level=LEVEL)


@pytest.mark.parametrize(
    ("share", "n", "low", "high"),
    [
        (0.5, 10, 0.2366, 0.7634),
        (0.8, 10, 0.4902, 0.9433),
        (0.0, 10, 0.0, 0.2775),
        (1.0, 10, 0.7225, 1.0),
        (0.5, 0.25, 0.0155, 0.9845),
    ],
)
def test_wilson_gives_the_published_interval(
    share: float, n: float, low: float, high: float
) -> None:
    assert wilson(share, n) == pytest.approx((low, high), abs=1e-4)


def test_wilson_of_nothing_is_no_interval() -> None:
    assert wilson(0.5, 0) is None


@pytest.mark.parametrize(
    ("rho", "expected"), [(0.6, 7.5), (0.0, 30), (-0.5, 30), (0.9, 1.5789)]
)
def test_correlated_observations_count_for_fewer(rho: float, expected: float) -> None:
    assert effective_n(30, rho) == pytest.approx(expected, abs=1e-3)


def test_an_autocorrelation_of_one_is_refused() -> None:
    with pytest.raises(ValueError, match="below 1"):
        effective_n(30, 1.0)


def test_a_burst_is_one_bin() -> None:
    first, second = bins_of([(7, SAD), (8, CALM), (7, SAD), (7, CALM)])
    assert (first.number, first.readings) == (7, 3)
    assert first.means == pytest.approx((0, 0, 1 / 3, 2 / 3, 0))
    assert first.hard == pytest.approx((0, 0, 1 / 3, 2 / 3, 0))
    assert second.means == CALM


def test_the_four_ratios_make_one() -> None:
    ratios = person(0.3)
    assert ratios.stress == pytest.approx(0.3)
    four = (ratios.stress, ratios.happiness, ratios.neutral, ratios.surprise)
    assert sum(value or 0 for value in four) == pytest.approx(1)


@pytest.mark.parametrize(
    ("given", "verdict"),
    [
        (totals(bins=0, days=0), Verdict.NOT_ENOUGH),
        (totals(bins=1, days=1), Verdict.NOT_ENOUGH),
        (totals(bins=29, stress=1.0), Verdict.NOT_ENOUGH),
        (totals(bins=30, stress=1.0), Verdict.STRESSED),
        (totals(bins=400, days=1, stress=1.0), Verdict.NOT_ENOUGH),
        (totals(bins=400, days=2, stress=1.0), Verdict.NOT_ENOUGH),
        (totals(bins=60, stress=1.0, unsure=80), Verdict.STRESSED),
        (totals(bins=60, stress=1.0, unsure=81), Verdict.NOT_ENOUGH),
        (totals(bins=60, stress=0.0), Verdict.NOT_STRESSED),
        (totals(bins=60, stress=0.4), Verdict.INCONCLUSIVE),
        (totals(bins=60, stress=0.6), Verdict.INCONCLUSIVE),
        (totals(bins=400, stress=0.6), Verdict.STRESSED),
        (totals(bins=400, stress=0.2), Verdict.NOT_STRESSED),
    ],
)
def test_the_verdict_speaks_only_when_the_interval_is_clear(
    given: Totals, verdict: Verdict
) -> None:
    assert ratios_of(given, level=LEVEL).verdict is verdict


def test_no_readings_give_no_figures() -> None:
    ratios = ratios_of(Totals(expected_days=5), level=LEVEL)
    assert (ratios.stress, ratios.happiness, ratios.stress_interval) == (None,) * 3
    assert ratios.unsure_rate is None
    assert (ratios.shares, ratios.coverage) == ({}, 0.0)
    assert ratios.missing == ("0 of 30 five-minute bins", "0 of 3 days with data")


def test_unsure_readings_alone_give_no_figures() -> None:
    only_unsure = DayTotals(DAY, "m", "1", 0, 0, 9, (0.0,) * 5, (0.0,) * 5)
    ratios = ratios_of(Totals.of([only_unsure], expected={DAY: 8.0}), level=LEVEL)
    assert (ratios.stress, ratios.unsure_rate, ratios.days) == (None, 1.0, 0)
    assert ratios.verdict is Verdict.NOT_ENOUGH
    assert "100% of the readings are unsure" in ratios.missing[-1]


def test_a_strict_gate_on_independent_observations_names_itself() -> None:
    ratios = ratios_of(totals(bins=40), level=LEVEL, gates=Gates(n_eff=12))
    assert ratios.missing == ("10.0 of 12 independent observations",)


def test_coverage_never_exceeds_one() -> None:
    assert ratios_of(totals(days=5), level=LEVEL).coverage == 0.5
    assert ratios_of(totals(days=12), level=LEVEL).coverage == 1.0


def test_the_hours_seen_stand_against_those_worked() -> None:
    found = person(0.5, bins=60)
    assert (found.hours, found.expected_hours) == (5, 80)


def test_weights_change_what_stress_is() -> None:
    given = replace(totals(stress=0.5), weights=Weights(sad=0.5))
    ratios = ratios_of(given, level=LEVEL)
    assert ratios.stress == pytest.approx(0.375)
    with pytest.raises(ValueError, match="between 0 and 1"):
        Weights(sad=2)


def test_only_the_newest_model_counts() -> None:
    rows = [day(0, "old", stress=1.0), day(1, "old"), day(1, "new"), day(2, "new")]
    found = Totals.of(rows, expected={})
    assert (found.model, found.days, found.bins, found.unsure) == ("new", 2, 20, 2)
    assert found.sums[3] == pytest.approx(10)


def test_on_the_day_of_the_change_the_later_model_counts() -> None:
    rows = [day(0, "a"), day(1, "a"), day(1, "b", bins=1)]
    assert Totals.of(rows, expected={}).model == "b"


@pytest.mark.parametrize(
    ("stress", "bins", "start"),
    [
        (0.6, 400, "The employee is stressed: the stress ratio is 60%"),
        (0.1, 400, "The employee is not stressed: the stress ratio is 10%"),
        (0.4, 60, "The result is inconclusive: the stress ratio is 40%"),
        (0.4, 8, "There is not enough data for a verdict: 8 of 30 five-minute bins."),
    ],
)
def test_the_sentence_says_the_verdict_first(
    stress: float, bins: int, start: str
) -> None:
    assert verdict_sentence(person(stress, bins), LEVEL).startswith(start)


def test_the_sentence_never_contradicts_its_figures() -> None:
    ratios = ratios_of(totals(bins=400, stress=0.6), level=0.501)
    assert ratios.verdict is Verdict.STRESSED
    assert "50.2%" in verdict_sentence(ratios, 0.501)


@pytest.mark.parametrize(
    ("freedom", "expected"), [(4, 2.7764), (7, 2.3646), (30, 2.0423), (1000, 1.9623)]
)
def test_the_t_quantile_agrees_with_the_tables(freedom: int, expected: float) -> None:
    assert t_quantile(freedom) == pytest.approx(expected, abs=2e-3)
