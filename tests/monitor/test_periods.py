"""Days, weeks and bins; clock changes included."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from monitor.periods import (
    Period,
    bin_of,
    is_working_day,
    last_working_days,
    local_day,
    working_days,
)

BERLIN = ZoneInfo("Europe/Berlin")
FRIDAY = date(2026, 3, 20)


def hours(period: Period) -> float:
    return (period.end.astimezone(UTC) - period.start.astimezone(UTC)) / timedelta(
        hours=1
    )


@pytest.mark.parametrize(
    ("day", "expected"),
    [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (FRIDAY, 24)],
)
def test_a_day_of_a_clock_change_has_its_own_length(day: date, expected: int) -> None:
    assert hours(Period.days(day, day, BERLIN)) == expected


def test_a_period_is_half_open() -> None:
    period = Period.days(FRIDAY, FRIDAY, BERLIN)
    assert period.start in period
    assert period.end not in period
    assert (period.first_day, period.last_day) == (FRIDAY, FRIDAY)


def test_a_period_refuses_naive_moments_and_a_wrong_order() -> None:
    naive = datetime(2026, 3, 20)  # noqa: DTZ001
    with pytest.raises(ValueError, match="aware"):
        Period(naive, naive)
    aware = naive.replace(tzinfo=UTC)
    with pytest.raises(ValueError, match="before"):
        Period(aware, aware - timedelta(seconds=1))


def test_last_days_end_with_the_local_today() -> None:
    late = datetime(2026, 3, 19, 23, 30, tzinfo=UTC)
    period = Period.last_days(7, now=late, tz=BERLIN)
    assert (period.first_day, period.last_day) == (date(2026, 3, 14), FRIDAY)


def test_a_week_runs_from_monday_to_sunday() -> None:
    now = datetime(2026, 3, 20, 12, tzinfo=UTC)
    week = Period.week(containing=now, tz=BERLIN)
    assert (week.first_day, week.last_day) == (date(2026, 3, 16), date(2026, 3, 22))


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (datetime(2026, 3, 19, 22, 59, 59, tzinfo=UTC), date(2026, 3, 19)),
        (datetime(2026, 3, 19, 23, 0, tzinfo=UTC), FRIDAY),
    ],
)
def test_a_moment_belongs_to_its_local_day(moment: datetime, expected: date) -> None:
    assert local_day(moment, BERLIN) == expected


def test_five_minutes_share_a_bin() -> None:
    start = datetime(2026, 3, 20, 9, 0, tzinfo=BERLIN)
    last = start + timedelta(minutes=4, seconds=59)
    assert bin_of(start) == bin_of(last)
    assert bin_of(start + timedelta(minutes=5)) == bin_of(start) + 1
    assert bin_of(start.astimezone(UTC)) == bin_of(start)


def test_a_repeated_hour_has_bins_of_its_own() -> None:
    first = datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN)
    assert bin_of(first.replace(fold=1)) == bin_of(first) + 12


def test_working_days_leave_the_weekend_out() -> None:
    assert not is_working_day(date(2026, 3, 21))
    assert working_days(FRIDAY, date(2026, 3, 24)) == [
        FRIDAY,
        date(2026, 3, 23),
        date(2026, 3, 24),
    ]
    assert last_working_days(2, until=date(2026, 3, 22)) == [date(2026, 3, 19), FRIDAY]
