"""The figures of the kind level come from the product's rule, only faster."""

from __future__ import annotations

import json
from datetime import date
from io import StringIO
from typing import Any

import numpy as np
import pytest
from django.conf import settings
from django.core.management import call_command

from monitor.flag_detectors import Days
from monitor.flag_kinds import LEVEL, Question, look
from monitor.flag_record import FIGURES, GENERAL, of_level
from monitor.flag_rules import POLICY, Decision
from monitor.flag_simulation import Run, Setting, invent
from monitor.level_simulation import (
    ABOVE,
    BELOW,
    Level,
    level_figures,
    true_mean,
    usual_of,
)
from monitor.periods import last_working_days
from monitor.scoring import DayTotals

FRIDAY = date(2026, 3, 20)


def totals(days: Days, person: int, dates: list[date]) -> list[DayTotals]:
    rows = []
    for n, day in enumerate(dates):
        bins = int(days.bins[person, n])
        sums = (0.0, 0.0, 0.0, bins * float(days.stress[person, n]), 0.0)
        rows.append(DayTotals(day, "m", "1", bins, bins, 0, sums, sums))
    return [row for row in rows if row.bins]


@pytest.mark.parametrize("missing", [0.0, 0.75])
def test_it_decides_as_the_product_does(missing: float) -> None:
    rng = np.random.default_rng(5)
    days = invent(rng, Setting("gaps", missing=missing, pictures=8), 25)
    dates = last_working_days(25, FRIDAY)
    rule = Level(days, 0.3)
    for person in range(12):
        known = totals(days, person, dates)
        for n in range(12, 25):
            past = [row for row in known if row.day <= dates[n]]
            asked = Question(past, dates[n], 0.3)
            opens = look(LEVEL, asked).decision is Decision.OPEN
            assert bool(rule.enter(n)[person]) is opens
            kept = Question(past, dates[n], 0.3, is_open=True)
            closes = look(LEVEL, kept).decision is Decision.CLOSE
            assert bool(rule.leave(n, np.array([person]), np.array([0]))[0]) is closes


def test_the_scatter_of_days_moves_the_mean() -> None:
    assert true_mean(np.array([0.2]), 0.45)[0] > 0.2
    assert true_mean(np.array([0.5]), 0.45)[0] == pytest.approx(0.5)
    usual = usual_of(0.4, 0.45)
    assert usual < 0.4
    assert true_mean(np.array([usual]), 0.45)[0] == pytest.approx(0.4)


def test_who_lies_higher_is_flagged_more_often() -> None:
    found = level_figures(Setting("standard"), Run(people=200), 0.4)
    false = found["false"]
    assert list(false) == [GENERAL, *(f"{apart:+.2f}" for apart in BELOW)]
    rates = [row["false_episodes_per_100_person_months"] for row in false.values()]
    assert rates[1] <= rates[2] <= rates[3] < rates[4]
    shares = [row["detection"] for row in found["found"].values()]
    assert shares == sorted(shares) and shares[-1] > 0.9
    for row in found["found"].values():
        low, high = row["detection_interval"]
        assert low <= row["detection"] <= high


@pytest.mark.parametrize(("level", "below", "above"), [(0.1, 3, 4), (0.8, 5, 2)])
def test_a_distance_that_has_no_room_is_left_out(
    level: float, below: int, above: int
) -> None:
    found = level_figures(Setting("standard"), Run(people=50), level)
    assert (len(found["false"]), len(found["found"])) == (below, above)


def test_the_same_seed_gives_the_same_figures() -> None:
    given: Any = (Setting("standard"), Run(people=50), 0.4)
    assert level_figures(*given) == level_figures(*given)


def test_the_command_has_them_beside_the_others() -> None:
    out = StringIO()
    call_command("simulate_flags", "--people", "50", "--json", stdout=out)
    found = json.loads(out.getvalue())
    assert found["level"]["level"] == settings.STRESS_LEVEL
    assert len(found["level"]["found"]) == len(ABOVE)


def test_the_record_was_made_with_the_numbers_of_today() -> None:
    """Otherwise run `simulate_flags --people 4000 --json monitor/data/flags.json`."""
    stored = json.loads(FIGURES.read_text())["level"]
    assert stored["evaluations"] == POLICY.evaluations
    assert stored["recent_working_days"] == POLICY.recent_working_days
    found = of_level()
    assert found.level == 0.4
    assert [row.points for row in found.false] == [None, -20, -10, -5, 0]
    assert [row.points for row in found.found] == [5, 10, 20, 30]
