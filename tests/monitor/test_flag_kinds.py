"""What the kinds of flags look at, on days without a database."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from monitor.change_point import LACK, Population
from monitor.flag_kinds import DROP, LEVEL, RISE, Question, look
from monitor.flag_rules import Decision
from monitor.periods import last_working_days
from monitor.scoring import ZERO, DayTotals

FRIDAY = date(2026, 3, 20)


def question(happy: list[float]) -> Question:
    """Working days up to that Friday with this much happiness, else sad."""
    days = [
        DayTotals(day, "m", "1", 18, 18, 0, (0, 18 * x, 0, 18 - 18 * x, 0), ZERO)
        for day, x in zip(
            last_working_days(len(happy), until=FRIDAY), happy, strict=True
        )
    ]
    return Question(days, FRIDAY, 0.4, population=LACK)


def test_a_drop_is_told_in_ratios_of_happiness() -> None:
    seen = look(DROP, question([0.5, 0.6] * 20 + [0.1] * 15))
    assert seen.decision is Decision.OPEN
    assert [seen.recent, seen.baseline] == pytest.approx([0.1, 0.5])


def test_more_happiness_is_no_drop() -> None:
    assert look(DROP, question([0.1] * 45 + [0.6] * 15)).decision is Decision.NOTHING


def test_the_evidence_depends_on_what_people_are_like() -> None:
    asked = question([0.5] * 12 + [0.2] * 10)
    happy = replace(asked, population=Population(5, 45))
    evidence = [look(DROP, each).evidence for each in (asked, happy)]
    assert evidence[0] is not None and evidence[1] is not None
    assert evidence[0] < evidence[1]


def test_what_led_to_the_last_flag_is_no_sign_of_another() -> None:
    asked = question([0.5, 0.6] * 20 + [0.1] * 15)
    again = look(DROP, replace(asked, since=FRIDAY))
    assert (again.decision, again.first_sign) == (Decision.NOTHING, False)


def test_a_level_has_no_evidence_of_a_change() -> None:
    seen = look(LEVEL, question([0.2] * 15))
    assert (seen.decision, seen.evidence) == (Decision.OPEN, None)


def test_a_rise_looks_at_stress() -> None:
    seen = look(RISE, question([0.8] * 45 + [0.3] * 15))
    assert seen.decision is Decision.OPEN
    assert seen.recent == pytest.approx(0.7)


def test_it_refuses_a_kind_without_a_rule() -> None:
    with pytest.raises(ValueError, match="recovered"):
        look("recovered", question([0.5]))
