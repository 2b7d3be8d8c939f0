"""The hours of a day in a few bytes."""

from __future__ import annotations

import pytest

from monitor.hours import HourTotals, hours_add, hours_of, hours_pack, hours_unpack
from monitor.scoring import ZERO, Bin, Five

SAD: Five = (0.0, 0.0, 0.25, 0.75, 0.0)
HAPPY: Five = (0.0, 1.0, 0.0, 0.0, 0.0)


def test_an_hour_adds_its_bins_and_what_was_left_out() -> None:
    bins = [(9, Bin(1, 3, SAD, SAD)), (9, Bin(2, 1, HAPPY, HAPPY))]
    first, second = hours_of([*bins, (14, Bin(9, 1, SAD, SAD))], [14, 14])
    assert first == HourTotals(9, 2, 4, 0, (0.0, 1.0, 0.25, 0.75, 0.0))
    assert second == HourTotals(14, 1, 1, 2, SAD)


def test_an_hour_of_unsure_readings_alone_is_there() -> None:
    assert hours_of([], [23]) == [HourTotals(23, 0, 0, 1, ZERO)]


def test_they_come_back_as_they_were_packed() -> None:
    rows = [HourTotals(0, 12, 70_000, 1, SAD), HourTotals(23, 24, 24, 90_000, HAPPY)]
    assert hours_unpack(hours_pack(rows)) == rows
    assert hours_unpack(b"") == []


def test_other_bytes_are_refused() -> None:
    with pytest.raises(ValueError, match="31 bytes are no whole number of hours"):
        hours_unpack(bytes(31))


def test_hours_of_several_days_add_up() -> None:
    day = [HourTotals(9, 1, 1, 0, SAD), HourTotals(10, 1, 2, 1, HAPPY)]
    assert hours_add([day, day[:1]]) == [
        HourTotals(9, 2, 2, 0, (0.0, 0.0, 0.5, 1.5, 0.0)),
        HourTotals(10, 1, 2, 1, HAPPY),
    ]
    assert hours_add([]) == []
