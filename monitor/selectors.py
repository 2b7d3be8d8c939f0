"""Reads for pages and the API that need more than one table.

Pages read day summaries, never readings, with a number of queries that depends neither
on how many people there are nor on how long their history is.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import OuterRef, Q, Subquery

from monitor.camera_eras import comparable_days, era_starts
from monitor.flag_rules import POLICY, baseline, day_values
from monitor.hours import HourTotals, hours_add, hours_unpack
from monitor.matrices import ratios_of_all
from monitor.models import DailySummary, Flag, Organisation, Person, Reading
from monitor.periods import (
    Period,
    WorkWeek,
    last_working_days,
    local_day,
    working_days,
)
from monitor.querysets import FlagQuerySet, PersonQuerySet
from monitor.scoring import (
    HAPPY,
    DayTotals,
    Interval,
    Ratios,
    Totals,
    Verdict,
    Weights,
    effective_n,
    newest_days,
    version_order,
    wilson,
)
from monitor.team_selectors import TeamRow, team_rows

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

# Working days that the overview's ratios and its sparklines look at, and after which
# silence is stale.
WINDOW = 10
TREND = 30
ALIVE = 3
# Five-minute bins that an hour of the day needs to be spoken of.
LEAST_OF_HOUR = 8


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
    flag: Flag | None
    last_day: date | None
    stale: bool
    days: list[DayTotals]
    span: Period

    @property
    def trend(self) -> list[TrendPoint]:
        """Worked out when asked for: a page draws only some of its people."""
        return [
            TrendPoint(point.day, point.stress, point.stress_low, point.stress_high)
            for point in _day_points(self.days, self.span.first_day, self.span.last_day)
        ]


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
    formula_changed: bool = False
    camera_changed: bool = False

    @property
    def is_restart(self) -> bool:
        """What was before cannot be compared with this day."""
        return self.model_changed or self.formula_changed or self.camera_changed


@dataclass(frozen=True, slots=True)
class PersonPage:
    """A person over a period: one day point per working day or day with data."""

    person: Person
    period: Period
    ratios: Ratios
    days: list[DayPoint]
    flags: list[Flag]
    baseline: float | None


@dataclass(frozen=True, slots=True)
class HourRow:
    """One local hour over the days of a period; no ratio where too little was seen."""

    hour: int
    bins: int
    unsure: int
    stress: float | None
    interval: Interval | None


def overview(*, user: User | AnonymousUser, now: datetime) -> Overview:
    """Everybody this user may see, over the last ten working days.

    Open flags first, then by the lower bound of the stress interval, the highest first,
    and at the end those about whom too little is known.
    """
    organisation = Organisation.current()
    look = Look.at(local_day(now, organisation.tz), organisation.tz)
    people = list(_with_last_day(Person.objects.visible_to(user)))
    days = _days(people, look.trend)
    flags = _open_flags(people)
    own = [days.get(person.pk, []) for person in people]
    ratios = _ratios_of_all(
        [_inside(rows, look.period) for rows in own],
        [person.week(organisation.week) for person in people],
        look.period,
    )
    rows = [
        _person_row(person, look, own[n], ratios[n], flags.get(person.pk))
        for n, person in enumerate(people)
    ]
    rows.sort(key=_urgency)
    return Overview(
        period=look.period,
        people=rows,
        teams=team_rows(user=user),
        open_flags=len(flags),
        watched=len(rows),
    )


def person_page(*, person: Person, period: Period) -> PersonPage:
    """One person; the days before the period are read too, for the baseline."""
    first, last = period.first_day, period.last_day
    flags = list(_flags_during(person, first, last))
    history = timedelta(days=POLICY.history_days())
    known = DailySummary.objects.shown().filter(person=person)
    stored = known.for_days(first - history, last)
    days = stored.by_person().get(person.pk, [])
    week = person.week(Organisation.current().week)
    (ratios,) = _ratios_of_all([_inside(days, period)], [week], period)
    return PersonPage(
        person=person,
        period=period,
        ratios=ratios,
        days=_day_points(days, first, last),
        flags=flags,
        baseline=_baseline(days, flags, last),
    )


def person_hours(page: PersonPage) -> list[HourRow]:
    """Stress by hour of the day, of the page's model and formula, as it was read."""
    stored = DailySummary.objects.shown().filter(person=page.person)
    stored = stored.for_days(page.period.first_day, page.period.last_day)
    asked = stored.filter(model=page.ratios.model, formula=page.ratios.formula)
    packed = asked.values_list("hours", flat=True)
    hours = hours_add(hours_unpack(bytes(data)) for data in packed)
    return [_hour_row(hour, page.ratios.weights) for hour in hours]


def _hour_row(row: HourTotals, weights: Weights) -> HourRow:
    if row.bins < LEAST_OF_HOUR:
        return HourRow(row.hour, row.bins, row.unsure, None, None)
    stress = min(1.0, weights.stress(row.sums) / row.bins)
    interval = wilson(stress, effective_n(row.bins))
    return HourRow(row.hour, row.bins, row.unsure, stress, interval)


def person_ratios(
    *, person: Person, period: Period, usual: WorkWeek | None = None
) -> Ratios:
    return people_ratios(people=[person], period=period, usual=usual)[person.pk]


def people_ratios(
    *, people: Iterable[Person], period: Period, usual: WorkWeek | None = None
) -> dict[int, Ratios]:
    """By id of the person; asks for the organisation's usual week unless given."""
    asked = {person.pk: person for person in people}
    days = _days(asked.values(), period)
    usual = usual or Organisation.current().week
    weeks = [person.week(usual) for person in asked.values()]
    ratios = _ratios_of_all([days.get(pk, []) for pk in asked], weeks, period)
    return dict(zip(asked, ratios, strict=True))


