"""When a person's stress has risen against their own past: pure functions.

The unit is the day. A *recent* window of ten working days is compared with the
*baseline*, the 35 calendar days before it, by the difference of two means over the
spread of single days (the two-sample z test, with the baseline's own standard deviation
as in a Shewhart chart: Shewhart 1931, "Economic Control of Quality of Manufactured
Product"). Three evaluations in a row must agree, and to leave takes another threshold
than to enter, so that a flag does not flicker.

Everything is computed from the days themselves; the only state is whether a flag is
open and since when. Nothing here knows the database, the clock or the settings.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from statistics import fmean, stdev
from typing import NamedTuple

from monitor.periods import last_working_days
from monitor.scoring import DEFAULT_WEIGHTS, RHO, DayTotals, effective_n, wilson


class DayValue(NamedTuple):
    """Stress ratio of one day and the number of five-minute bins behind it."""

    day: date
    stress: float
    bins: int


@dataclass(frozen=True, slots=True)
class FlagPolicy:
    """The numbers of the rule."""

    recent_working_days: int = 10
    recent_days_present: int = 3
    baseline_calendar_days: int = 35
    baseline_days_present: int = 10
    baseline_bins: int = 100
    sigma_floor: float = 0.05
    enter_z: float = 3.0
    enter_rise: float = 0.15
    leave_z: float = 1.0
    evaluations: int = 3
    cooldown_working_days: int = 10
    rho: float = RHO

    def history_days(self) -> int:
        """Calendar days before an evaluated day that can matter, with a margin."""
        working_days = self.recent_working_days + self.evaluations
        return self.baseline_calendar_days + 7 * (working_days // 5 + 2)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One look at one day. Without `enough` data the figures may be missing.

    z: rise in standard errors. rise: recent minus baseline. stale: nothing was seen in
    the whole recent window, which says nothing about the person.
    """

    z: float | None
    rise: float | None
    recent: float | None
    baseline: float | None
    enough: bool
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
        DayValue(row.day, DEFAULT_WEIGHTS.stress(row.sums) / row.bins, row.bins)
        for row in days
        if row.bins
    ]


def decide(
    days: Iterable[DayValue],
    on: date,
    policy: FlagPolicy = POLICY,
    *,
    is_open: bool,
    opened_on: date | None = None,
) -> Decision:
    """What to do with a person's flag after the evaluation of day `on`.

    While a flag is open, pass the day on which it was raised: the baseline then stays
    the one it was raised against. Otherwise the raised days would slide into the
    baseline, and after a few weeks a person who is as stressed as before would look
    normal and the flag would close by itself.
    """
    rows = sorted(days)
    looks = [
        evaluate(rows, day, policy, baseline_of=opened_on if is_open else None)
        for day in last_working_days(policy.evaluations, until=on)
    ]
    if is_open:
        if looks[-1].stale:
            return Decision.STALE
        return Decision.CLOSE if all(x.leave for x in looks) else Decision.KEEP
    return Decision.OPEN if all(x.enter for x in looks) else Decision.NOTHING


def evaluate(
    days: Iterable[DayValue],
    on: date,
    policy: FlagPolicy = POLICY,
    *,
    baseline_of: date | None = None,
) -> Evaluation:
    """Compare the recent window that ends with `on` with the baseline before it.

    `baseline_of` freezes the baseline at the one of that earlier day.
    """
    rows = [row for row in days if row.bins > 0]
    recent = _between(rows, _recent_start(on, policy), on)
    base_end = _recent_start(min(on, baseline_of or on), policy) - timedelta(days=1)
    base_start = base_end - timedelta(days=policy.baseline_calendar_days - 1)
    baseline = _between(rows, base_start, base_end)
    enough = (
        len(recent) >= policy.recent_days_present
        and len(baseline) >= policy.baseline_days_present
        and sum(row.bins for row in baseline) >= policy.baseline_bins
    )
    recent_mean = fmean(row.stress for row in recent) if recent else None
    mu = fmean(row.stress for row in baseline) if baseline else None
    if not enough or recent_mean is None or mu is None:
        return Evaluation(
            None, None, recent_mean, mu, enough, False, False, stale=not recent
        )
    rise = recent_mean - mu
    z = rise / _standard_error(baseline, len(recent), policy)
    enter = (
        z >= policy.enter_z
        and rise >= policy.enter_rise
        and _lower_bound(recent, policy) > mu
    )
    leave = z <= policy.leave_z
    return Evaluation(z, rise, recent_mean, mu, enough, enter, leave, stale=False)


def _recent_start(on: date, policy: FlagPolicy) -> date:
    return last_working_days(policy.recent_working_days, until=on)[0]


def _between(rows: Iterable[DayValue], first: date, last: date) -> list[DayValue]:
    return [row for row in rows if first <= row.day <= last]


def _standard_error(
    baseline: Sequence[DayValue], recent_days: int, policy: FlagPolicy
) -> float:
    """Of the difference of two means of days.

    The floor keeps a few chance-alike days from making every change look large.
    """
    sigma = max(policy.sigma_floor, stdev(row.stress for row in baseline))
    return sigma * math.sqrt(1 / recent_days + 1 / len(baseline))


def _lower_bound(recent: Sequence[DayValue], policy: FlagPolicy) -> float:
    """Wilson bound of the window's ratio, in which each bin weighs the same."""
    bins = sum(row.bins for row in recent)
    share = sum(row.stress * row.bins for row in recent) / bins
    interval = wilson(share, effective_n(bins, policy.rho))
    return interval.low if interval else 0.0
