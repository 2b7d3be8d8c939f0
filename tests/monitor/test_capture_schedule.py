"""When cameras look: time zones, clock changes, pauses, midnight, late schedulers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.capture_schedule import Schedule, Span, Stretch

BERLIN = ZoneInfo("Europe/Berlin")
MINUTE = timedelta(minutes=1)
HOUR = 60 * MINUTE
WEEK = range(7)
ZONES = ("Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe")


def hours(text: str, weekdays: range | tuple[int, ...] = WEEK) -> tuple[Stretch, ...]:
    """`08:00-12:00 13:00-17:00` on each of the weekdays."""
    pairs = [part.split("-") for part in text.split()]
    return tuple(
        Stretch(day, time.fromisoformat(begins), time.fromisoformat(ends))
        for day in weekdays
        for begins, ends in pairs
    )


def schedule(text: str = "08:00-17:00", every: int = 60, **fields: object) -> Schedule:
    plain = Schedule(1, every * MINUTE, timedelta(), hours(text), (), BERLIN)
    return replace(plain, **fields)  # type: ignore[arg-type]


def local(text: str, zone: str = "Europe/Berlin") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def taken(asked: Schedule, since: datetime, until: datetime) -> list[datetime]:
    """All pictures after one moment and before another."""
    found, moment = [], asked.next_after(since)
    while moment is not None and moment < until:
        found.append(moment)
        moment = asked.next_after(moment)
    return found


def on_clock(asked: Schedule, day: str) -> str:
    """The pictures of a local day and of the night after, as the wall clock shows."""
    start = local(f"{day}T00:00", str(asked.tz))
    found = taken(asked, start - timedelta(seconds=1), start + 30 * HOUR)
    return " ".join(f"{moment.astimezone(asked.tz):%H:%M}" for moment in found)


NIGHT = "22:00-04:00"
EARLY = "00:00-05:00"
TABLE = [
    # zone, hours of Saturday and Sunday, every, day, pictures
    ("Europe/Berlin", "08:00-12:00 13:00-15:00", 60, "2026-03-21", "08 09 10 11 13 14"),
    ("America/New_York", "09:00-11:00", 30, "2026-03-21", "09 09:30 10 10:30"),
    ("Asia/Kolkata", "09:30-12:00", 60, "2026-03-21", "09:30 10:30 11:30"),
    ("Australia/Lord_Howe", "09:00-11:00", 45, "2026-03-21", "09 09:45 10:30"),
    # Clocks put forward: 2 o'clock does not come.
    ("Europe/Berlin", EARLY, 60, "2026-03-29", "00 01 03 04"),
    ("Europe/Berlin", "02:30-05:00", 60, "2026-03-29", "03 04"),
    ("Europe/Berlin", "00:00-02:30", 60, "2026-03-29", "00 01"),
    ("Europe/Berlin", "02:10-02:50", 10, "2026-03-29", ""),
    ("Europe/Berlin", NIGHT, 60, "2026-03-28", "22 23 00 01 03"),
    ("America/New_York", EARLY, 60, "2026-03-08", "00 01 03 04"),
    ("Australia/Lord_Howe", EARLY, 60, "2026-10-04", "00 01 02:30 03:30 04:30"),
    # Clocks put back: an hour, or half of one, comes twice.
    ("Europe/Berlin", EARLY, 60, "2026-10-25", "00 01 02 02 03 04"),
    ("Europe/Berlin", "00:00-02:30", 30, "2026-10-25", "00 00:30 01 01:30 02 02"),
    ("Europe/Berlin", NIGHT, 60, "2026-10-24", "22 23 00 01 02 02 03"),
    ("America/New_York", EARLY, 60, "2026-11-01", "00 01 01 02 03 04"),
    ("Australia/Lord_Howe", EARLY, 60, "2026-04-05", "00 01 01:30 02:30 03:30 04:30"),
    # Midnight.
    ("Asia/Kolkata", "22:30-00:00", 30, "2026-03-21", "22:30 23 23:30"),
    ("Asia/Kolkata", "23:00-01:00", 30, "2026-03-21", "23 23:30 00 00:30"),
]


@pytest.mark.parametrize(("zone", "text", "every", "day", "pictures"), TABLE)
def test_pictures_of_a_day(
    zone: str, text: str, every: int, day: str, pictures: str
) -> None:
    weekday = datetime.fromisoformat(day).weekday()
    asked = schedule(every=every, hours=hours(text, (weekday,)), tz=ZoneInfo(zone))
    full = [part if ":" in part else f"{part}:00" for part in pictures.split()]
    assert on_clock(asked, day).split() == full


def test_a_repeated_hour_is_the_same_on_the_clock_and_another_moment() -> None:
    asked = schedule(EARLY)
    found = taken(asked, local("2026-10-25T01:30"), local("2026-10-25T03:30"))
    assert [moment.hour for moment in found] == [0, 1, 2]  # UTC


def test_the_week_has_the_hours_of_each_day() -> None:
    asked = schedule(hours=hours("09:00-10:00", (4,)) + hours("11:00-12:00", (0,)))
    friday = local("2026-03-20T09:30")
    assert asked.next_after(friday) == local("2026-03-23T11:00")


def test_without_hours_there_is_none() -> None:
    assert schedule(hours=()).next_after(local("2026-03-20T09:30")) is None


@pytest.mark.parametrize(
    ("start", "end", "following"),
    [
        # A holiday of one day, leave of three weeks, maintenance of ten minutes.
        ("2026-03-20T00:00", "2026-03-21T00:00", "2026-03-21T08:00"),
        ("2026-03-20T00:00", "2026-04-10T00:00", "2026-04-10T08:00"),
        ("2026-03-20T09:55", "2026-03-20T10:05", "2026-03-20T11:00"),
        ("2026-03-20T09:55", "2026-03-20T10:00", "2026-03-20T10:00"),
        ("2026-03-20T10:00", "2026-03-20T11:00", "2026-03-20T11:00"),
        ("2026-03-20T10:01", "2026-03-20T11:00", "2026-03-20T10:00"),
    ],
)
def test_a_pause_is_passed_over(start: str, end: str, following: str) -> None:
    asked = schedule(pauses=(Span(local(start), local(end)),))
    assert asked.next_after(local("2026-03-20T09:30")) == local(following)


def test_pauses_that_overlap_are_passed_one_by_one() -> None:
    leave = Span(local("2026-03-20T00:00"), local("2026-03-24T10:30"))
    holiday = Span(local("2026-03-24T00:00"), local("2026-03-25T00:00"))
    asked = schedule(pauses=(holiday, leave))
    assert asked.next_after(local("2026-03-20T09:30")) == local("2026-03-25T08:00")


def test_a_pause_without_an_end_lasts() -> None:
    ever = Span(local("2026-03-20T09:50"), None)
    asked = schedule(pauses=(ever, replace(ever, start=local("2026-03-20T09:00"))))
    assert asked.next_after(local("2026-03-20T09:30")) is None


def test_the_spread_is_kept_over_a_restart_and_differs_between_cameras() -> None:
    asked = schedule(jitter=MINUTE)
    day = local("2026-03-20T07:00"), local("2026-03-20T17:00")
    other = taken(replace(asked, camera=2), *day)
    assert taken(asked, *day) == taken(schedule(jitter=MINUTE), *day) != other
    late = [moment.minute * 60 + moment.second for moment in other]
    assert all(0 <= seconds < 60 for seconds in late)
    assert len(set(late)) > 5


def test_stretches_that_overlap_give_no_picture_twice() -> None:
    asked = schedule("08:00-10:00 08:30-09:00 09:15-11:00", every=60)
    assert on_clock(asked, "2026-03-20") == "08:00 09:00 09:15 10:15"


def test_all_day_goes_on_over_midnight() -> None:
    asked = schedule("00:00-00:00", every=240)
    wanted = "00:00 04:00 08:00 12:00 16:00 20:00 00:00 04:00"
    assert on_clock(asked, "2026-03-20") == wanted


def test_an_overdue_picture_is_fresh_for_half_the_interval() -> None:
    asked, slot = schedule(every=10), local("2026-03-20T10:00")
    assert asked.is_fresh(slot, slot + 5 * MINUTE)
    assert not asked.is_fresh(slot, slot + 6 * MINUTE)


def test_open_time_leaves_nights_breaks_and_pauses_out() -> None:
    pause = Span(local("2026-03-20T15:00"), local("2026-03-20T16:00"))
    twice = Span(local("2026-03-20T15:30"), local("2026-03-20T15:45"))
    asked = schedule("08:00-12:00 13:00-17:00", pauses=(pause, twice))
    since, until = local("2026-03-20T11:00"), local("2026-03-21T09:00")
    assert asked.open_time(since, until) == 5 * HOUR
    assert asked.is_open(local("2026-03-20T14:59"))
    assert not asked.is_open(local("2026-03-20T15:00"))
    assert not asked.is_open(local("2026-03-20T12:30"))


times = st.integers(0, 95).map(lambda n: time(n // 4, n % 4 * 15))
stretches = st.builds(Stretch, st.integers(0, 6), times, times)
# Around the clock changes of 2026, and an ordinary week.
moments = st.sampled_from(
    ["2026-03-07", "2026-03-28", "2026-04-04", "2026-06-10", "2026-10-03", "2026-10-24"]
).flatmap(
    lambda day: st.integers(0, 3 * 1440).map(
        lambda n: datetime.fromisoformat(day).replace(tzinfo=UTC) + n * MINUTE
    )
)


@st.composite
def pauses(draw: st.DrawFn) -> Span:
    start = draw(moments)
    end = st.integers(1, 3000).map(lambda n: start + n * MINUTE)
    return Span(start, draw(st.none() | end))


schedules = st.builds(
    Schedule,
    camera=st.integers(1, 99),
    every=st.integers(1, 240).map(lambda n: n * MINUTE),
    jitter=st.integers(0, 600).map(lambda n: timedelta(seconds=n)),
    hours=st.lists(stretches, max_size=6).map(tuple),
    pauses=st.lists(pauses(), max_size=3).map(tuple),
    tz=st.sampled_from(ZONES).map(ZoneInfo),
)


def in_hours(asked: Schedule, moment: datetime) -> bool:
    """The wall clock shows a time of one of the stretches: the definition, no more."""
    wall = moment.astimezone(asked.tz).replace(tzinfo=None)
    for stretch in asked.hours:
        for day in (wall.date(), wall.date() - timedelta(days=1)):
            over = timedelta(days=stretch.ends <= stretch.begins)
            begins = datetime.combine(day, stretch.begins)
            ends = datetime.combine(day + over, stretch.ends)
            if day.weekday() == stretch.weekday and begins <= wall < ends:
                return True
    return False


# A busy machine is no reason to fail.
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(asked=schedules, start=moments)
def test_pictures_come_in_order_in_hours_and_in_no_pause(
    asked: Schedule, start: datetime
) -> None:
    found = start
    for _ in range(12):
        following = asked.next_after(found)
        if following is None:
            break
        assert following > found
        assert in_hours(asked, following)
        assert asked.is_open(following)
        assert not any(following in pause for pause in asked.pauses)
        # From whichever moment between it is asked, the answer is the same.
        assert asked.next_after(found + (following - found) / 2) == following
        found = following


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(asked=schedules, start=moments, minutes=st.lists(st.integers(0, 2879)))
def test_open_spans_are_where_it_is_open(
    asked: Schedule, start: datetime, minutes: list[int]
) -> None:
    until = start + 48 * HOUR
    spans = list(asked.open_spans(start, until))
    for span in spans:
        assert span.end is not None
        assert start <= span.start < span.end <= until
    for one, two in pairwise(spans):
        assert one.end is not None
        assert one.end <= two.start
    for moment in (start + n * MINUTE for n in minutes):
        assert asked.is_open(moment) == any(moment in span for span in spans)
