"""When a person's ratio has risen against their own past: pure functions.

The unit is the day. A flag rises when the evidence that the usual ratio has risen
(`monitor.change_point`: the Shiryaev-Roberts statistic over an unknown day, an unknown
size and an unknown baseline) reaches a threshold. It is left when the *recent* window
of ten working days has come back to the *baseline*, the usual ratio before that window,
on three evaluations in a row: other thresholds than to enter, so that a flag does not
flicker. Less evidence is a *sign* of a flag to come, for as long as there is as much.

Everything is computed from the days themselves; the only state is whether a flag is
open and since when. Nothing here knows the database, the clock or the settings.
docs/flags.md has the figures and how they were found.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from statistics import fmean
from typing import NamedTuple

import numpy as np

from monitor.change_point import (
    DEFAULT,
    Belief,
    Population,
    day_mean,
    day_variance,
    likelihoods,
    prior,
)
from monitor.periods import last_working_days
from monitor.scoring import HAPPY, DayTotals


class DayValue(NamedTuple):
    """Stress ratio of one day and the number of five-minute bins behind it."""

    day: date
    stress: float
    bins: int


@dataclass(frozen=True, slots=True)
class FlagPolicy:
    """The numbers of the rule.

    enter_evidence, sign_evidence: natural logarithms of the statistic. head_days: with
    data, before a rise may have begun. population: of the quantity that is looked at.
    """

    recent_working_days: int = 10
    recent_days_present: int = 3
    baseline_calendar_days: int = 35
    baseline_days_present: int = 10
    baseline_bins: int = 100
    history_calendar_days: int = 182
    head_days: int = 10
    enter_evidence: float = 8.2
    sign_evidence: float = 6.0
    leave_z: float = 1.0
    evaluations: int = 3
    cooldown_working_days: int = 10
    population: Population = DEFAULT

    def history_days(self) -> int:
        """Calendar days before an evaluated day that can matter, with a margin."""
        return self.history_calendar_days + 7 * (self.evaluations // 5 + 1)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One look at one day. Without `enough` data the figures may be missing.

    evidence: see `FlagPolicy`. baseline: mean of the days before the recent window.
    z: the recent mean above what was to be expected of this person and of people in
    general, in standard errors. stale: nothing was seen in the whole recent window,
    which says nothing about the person.
    """

    evidence: float | None
    z: float | None
    rise: float | None
    recent: float | None
    baseline: float | None
    enough: bool
    sign: bool
    enter: bool
    leave: bool
    stale: bool


class Decision(StrEnum):
    NOTHING = "nothing"
    OPEN = "open"
    KEEP = "keep"
    CLOSE = "close"
    STALE = "stale"


POLICY = FlagPolicy()


def day_values(days: Iterable[DayTotals]) -> list[DayValue]:
    """Stress ratios of the days that have any."""
    return [
        DayValue(row.day, row.weights.stress(row.sums) / row.bins, row.bins)
        for row in days
        if row.bins
    ]


def unhappy_values(days: Iterable[DayTotals]) -> list[DayValue]:
    """What is not happiness, of the days that have any: its rise is the drop."""
    return [
        DayValue(row.day, 1 - row.sums[HAPPY] / row.bins, row.bins)
        for row in days
        if row.bins
    ]


def decide(
    days: Iterable[DayValue],
    on: date,
    policy: FlagPolicy = POLICY,
    *,
    is_open: bool,
    since: date | None = None,
) -> Decision:
    """What to do with a person's flag after the evaluation of day `on`.

    since: of an open flag, the day on which it was raised: the baseline then stays the
    one it was raised against. Otherwise the raised days would slide into the baseline,
    and after some weeks a person who is as stressed as before would look normal and
    the flag would close by itself. Without an open flag, the day on which the last one
    was closed: what had been seen until then is no new evidence.
    """
    return judge(days, on, policy, is_open=is_open, since=since)[0]


def judge(
    days: Iterable[DayValue],
    on: date,
    policy: FlagPolicy = POLICY,
    *,
    is_open: bool,
    since: date | None = None,
) -> tuple[Decision, Evaluation]:
    """As `decide`, with the evaluation of day `on` that it rests on."""
    rows = sorted(days)
    if not is_open:
        seen = evaluate(rows, on, policy, closed_on=since)
        return Decision.OPEN if seen.enter else Decision.NOTHING, seen
    looks = [
        evaluate(rows, day, policy, baseline_of=since)
        for day in last_working_days(policy.evaluations, until=on)
    ]
    if looks[-1].stale:
        return Decision.STALE, looks[-1]
    calm = all(look.leave for look in looks)
    return Decision.CLOSE if calm else Decision.KEEP, looks[-1]


