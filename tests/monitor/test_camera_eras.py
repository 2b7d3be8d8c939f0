"""Which days are compared with each other when cameras change, without a database."""

from __future__ import annotations

from datetime import date

import pytest

from monitor.camera_eras import comparable_days, era_starts, main_view
from monitor.periods import last_working_days
from monitor.scoring import NO_CAMERA, ZERO, DayTotals, View

FRIDAY = date(2026, 3, 20)
OLD, NEW, RENEWED = View(1), View(2), View(1, date(2026, 3, 2))


def days_of(seen: str, bins: int = 18) -> list[DayTotals]:
    """One working day a letter, up to that Friday: o(ld), n(ew), r(enewed), - none."""
    views = {"o": OLD, "n": NEW, "r": RENEWED, "-": NO_CAMERA}
    return [
        DayTotals(day, "m", "1", bins, bins, 0, ZERO, ZERO, view=views[letter])
        for day, letter in zip(
            last_working_days(len(seen), until=FRIDAY), seen, strict=True
        )
    ]


@pytest.mark.parametrize(
    ("seen", "view", "compared"),
    [
        ("oooooooooooo", OLD, 12),
        ("oooooooooonnnn", OLD, 10),
        ("oooooooooonnnnnn", OLD, 10),
        ("oooooooooonnnnnnn", NEW, 7),
        ("oooooooooonnnnnnnn", NEW, 8),
        ("ooooooooooor", RENEWED, 1),
        ("ooooooooooorrnr", RENEWED, 3),
        ("oooooooooooon", OLD, 12),
        ("oon-oonoo-oo", OLD, 8),
        ("-----", NO_CAMERA, 5),
        ("nnnnnnnnnnooooooooonnnnnnn", NEW, 17),
        # Two desks in turn: the first one stays.
        ("ononoonononnononnoonononnoonon", OLD, 15),
        ("nooo", OLD, 3),
        ("oonn", OLD, 2),
    ],
)
def test_days_of_the_present_camera_are_compared(
    seen: str, view: View, compared: int
) -> None:
    days = days_of(seen)
    assert main_view(days, FRIDAY) == view
    assert len(comparable_days(days, FRIDAY)) == compared


def test_an_earlier_day_is_judged_by_the_camera_of_its_time() -> None:
    days = days_of("oooooooooonnnnnnnnnn")
    then = days[9].day
    assert main_view(days, then) == OLD
    assert [row.view for row in comparable_days(days, then)] == [OLD] * 10


def test_each_day_has_one_vote_and_silence_none() -> None:
    desk = days_of("oooooooooo", bins=8)
    film = days_of("oooooooooon", bins=90)[-1:]
    assert main_view([*desk, *film], FRIDAY) == OLD
    assert main_view(days_of("ooooo", bins=0), FRIDAY) is None
    assert comparable_days([], FRIDAY) == []


@pytest.mark.parametrize(
    ("seen", "starts"),
    [
        ("oooooooooooo", []),
        ("oooooooooonnnnnnn", [10]),
        ("ooooo-ooooonooooo", []),
        ("ooooonnnnnnnoooooooonnnnnnnnn", [5]),
        # A visit long before is not where it begins.
        ("ooonoooooooooooooonnnnnnnnn", [18]),
        ("ooooooooorrrrrrrr", [9]),
        ("-------------nnnnnnnn", [13]),
        ("", []),
    ],
)
def test_a_new_camera_begins_with_its_first_day(seen: str, starts: list[int]) -> None:
    days = days_of(seen)
    assert era_starts(days) == {days[n].day for n in starts}
