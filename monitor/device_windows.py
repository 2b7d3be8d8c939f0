"""When a camera that sends by itself takes pictures: hours less pauses, as moments.

Pure. The device gets moments, not rules, so it needs to know no time zone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Hours:
    """One stretch of a weekday, Monday 0; past midnight if it ends before it begins."""

    weekday: int
    begins: time
    ends: time


# Of a site that has said nothing: working days from 8:00 to 18:00.
USUAL = [Hours(weekday, time(8), time(18)) for weekday in range(5)]


@dataclass(frozen=True, slots=True)
class Stretch:
    """From `begins` up to, not including, `ends`; aware, and not empty."""

    begins: datetime
    ends: datetime


@dataclass(frozen=True, slots=True)
class Stop:
    """A pause; without an end it goes on."""

    begins: datetime
    ends: datetime | None


def open_stretches(
    hours: Iterable[Hours], stops: Iterable[Stop], within: Stretch, tz: tzinfo
) -> list[Stretch]:
    """When pictures are taken, in order and without overlap."""
    found = _of_hours(list(hours), within, tz)
    joined = _joined(cut for row in found if (cut := _cut(row, within)))
    for stop in stops:
        joined = [part for row in joined for part in _without(row, stop)]
    return joined


def _of_hours(rows: list[Hours], within: Stretch, tz: tzinfo) -> list[Stretch]:
    day = within.begins.astimezone(tz).date() - DAY
    last = within.ends.astimezone(tz).date()
    found = []
    while day <= last:
        for row in rows:
            if row.weekday == day.weekday():
                found += _on(day, row, tz)
        day += DAY
    return found


def _on(day: date, row: Hours, tz: tzinfo) -> list[Stretch]:
    """Empty when a clock change swallows it."""
    ends_on = day if row.ends > row.begins else day + DAY
    begins = datetime.combine(day, row.begins, tz).astimezone(UTC)
    ends = datetime.combine(ends_on, row.ends, tz).astimezone(UTC)
    return [Stretch(begins, ends)] if begins < ends else []


def _cut(row: Stretch, within: Stretch) -> Stretch | None:
    begins, ends = max(row.begins, within.begins), min(row.ends, within.ends)
    return Stretch(begins, ends) if begins < ends else None


def _joined(rows: Iterable[Stretch]) -> list[Stretch]:
    found: list[Stretch] = []
    for row in sorted(rows, key=lambda row: row.begins):
        if found and row.begins <= found[-1].ends:
            found[-1] = Stretch(found[-1].begins, max(found[-1].ends, row.ends))
        else:
            found.append(row)
    return found


def _without(row: Stretch, stop: Stop) -> list[Stretch]:
    parts = []
    if row.begins < stop.begins:
        parts.append(Stretch(row.begins, min(row.ends, stop.begins)))
    if stop.ends and stop.ends < row.ends:
        parts.append(Stretch(max(row.begins, stop.ends), row.ends))
    return parts
