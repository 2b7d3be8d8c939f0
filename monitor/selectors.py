"""Reads for pages and the API that need more than one table.

Pages read day summaries, never readings, with a number of queries that depends neither
on how many people there are nor on how long their history is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from monitor.models import Flag, Person, Reading, Team
from monitor.periods import Period
from monitor.scoring import Interval, Ratios

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """One day of a sparkline; no values on a working day without data."""

    day: date
    stress: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class PersonRow:
    """One person on the overview. `stale` means silence, which is not calm."""

    person: Person
    ratios: Ratios
    trend: list[TrendPoint]
    flag: Flag | None
    last_day: date | None
    stale: bool


@dataclass(frozen=True, slots=True)
class TeamRow:
    """A team's figures, or the reason why they are not shown."""

    team: Team
    people: int
    people_with_data: int
    stress: float | None
    happiness: float | None
    stress_interval: Interval | None
    happiness_interval: Interval | None
    reason: str


@dataclass(frozen=True, slots=True)
class Overview:
    period: Period
    people: list[PersonRow]
    teams: list[TeamRow]
    open_flags: int
    watched: int


@dataclass(frozen=True, slots=True)
class DayPoint:
    """One day of a person's chart; None where there is no data."""

    day: date
    bins: int
    stress: float | None
    stress_low: float | None
    stress_high: float | None
    happiness: float | None
    happiness_low: float | None
    happiness_high: float | None
    unsure: int
    model_changed: bool


@dataclass(frozen=True, slots=True)
class PersonPage:
    """A person over a period: one day point per working day or day with data."""

    person: Person
    period: Period
    ratios: Ratios
    days: list[DayPoint]
    flags: list[Flag]
    baseline: float | None


def overview(*, user: User | AnonymousUser, now: datetime) -> Overview:
    raise NotImplementedError


def person_page(*, person: Person, period: Period) -> PersonPage:
    raise NotImplementedError


def person_ratios(*, person: Person, period: Period) -> Ratios:
    raise NotImplementedError


def team_ratios(*, user: User | AnonymousUser, team: Team, period: Period) -> TeamRow:
    raise NotImplementedError


def recent_readings(*, person: Person, limit: int = 20) -> list[Reading]:
    raise NotImplementedError
