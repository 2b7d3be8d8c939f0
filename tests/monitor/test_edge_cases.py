"""Verdicts and gates at their edges, from stored readings to the ratios of a period."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from monitor import selectors
from monitor.models import DailySummary, Organisation, Person, Reading, Snapshot
from monitor.periods import Period, last_working_days, local_day
from monitor.scoring import Ratios, Verdict
from monitor.services.summaries import summaries_refresh
from tests.factories import FRIDAY, ReadingFactory, SnapshotFactory

EMOTIONS = ("angry", "happy", "neutral", "sad", "surprise")
STEP = timedelta(minutes=5)
Moments = list[datetime]


def nine(n: int, days: Sequence[date]) -> Moments:
    """`n` moments, five minutes apart from nine o'clock, dealt out over the days."""
    tz = Organisation.current().tz
    each = [divmod(k, len(days)) for k in range(n)]
    return [datetime.combine(days[d], time(9), tz) + STEP * row for row, d in each]


def store(person: Person, moments: Moments, shows: str, *, unsure: bool) -> None:
    shares = {name: float(name == shows) for name in EMOTIONS}
    snapshots = Snapshot.objects.bulk_create(
        SnapshotFactory.build(person=person, taken_at=moment, analysed=True)
        for moment in moments
    )
    Reading.objects.bulk_create(
        ReadingFactory.build(snapshot=snapshot, unsure=unsure, **shares)
        for snapshot in snapshots
    )
    tz = Organisation.current().tz
    days = {(person.pk, local_day(moment, tz)) for moment in moments}
    summaries_refresh(person_days=days)


def ratios(person: Person, first: date, last: date = FRIDAY) -> Ratios:
    period = Period.days(first, last, Organisation.current().tz)
    return selectors.person_ratios(person=person, period=period)


@pytest.mark.parametrize(
    ("readings", "days", "shows", "unsure", "verdict", "missing"),
    [
        (0, 1, "neutral", 0, "NOT_ENOUGH", "0 of 30 five-minute bins"),
        (1, 1, "angry", 0, "NOT_ENOUGH", "1 of 30 five-minute bins"),
        (29, 3, "angry", 0, "NOT_ENOUGH", "29 of 30 five-minute bins"),
        (30, 3, "angry", 0, "STRESSED", ""),
        (30, 3, "happy", 0, "NOT_STRESSED", ""),
        (30, 2, "angry", 0, "NOT_ENOUGH", "2 of 3 days with data"),
        (90, 1, "angry", 0, "NOT_ENOUGH", "1 of 3 days with data"),
        (0, 5, "angry", 60, "NOT_ENOUGH", "100% of the readings are unsure"),
        (60, 5, "angry", 40, "STRESSED", ""),
        (60, 5, "angry", 41, "NOT_ENOUGH", "41% of the readings are unsure"),
        (400, 10, "happy", 0, "NOT_STRESSED", ""),
        (400, 10, "angry", 0, "STRESSED", ""),
        (400, 10, "sad", 0, "STRESSED", ""),
        (400, 10, "surprise", 0, "NOT_STRESSED", ""),
    ],
)
def test_the_verdict_of_a_window(
    person: Person,
    readings: int,
    days: int,
    shows: str,
    unsure: int,
    verdict: str,
    missing: str,
) -> None:
    seen = last_working_days(days, until=FRIDAY)
    store(person, nine(readings, seen), shows, unsure=False)
    store(person, nine(unsure, seen), shows, unsure=True)
    found = ratios(person, date(2026, 3, 9))
    assert found.verdict is Verdict[verdict]
    assert missing in "; ".join(found.missing)
    assert bool(found.missing) == bool(missing)


@pytest.mark.parametrize(
    ("shows", "stress", "happiness"), [("happy", 0, 1), ("angry", 1, 0), ("sad", 1, 0)]
)
def test_one_emotion_alone_still_has_an_interval(
    person: Person, shows: str, stress: float, happiness: float
) -> None:
    store(person, nine(60, last_working_days(5, FRIDAY)), shows, unsure=False)
    found = ratios(person, date(2026, 3, 9))
    assert (found.stress, found.happiness) == (stress, happiness)
    for interval in (found.stress_interval, found.happiness_interval):
        assert interval is not None
        assert 0.15 < interval.high - interval.low < 0.3


def test_gaps_lower_the_coverage_and_nothing_else(person: Person) -> None:
    days = [date(2026, 3, 2), date(2026, 3, 11), FRIDAY]
    store(person, nine(60, days), "sad", unsure=False)
    found = ratios(person, date(2026, 3, 2))
    assert (found.days, found.expected_days, found.coverage) == (3, 15, 0.2)
    assert found.verdict is Verdict.STRESSED


@pytest.mark.parametrize(
    ("day", "bins"),
    [(date(2026, 3, 28), 288), (date(2026, 3, 29), 276), (date(2026, 10, 25), 300)],
)
def test_a_day_of_a_clock_change_has_its_own_number_of_bins(
    person: Person, day: date, bins: int
) -> None:
    """A picture every five minutes of a local day of 24, 23 or 25 hours."""
    whole = Period.days(day, day, Organisation.current().tz)
    start, end = whole.start.astimezone(UTC), whole.end.astimezone(UTC)
    moments = [start + STEP * n for n in range(int((end - start) / STEP))]
    store(person, moments, "neutral", unsure=False)
    assert [row.bins for row in DailySummary.objects.all()] == [bins]
    assert ratios(person, day, day).bins == bins


def test_midnight_divides_days_and_bins(person: Person) -> None:
    tz = Organisation.current().tz
    last = datetime(2026, 3, 19, 23, 59, 59, tzinfo=tz)
    store(person, [last, last + timedelta(seconds=1)], "sad", unsure=False)
    assert ratios(person, date(2026, 3, 19)).bins == 2
    assert ratios(person, date(2026, 3, 19), date(2026, 3, 19)).bins == 1


@pytest.mark.parametrize(
    ("zone", "days"),
    [
        ("UTC", [19]),
        ("America/Los_Angeles", [19]),
        ("Europe/Berlin", [19, 20]),
        ("Asia/Kathmandu", [20]),
        ("Pacific/Kiritimati", [20]),
    ],
)
def test_the_time_zone_decides_the_day(
    person: Person, zone: str, days: list[int]
) -> None:
    Organisation.objects.update(time_zone=zone)
    assert Organisation.current().tz == ZoneInfo(zone)
    evening = datetime(2026, 3, 19, 22, 55, tzinfo=UTC)
    store(person, [evening, evening + STEP], "sad", unsure=False)
    assert [row.day.day for row in DailySummary.objects.order_by("day")] == days
    assert ratios(person, date(2026, 3, 19)).bins == 2
