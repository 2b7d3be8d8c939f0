"""The rule on made-up days: whom it flags, when it lets go, when it is silent."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from itertools import cycle, islice

import pytest

from monitor.flag_rules import POLICY, DayValue, Decision, decide, evaluate
from monitor.periods import last_working_days

FRIDAY = date(2026, 3, 20)
# Usual days, sd 0.075.
USUAL = (0.2, 0.28, 0.12, 0.3, 0.15, 0.33, 0.18)


def usual(n: int, shift: float = 0.0) -> list[float]:
    return [value + shift for value in islice(cycle(USUAL), n)]


def days(values: list[float], bins: int = 14) -> list[DayValue]:
    """Working days up to that Friday."""
    dates = last_working_days(len(values), until=FRIDAY)
    return [DayValue(day, x, bins) for day, x in zip(dates, values, strict=True)]


def decisions(rows: list[DayValue], last: int) -> list[Decision]:
    """What is decided on each of the last working days without an open flag."""
    return [decide(rows, day, is_open=False) for day in last_working_days(last, FRIDAY)]


def test_a_steady_person_is_never_flagged() -> None:
    assert set(decisions(days(usual(80)), last=40)) == {Decision.NOTHING}


@pytest.mark.parametrize(("shift", "within"), [(0.3, 10), (0.2, 12)])
def test_a_sustained_rise_is_flagged_within_days(shift: float, within: int) -> None:
    rows = days(usual(45) + usual(20, shift))
    assert Decision.OPEN in decisions(rows, last=20)[:within]


def test_a_rise_below_fifteen_points_is_not() -> None:
    rows = days(usual(45) + usual(20, 0.12))
    assert set(decisions(rows, last=20)) == {Decision.NOTHING}


def test_one_bad_day_is_not() -> None:
    assert set(decisions(days(usual(50) + [0.95] + usual(9)), last=10)) == {
        Decision.NOTHING
    }


def test_it_takes_three_evaluations_in_a_row() -> None:
    rows = days(usual(45) + usual(20, 0.3))
    dates = last_working_days(20, FRIDAY)
    first = next(n for n, day in enumerate(dates) if evaluate(rows, day).enter)
    opened = decisions(rows, last=20).index(Decision.OPEN)
    assert opened == first + 2


def test_on_a_weekend_it_decides_as_on_friday() -> None:
    rows = days(usual(45) + usual(20, 0.3))
    sunday = FRIDAY + timedelta(days=2)
    assert decide(rows, sunday, is_open=False) is decide(rows, FRIDAY, is_open=False)


def test_the_figures_are_those_of_the_formula() -> None:
    rows = days([0.1, 0.3] * 13 + [0.5] * 10)
    # Of the 26 days, 25 lie in the 35 calendar days: mean 0.204, sd 0.1020.
    found = evaluate(rows, FRIDAY)
    assert found.baseline == pytest.approx(0.204)
    assert found.rise == pytest.approx(0.296)
    assert found.z == pytest.approx(
        0.296 / (0.1020 * (1 / 10 + 1 / 25) ** 0.5), abs=0.01
    )


def test_chance_alike_days_do_not_make_every_change_large() -> None:
    found = evaluate(days([0.2] * 30 + [0.25] * 10), FRIDAY)
    assert found.z == pytest.approx(0.05 / (0.05 * (1 / 10 + 1 / 25) ** 0.5))
    assert not found.enter


def test_the_bound_of_a_thin_window_must_clear_the_baseline() -> None:
    thin = days(usual(45)) + []
    rows = thin[:-10] + [DayValue(x.day, 0.5, 1) for x in thin[-10:]]
    found = evaluate(rows, FRIDAY)
    assert found.z is not None and found.z >= POLICY.enter_z
    assert not found.enter


@pytest.mark.parametrize(
    "rows",
    [
        days(usual(40))[:-10] + days([0.9] * 2),
        days(usual(9) + [0.9] * 10),
        days(usual(25), bins=3)[:-10] + days([0.9] * 10),
    ],
    ids=["two recent days", "nine days of baseline", "45 bins of baseline"],
)
def test_thin_data_is_not_enough(rows: list[DayValue]) -> None:
    assert not evaluate(rows, FRIDAY).enough
    assert decide(rows, FRIDAY, is_open=False) is Decision.NOTHING
    assert decide(rows, FRIDAY, is_open=True) is Decision.KEEP


def test_days_without_a_bin_are_no_days() -> None:
    rows = days(usual(40)) + [DayValue(FRIDAY + timedelta(days=3), 0.0, 0)]
    assert evaluate(rows, FRIDAY + timedelta(days=3)).recent == pytest.approx(
        evaluate(days(usual(40))[-9:], FRIDAY).recent
    )


def test_silence_is_stale_and_opens_nothing() -> None:
    rows = days(usual(60))[:-10]
    assert evaluate(rows, FRIDAY).stale
    assert decide(rows, FRIDAY, is_open=True) is Decision.STALE
    assert decide(rows, FRIDAY, is_open=False) is Decision.NOTHING


def test_a_flag_closes_when_the_days_are_back() -> None:
    rows = days(usual(40) + usual(15, 0.3) + usual(13))
    opened = last_working_days(18, FRIDAY)[0]
    early = last_working_days(8, FRIDAY)[0]
    assert decide(rows, early, is_open=True, opened_on=opened) is Decision.KEEP
    assert decide(rows, FRIDAY, is_open=True, opened_on=opened) is Decision.CLOSE


def test_the_baseline_of_an_open_flag_does_not_absorb_the_rise() -> None:
    rows = days(usual(40) + usual(60, 0.3))
    opened = last_working_days(50, FRIDAY)[0]
    assert decide(rows, FRIDAY, is_open=True, opened_on=opened) is Decision.KEEP
    assert decide(rows, FRIDAY, is_open=True) is Decision.CLOSE
    frozen = evaluate(rows, FRIDAY, baseline_of=opened)
    assert frozen.baseline == evaluate(rows, opened).baseline


def test_the_history_that_is_asked_for_is_enough() -> None:
    rows = days(usual(100) + usual(20, 0.3))
    since = FRIDAY - timedelta(days=POLICY.history_days())
    needed = [row for row in rows if row.day >= since]
    for day in last_working_days(POLICY.evaluations, FRIDAY):
        assert evaluate(needed, day) == evaluate(rows, day)


def test_the_numbers_are_the_policys() -> None:
    rows = days(usual(45) + usual(12, 0.12))
    assert decide(rows, FRIDAY, is_open=False) is Decision.NOTHING
    eager = replace(POLICY, enter_rise=0.05, enter_z=2.0, rho=0.0)
    assert decide(rows, FRIDAY, eager, is_open=False) is Decision.OPEN