def recent_readings(*, person: Person, limit: int = 20) -> list[Reading]:
    """The newest readings of the largest face, uncounted ones included."""
    readings = Reading.objects.for_person(person).filter(face_index=0)
    newest = readings.select_related("snapshot").order_by("-taken_at", "-pk")
    return list(newest[:limit])


def _with_last_day(people: PersonQuerySet) -> PersonQuerySet:
    """Annotates `last_day` from the end of the index, however long the history is."""
    own = DailySummary.objects.shown().filter(person=OuterRef("pk"))
    seen = own.filter(bins__gt=0)
    last = Subquery(seen.order_by("-day").values("day")[:1])
    found: PersonQuerySet = people.select_related("team").annotate(last_day=last)
    return found


def _days(people: Iterable[Person], period: Period) -> dict[int, list[DayTotals]]:
    shown = DailySummary.objects.shown()
    stored = shown.filter(person__in=[person.pk for person in people])
    return stored.for_days(period.first_day, period.last_day).by_person()


def _open_flags(people: Iterable[Person]) -> dict[int, Flag]:
    flags = Flag.objects.open().filter(person__in=[person.pk for person in people])
    return {flag.person_id: flag for flag in flags}


def _flags_during(person: Person, first: date, last: date) -> FlagQuerySet:
    not_over = Q(closed_on__isnull=True) | Q(closed_on__gte=first)
    known = Flag.objects.raised().filter(not_over, person=person)
    return known.filter(raised_on__lte=last)


def _inside(days: list[DayTotals], period: Period) -> list[DayTotals]:
    return [row for row in days if row.day >= period.first_day]


def _ratios_of_all(
    people: list[list[DayTotals]], weeks: list[WorkWeek], period: Period
) -> list[Ratios]:
    first, last = period.first_day, period.last_day
    windows = [
        Totals.of(days, expected=week.expected(first, last))
        for days, week in zip(people, weeks, strict=True)
    ]
    return ratios_of_all(windows, level=settings.STRESS_LEVEL)


@dataclass(frozen=True, slots=True)
class Look:
    """What the overview spans; whoever was not seen since `alive` is stale."""

    period: Period
    trend: Period
    alive: date

    @classmethod
    def at(cls, today: date, tz: tzinfo) -> Look:
        def since(n: int) -> date:
            return last_working_days(n, until=today)[0]

        return cls(
            period=Period.days(since(WINDOW), today, tz),
            trend=Period.days(since(TREND), today, tz),
            alive=since(ALIVE),
        )


def _person_row(
    person: Person,
    look: Look,
    days: list[DayTotals],
    ratios: Ratios,
    flag: Flag | None,
) -> PersonRow:
    last_day: date | None = getattr(person, "last_day", None)
    return PersonRow(
        person=person,
        ratios=ratios,
        flag=flag,
        last_day=last_day,
        stale=last_day is None or last_day < look.alive,
        days=days,
        span=look.trend,
    )


def _urgency(row: PersonRow) -> tuple[bool, bool, float, str]:
    unknown = row.ratios.verdict is Verdict.NOT_ENOUGH
    interval = row.ratios.stress_interval
    low = interval.low if interval else 0.0
    return (row.flag is None, unknown, -low, row.person.name)


def _day_points(days: list[DayTotals], first: date, last: date) -> list[DayPoint]:
    """Working days and days with data from `first` to `last`; of two models on one
    day, the newer."""
    order = version_order(days)
    ranked = sorted(days, key=lambda row: (row.day, order.index(row.version)))
    row_of = {row.day: row for row in ranked}
    new_cameras = era_starts(row_of.values())
    points = []
    before: DayTotals | None = None
    for day in sorted({*working_days(first, last), *row_of}):
        row = row_of.get(day)
        if day >= first:
            point = _day_point(day, row, before)
            points.append(replace(point, camera_changed=day in new_cameras))
        before = row or before
    return points


def _day_point(day: date, row: DayTotals | None, before: DayTotals | None) -> DayPoint:
    """`before` is the last earlier day with a row."""
    model = formula = False
    if row is not None and before is not None:
        model, formula = row.model != before.model, row.formula != before.formula
    if row is None or not row.bins:
        unsure = row.unsure if row else 0
        nothing = (None,) * 6
        return DayPoint(day, 0, *nothing, unsure, model, formula)
    n_eff = effective_n(row.bins)
    stress = row.stress or 0.0
    happiness = min(1.0, row.sums[HAPPY] / row.bins)
    s, h = wilson(stress, n_eff), wilson(happiness, n_eff)
    return DayPoint(
        day=day,
        bins=row.bins,
        stress=stress,
        stress_low=s.low if s else None,
        stress_high=s.high if s else None,
        happiness=happiness,
        happiness_low=h.low if h else None,
        happiness_high=h.high if h else None,
        unsure=row.unsure,
        model_changed=model,
        formula_changed=formula,
    )


def _baseline(days: list[DayTotals], flags: list[Flag], last: date) -> float | None:
    """The one an open rise was raised against, else the person's present one."""
    for flag in flags:
        if flag.is_open and flag.kind == Flag.Kind.RISE:
            return flag.baseline_ratio
    days = comparable_days(newest_days(days), last)
    return baseline(day_values(days), last)
