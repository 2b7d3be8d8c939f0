"""Days, weeks and periods of an organisation: every boundary in time is made here.

A period is half-open, `[start, end)`, and its boundaries are local midnights, so a day
of a clock change is simply 23 or 25 hours long.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import NamedTuple, Self

BIN_SECONDS = 300
SATURDAY = 5
# Team figures are made for fortnights on one grid, which begins on a Monday.
BLOCK = timedelta(days=14)
FIRST_BLOCK = date(2024, 1, 1)
# From then on the day before is judged: most of what comes late has come by then.
MORNING = time(5)


class WorkWeek(NamedTuple):
    """Hours that somebody is expected to work on each day of the week, 0 to 24."""

    monday: float = 8.0
    tuesday: float = 8.0
    wednesday: float = 8.0
    thursday: float = 8.0
    friday: float = 8.0
    saturday: float = 0.0
    sunday: float = 0.0

    def hours_on(self, day: date) -> float:
        return self[day.weekday()]

    def expected(self, first: date, last: date) -> dict[date, float]:
        """Hours by day from `first` to `last`, both included; of days with any."""
        days = (first + timedelta(days=n) for n in range((last - first).days + 1))
        return {day: self.hours_on(day) for day in days if self.hours_on(day) > 0}


@dataclass(frozen=True, slots=True)
class Period:
    """Moments from `start` up to, not including, `end`; both aware."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.utcoffset() is None or self.end.utcoffset() is None:
            raise ValueError("a period needs aware moments")
        if self.end < self.start:
            raise ValueError(f"a period cannot end before it starts: {self}")

    @classmethod
    def days(cls, first: date, last: date, tz: tzinfo) -> Self:
        """Local days from `first` to `last`, both included."""
        return cls(midnight(first, tz), midnight(last + timedelta(days=1), tz))

    @classmethod
    def last_days(cls, n: int, *, now: datetime, tz: tzinfo) -> Self:
        """The `n` local days that end with today."""
        today = local_day(now, tz)
        return cls.days(today - timedelta(days=n - 1), today, tz)

    @classmethod
    def week(cls, *, containing: datetime, tz: tzinfo) -> Self:
        """Monday to Sunday around a moment."""
        day = local_day(containing, tz)
        monday = day - timedelta(days=day.weekday())
        return cls.days(monday, monday + timedelta(days=6), tz)

    @property
    def first_day(self) -> date:
        """First day, in the time zone that the period was made in."""
        return self.start.date()

    @property
    def last_day(self) -> date:
        """Last day that the period touches, in the time zone of its start."""
        end = self.end.astimezone(self.start.tzinfo)
        return max(self.first_day, (end - timedelta(microseconds=1)).date())

    def __contains__(self, moment: datetime) -> bool:
        return self.start <= moment < self.end


def midnight(day: date, tz: tzinfo) -> datetime:
    """The first moment of a local day."""
    return datetime.combine(day, time.min, tz)


def local_day(moment: datetime, tz: tzinfo) -> date:
    return moment.astimezone(tz).date()


def judged_day(moment: datetime, tz: tzinfo) -> date:
    """The last day that is to be judged: yesterday, from the morning on."""
    local = moment.astimezone(tz)
    return local.date() - timedelta(days=1 if local.time() >= MORNING else 2)


def bin_of(moment: datetime) -> int:
    """Number of the five-minute bin since 1970.

    Offsets of time zones are multiples of five minutes, so no bin spans two local days.
    """
    return int(moment.timestamp()) // BIN_SECONDS


def block_start(day: date) -> date:
    """First day of the fortnight that a day lies in."""
    return day - (day - FIRST_BLOCK) % BLOCK


def block_period(first: date, tz: tzinfo) -> Period:
    """The fortnight that begins on this day."""
    return Period.days(first, first + BLOCK - timedelta(days=1), tz)


def is_working_day(day: date) -> bool:
    return day.weekday() < SATURDAY


def working_days(first: date, last: date) -> list[date]:
    """Working days from `first` to `last`, both included, in order."""
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return [day for day in days if is_working_day(day)]


def last_working_days(n: int, until: date) -> list[date]:
    """The `n` working days that end at `until` or before it, in order."""
    found: list[date] = []
    day = until
    while len(found) < n:
        if is_working_day(day):
            found.append(day)
        day -= timedelta(days=1)
    return found[::-1]
