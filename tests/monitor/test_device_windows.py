"""Hours less pauses, as moments."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from monitor.capture_schedule import USUAL
from monitor.capture_schedule import Span as Stop
from monitor.capture_schedule import Stretch as Hours
from monitor.device_windows import Window as Stretch
from monitor.device_windows import open_stretches

BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
WEEK = Stretch(MONDAY, MONDAY + timedelta(days=7))
NINE = Hours(0, time(9), time(12))


def at(day: int, hour: int, minute: int = 0, month: int = 3) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


def spans(rows: list[Stretch]) -> list[tuple[datetime, datetime]]:
    return [(row.begins, row.ends) for row in rows]


def test_usual_hours_are_those_of_working_days() -> None:
    found = open_stretches(USUAL, [], WEEK, UTC)
    assert spans(found) == [(at(day, 8), at(day, 18)) for day in range(2, 7)]


def test_no_hours_are_no_time() -> None:
    assert open_stretches([], [], WEEK, UTC) == []


def test_hours_are_local() -> None:
    found = open_stretches([NINE], [], WEEK, BERLIN)
    assert spans(found) == [(at(2, 8), at(2, 11))]


def test_hours_past_midnight_began_the_day_before() -> None:
    night = Hours(6, time(22), time(6))
    found = open_stretches([night], [], WEEK, UTC)
    assert spans(found) == [(at(2, 0), at(2, 6)), (at(8, 22), at(9, 0))]


def test_a_whole_day_begins_and_ends_at_the_same_time() -> None:
    found = open_stretches([Hours(1, time(0), time(0))], [], WEEK, UTC)
    assert spans(found) == [(at(3, 0), at(4, 0))]


def test_overlapping_hours_are_one_stretch() -> None:
    more = Hours(0, time(11), time(14))
    found = open_stretches([more, NINE], [], WEEK, UTC)
    assert spans(found) == [(at(2, 9), at(2, 14))]


@pytest.mark.parametrize(
    ("begins", "ends", "left"),
    [
        (at(2, 10), at(2, 11), [(at(2, 9), at(2, 10)), (at(2, 11), at(2, 12))]),
        (at(2, 8), at(2, 10), [(at(2, 10), at(2, 12))]),
        (at(2, 11), at(2, 13), [(at(2, 9), at(2, 11))]),
        (at(2, 9), at(2, 12), []),
        (at(1, 9), None, []),
        (at(2, 12), None, [(at(2, 9), at(2, 12))]),
        (at(2, 8), at(2, 9), [(at(2, 9), at(2, 12))]),
    ],
)
def test_pauses_are_taken_out(
    begins: datetime, ends: datetime | None, left: list[tuple[datetime, datetime]]
) -> None:
    found = open_stretches([NINE], [Stop(begins, ends)], WEEK, UTC)
    assert spans(found) == left


def test_daylight_saving_moves_the_moment_and_not_the_hour() -> None:
    """Clocks go forward on 29 March 2026 and back on 25 October."""
    hours = [Hours(day, time(9), time(10)) for day in (5, 6)]
    for month, first, before, after in ((3, 28, 8, 7), (10, 24, 7, 8)):
        within = Stretch(at(first, 0, 0, month), at(first + 2, 0, 0, month))
        begins = [row.begins.hour for row in open_stretches(hours, [], within, BERLIN)]
        assert begins == [before, after]


def test_the_hour_that_clocks_skip_is_empty() -> None:
    within = Stretch(at(28, 12), at(29, 23))
    skipped = Hours(6, time(2), time(3))
    assert open_stretches([skipped], [], within, BERLIN) == []


def test_hours_that_begin_in_the_skipped_hour_begin_after_it() -> None:
    """As for cameras that are fetched; there is no 2:30, so 3:00 is next."""
    within = Stretch(at(28, 12), at(29, 23))
    found = open_stretches([Hours(6, time(2, 30), time(5))], [], within, BERLIN)
    assert spans(found) == [(at(29, 1), at(29, 3))]