def baseline(
    days: Iterable[DayValue], on: date, policy: FlagPolicy = POLICY
) -> float | None:
    """The one of `evaluate`, without the work of weighing; None without enough data."""
    recent, known = _windows(days, on, on, policy)
    enough = _enough(recent, known, policy)
    return fmean(row.stress for row in known) if enough else None


def evaluate(
    days: Iterable[DayValue],
    on: date,
    policy: FlagPolicy = POLICY,
    *,
    baseline_of: date | None = None,
    closed_on: date | None = None,
) -> Evaluation:
    """Look at the days up to `on`.

    `baseline_of` freezes the baseline at the one of that earlier day; a rise must have
    begun after `closed_on`.
    """
    start = min(on, baseline_of or on)
    rows = _seen(days, start, on, policy)
    recent, known = _windows(rows, start, on, policy)
    recent_mean = fmean(row.stress for row in recent) if recent else None
    enough = _enough(recent, known, policy)
    if not enough or recent_mean is None:
        return Evaluation(
            None, None, None, recent_mean, None, enough, False, False, False, not recent
        )
    evidence, usual, variance = _weigh(rows, len(known), closed_on, policy)
    expected = float(day_mean(np.array(usual), policy.population))
    z = (recent_mean - expected) / math.sqrt(variance + _noise(recent, usual, policy))
    warm = (on - rows[0].day).days >= policy.baseline_calendar_days
    usual_mean = fmean(row.stress for row in known)
    return Evaluation(
        evidence=evidence,
        z=z,
        rise=recent_mean - usual_mean,
        recent=recent_mean,
        baseline=usual_mean,
        enough=enough,
        sign=warm and evidence >= policy.sign_evidence,
        enter=warm and evidence >= policy.enter_evidence,
        leave=z <= policy.leave_z,
        stale=False,
    )


def _recent_start(on: date, policy: FlagPolicy) -> date:
    return last_working_days(policy.recent_working_days, until=on)[0]


def _seen(
    days: Iterable[DayValue], base: date, on: date, policy: FlagPolicy
) -> list[DayValue]:
    """The days with data of the history before `base`, and up to `on`, in order."""
    start = base - timedelta(policy.history_calendar_days)
    return sorted(row for row in days if row.bins > 0 and start <= row.day <= on)


def _windows(
    days: Iterable[DayValue], base: date, on: date, policy: FlagPolicy
) -> tuple[list[DayValue], list[DayValue]]:
    """The recent window of day `on`, and the baseline's days of day `base`."""
    rows = _seen(days, base, on, policy)
    begins, ends = _recent_start(on, policy), _recent_start(base, policy)
    recent = [row for row in rows if row.day >= begins]
    return recent, [row for row in rows if row.day < ends]


def _enough(
    recent: Sequence[DayValue], known: Sequence[DayValue], policy: FlagPolicy
) -> bool:
    return (
        len(recent) >= policy.recent_days_present
        and len(known) >= policy.baseline_days_present
        and sum(row.bins for row in known) >= policy.baseline_bins
    )


def _weigh(
    rows: Sequence[DayValue], known: int, closed_on: date | None, policy: FlagPolicy
) -> tuple[float, float, float]:
    """Evidence of all rows; mean and variance of the usual ratio after `known`."""
    belief = Belief(prior(1, policy.population))
    usual, variance = belief.moments()
    stress, bins = [row.stress for row in rows], [row.bins for row in rows]
    days = likelihoods(stress, bins, policy.population)
    for n, (row, day) in enumerate(zip(rows, days, strict=True), start=1):
        begins = n > policy.head_days and (closed_on is None or row.day > closed_on)
        belief.see(day[None], [begins])
        if n == known:
            usual, variance = belief.moments()
    return float(belief.evidence()[0]), float(usual[0]), float(variance[0])


def _noise(rows: Sequence[DayValue], usual: float, policy: FlagPolicy) -> float:
    """Variance of the mean of these days around the usual ratio."""
    spread = day_variance(
        np.array(usual), [row.bins for row in rows], policy.population
    )
    return float(spread.sum()) / len(rows) ** 2
