"""What each kind of flag looks at, and what it makes of a day: pure functions.

Rise and drop are the rule of `monitor.flag_rules` on the stress ratio and on the lack
of happiness, over the days that the same camera saw. The level compares the
ten-working-day window with a fixed ratio, whatever the person's past: its verdict (see
`scoring`) must be the same on three evaluations.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from monitor.camera_eras import comparable_days
from monitor.change_point import DEFAULT, LACK, Population
from monitor.flag_rules import (
    POLICY,
    DayValue,
    Decision,
    day_values,
    judge,
    unhappy_values,
)
from monitor.periods import last_working_days
from monitor.scoring import DayTotals, Ratios, Totals, Verdict, ratios_of

RISE, LEVEL, DROP = "rise", "level", "drop"


@dataclass(frozen=True, slots=True)
class Look:
    """What a kind says about one day.

    first_sign: see `flag_rules`; for the level, the evaluation of this day alone
    agrees. The ratios are of happiness for a drop; they and `z` (standard errors) are
    None while there is too little data, `evidence` (see `FlagPolicy`) also for a level.
    """

    decision: Decision
    first_sign: bool
    recent: float | None
    baseline: float | None
    z: float | None
    evidence: float | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """Days of one model in order, the day to decide on, and the level of stress.

    since: of an open flag, when it was raised, if its baseline can still be compared;
    else when the last one of its kind was closed. population: see `FlagPolicy`.
    """

    days: Sequence[DayTotals]
    on: date
    level: float
    is_open: bool = False
    since: date | None = None
    population: Population = DEFAULT


def look(kind: str, question: Question) -> Look:
    """Raises ValueError for a kind that no rule raises."""
    if kind == LEVEL:
        return _against_level(question)
    days = comparable_days(question.days, question.on)
    seen = _against_own_past(values_of(kind, days), question)
    if kind == DROP:
        recent, baseline = _complement(seen.recent), _complement(seen.baseline)
        return replace(seen, recent=recent, baseline=baseline)
    return seen


def values_of(kind: str, days: Sequence[DayTotals]) -> list[DayValue]:
    """The ratio whose rise a kind looks for. Raises ValueError for other kinds."""
    if kind == RISE:
        return day_values(days)
    if kind == DROP:
        return unhappy_values(days)
    raise ValueError(f"no rule raises {kind!r}")


def expected(kind: str) -> Population:
    """What that ratio is taken to be in people in general."""
    return LACK if kind == DROP else DEFAULT


def _against_own_past(values: list[DayValue], question: Question) -> Look:
    policy = replace(POLICY, population=question.population)
    is_open, since = question.is_open, question.since
    decision, seen = judge(values, question.on, policy, is_open=is_open, since=since)
    return Look(decision, seen.sign, seen.recent, seen.baseline, seen.z, seen.evidence)


def _complement(share: float | None) -> float | None:
    return None if share is None else 1 - share


def _against_level(question: Question) -> Look:
    ends = last_working_days(POLICY.evaluations, until=question.on)
    looks = [_window(question, end) for end in ends]
    decision = _level_decision(looks, is_open=question.is_open)
    now = looks[-1]
    # The score test of a share against a fixed one, as in the Wilson interval.
    error = math.sqrt(question.level * (1 - question.level) / max(now.n_eff, 1.0))
    z = None if now.stress is None else (now.stress - question.level) / error
    above = now.verdict is Verdict.STRESSED
    return Look(decision, above, now.stress, question.level, z)


def _level_decision(looks: list[Ratios], *, is_open: bool) -> Decision:
    if not is_open:
        above = all(each.verdict is Verdict.STRESSED for each in looks)
        return Decision.OPEN if above else Decision.NOTHING
    if not looks[-1].bins:
        return Decision.STALE
    below = all(each.verdict is Verdict.NOT_STRESSED for each in looks)
    return Decision.CLOSE if below else Decision.KEEP


def _window(question: Question, end: date) -> Ratios:
    start = last_working_days(POLICY.recent_working_days, until=end)[0]
    inside = [row for row in question.days if start <= row.day <= end]
    # The verdict does not ask how much of the expected time was seen.
    return ratios_of(Totals.of(inside, expected={}), level=question.level)
