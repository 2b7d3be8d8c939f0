"""The ratio that the verdict of each day rested on: ten working days up to it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from monitor.periods import last_working_days
from monitor.scoring import DEFAULT_GATES, Gates, effective_n, wilson
from monitor.selectors import WINDOW, DayPoint


class Value(NamedTuple):
    share: float | None = None
    low: float | None = None
    high: float | None = None


class WindowPoint(NamedTuple):
    stress: Value
    happiness: Value


NOTHING = WindowPoint(Value(), Value())


def windows(
    days: Sequence[DayPoint], gates: Gates = DEFAULT_GATES
) -> list[WindowPoint]:
    """One window per day; nothing on silent days, or while there is too little data.

    A new model, formula or camera starts a person anew: no window reaches back over
    its first day.
    """
    points = []
    start = date.min
    for index, day in enumerate(days):
        start = day.day if day.is_restart else start
        first = max(start, last_working_days(WINDOW, until=day.day)[0])
        seen = [each for each in days[: index + 1] if each.day >= first and each.bins]
        points.append(_point(seen, gates) if day.bins else NOTHING)
    return points


def _point(days: Sequence[DayPoint], gates: Gates) -> WindowPoint:
    n = sum(day.bins for day in days)
    if n < gates.bins or len(days) < gates.days or effective_n(n) < gates.n_eff:
        return NOTHING
    return WindowPoint(
        _value(sum((day.stress or 0) * day.bins for day in days) / n, n),
        _value(sum((day.happiness or 0) * day.bins for day in days) / n, n),
    )


def _value(share: float, n: int) -> Value:
    interval = wilson(share, effective_n(n))
    return Value(share, *interval) if interval else Value()
