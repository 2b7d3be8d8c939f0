"""The rule on made-up days: whom it flags, when it lets go, when it is silent."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from itertools import cycle, islice

import pytest

from monitor.change_point import Population
from monitor.flag_rules import (
    POLICY,
    DayValue,
    Decision,
    baseline,
    decide,
    evaluate,
    unhappy_values,
)
from monitor.periods import last_working_days
from monitor.scoring import ZERO, DayTotals

FRIDAY = date(2026, 3, 20)
# Usual days, sd 0.075.
USUAL = (0.2, 0.28, 0.12, 0.3, 0.15, 0.33, 0.18)


def usual(n: int, shift: float = 0.0) -> list[float]:
    return [value + shift for value in islice(cycle(USUAL), n)]


def days(values: list[float], bins: int = 18) -> list[DayValue]:
    """Working days up to that Friday."""
    dates = last_working_days(len(values), until=FRIDAY)
    return [DayValue(day, x, bins) for day, x in zip(dates, values, strict=True)]


def decisions(rows: list[DayValue], last: int) -> list[Decision]:
    """What is decided on each of the last working days without an open flag."""
    return [decide(rows, day, is_open=False) for day in last_working_days(last, FRIDAY)]


def test_a_steady_person_is_never_flagged() -> None:
    assert set(decisions(days(usual(80)), last=40)) == {Decision.NOTHING}


@pytest.mark.parametrize(
    ("shift", "bins", "within"), [(0.3, 18, 11), (0.3, 45, 6), (0.2, 45, 13)]
)
def test_a_sustained_rise_is_flagged_within_days(
    shift: float, bins: int, within: int
) -> None:
    rows = days(usual(45) + usual(20, shift), bins)
    assert Decision.OPEN in decisions(rows, last=20)[:within]


def test_more_pictures_a_day_find_it_sooner() -> None:
    few, many = (days(usual(45) + usual(20, 0.3), bins) for bins in (18, 60))
    first = [decisions(rows, 20).index(Decision.OPEN) for rows in (few, many)]
    assert first[0] > first[1]


def test_what_is_known_of_people_weighs_until_the_person_is_known() -> None:
    rows = days(usual(20) + usual(10, 0.4))
    calm = replace(POLICY, population=Population(10, 40))
    tense = replace(POLICY, population=Population(25, 25))
    first, second = (evaluate(rows, FRIDAY, policy) for policy in (calm, tense))
    assert first.evidence is not None and second.evidence is not None
    assert first.evidence > second.evidence + 1


def test_a_small_rise_is_not_flagged_soon() -> None:
    rows = days(usual(45) + usual(10, 0.1))
    assert set(decisions(rows, last=10)) == {Decision.NOTHING}


def test_a_fall_is_not() -> None:
    rows = days(usual(45, 0.4) + usual(20))
    assert set(decisions(rows, last=20)) == {Decision.NOTHING}


def test_a_sign_comes_before_the_flag_and_passes_with_the_rise() -> None:
    rows = days(usual(45) + usual(20, 0.3) + usual(20))
    dates = last_working_days(40, FRIDAY)
    signs = [day for day in dates if evaluate(rows, day).sign]
    enters = [day for day in dates if evaluate(rows, day).enter]
    assert signs[0] < enters[0]
    assert signs[-1] < FRIDAY


def test_one_bad_day_is_not() -> None:
    rows = days(usual(50) + [0.95] + usual(9))
    assert set(decisions(rows, last=10)) == {Decision.NOTHING}


def test_on_a_weekend_it_decides_as_on_friday() -> None:
    rows = days(usual(45) + usual(20, 0.3))
    sunday = FRIDAY + timedelta(days=2)
    assert decide(rows, sunday, is_open=False) is Decision.OPEN


def test_the_baseline_is_the_usual_ratio_before_the_window() -> None:
    found = evaluate(days(usual(110) + usual(10, 0.3)), FRIDAY)
    assert found.baseline == pytest.approx(0.223, abs=0.01)
    assert found.recent == pytest.approx(sum(usual(10, 0.3)) / 10)
    assert found.rise == pytest.approx((found.recent or 0) - (found.baseline or 0))


def test_the_baseline_alone_is_the_same() -> None:
    rows = days(usual(110) + usual(10, 0.3))
    assert baseline(rows, FRIDAY) == evaluate(rows, FRIDAY).baseline
    assert baseline(rows[-15:], FRIDAY) is None


def test_missing_days_are_no_zeros() -> None:
    rows = days(usual(60))
    thinned = [row for n, row in enumerate(rows) if n % 3]
    empty = [DayValue(row.day, 0.0, 0) for n, row in enumerate(rows) if not n % 3]
    found = evaluate(thinned, FRIDAY)
    assert found.baseline == pytest.approx(0.22, abs=0.03)
    assert evaluate(sorted(thinned + empty), FRIDAY) == found


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


def test_nobody_is_flagged_in_the_first_35_days() -> None:
    rows = days(usual(16) + [0.95] * 9)
    found = evaluate(rows, FRIDAY)
    assert found.enough and (found.evidence or 0) > POLICY.enter_evidence
    assert not found.enter
    assert evaluate(days(usual(17) + [0.95] * 9), FRIDAY).enter


def test_silence_is_stale_and_opens_nothing() -> None:
    rows = days(usual(45) + usual(15, 0.4) + usual(10))[:-10]
    assert evaluate(rows, FRIDAY).stale
    assert decide(rows, FRIDAY, is_open=True) is Decision.STALE
    assert decide(rows, FRIDAY, is_open=False) is Decision.NOTHING


def test_a_flag_closes_when_the_days_are_back() -> None:
    rows = days(usual(40) + usual(15, 0.3) + usual(13))
    opened = last_working_days(18, FRIDAY)[0]
    early = last_working_days(8, FRIDAY)[0]
    assert decide(rows, early, is_open=True, since=opened) is Decision.KEEP
    assert decide(rows, FRIDAY, is_open=True, since=opened) is Decision.CLOSE


def test_the_baseline_of_an_open_flag_does_not_absorb_the_rise() -> None:
    rows = days(usual(40) + usual(140, 0.3))
    opened = last_working_days(128, FRIDAY)[0]
    assert decide(rows, FRIDAY, is_open=True, since=opened) is Decision.KEEP
    assert decide(rows, FRIDAY, is_open=True) is Decision.CLOSE
    frozen = evaluate(rows, FRIDAY, baseline_of=opened)
    assert frozen.baseline == evaluate(rows, opened).baseline


def test_what_led_to_a_closed_flag_is_no_new_evidence() -> None:
    rows = days(usual(45) + usual(15, 0.3))
    assert decide(rows, FRIDAY, is_open=False) is Decision.OPEN
    closed = last_working_days(2, FRIDAY)[0]
    assert decide(rows, FRIDAY, is_open=False, since=closed) is Decision.NOTHING


def test_the_history_that_is_asked_for_is_enough() -> None:
    rows = days(usual(200) + usual(20, 0.3))
    needed = [
        row for row in rows if row.day >= FRIDAY - timedelta(days=POLICY.history_days())
    ]
    for day in last_working_days(POLICY.evaluations, FRIDAY):
        assert evaluate(needed, day) == evaluate(rows, day)


def test_the_numbers_are_the_policys() -> None:
    rows = days(usual(45) + usual(12, 0.12))
    assert decide(rows, FRIDAY, is_open=False) is Decision.NOTHING
    eager = replace(POLICY, enter_evidence=1.0)
    assert decide(rows, FRIDAY, eager, is_open=False) is Decision.OPEN


def test_a_drop_of_happiness_is_a_rise_of_the_rest() -> None:
    day = DayTotals(FRIDAY, "m", "1", 4, 4, 0, (0.0, 1.0, 3.0, 0.0, 0.0), ZERO)
    assert unhappy_values([day, day._replace(bins=0)]) == [(FRIDAY, 0.75, 4)]
