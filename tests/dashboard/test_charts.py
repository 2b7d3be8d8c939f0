from __future__ import annotations

from datetime import date, timedelta
from xml.etree import ElementTree

import pytest

from dashboard.charts import (
    Course,
    Dot,
    face_map,
    interval_bar,
    printed_chart,
    sparkline,
)
from dashboard.windows import windows
from monitor.periods import working_days
from monitor.scoring import effective_n, wilson
from monitor.selectors import DayPoint

MONDAY = date(2026, 3, 2)


def dots(*values: float | None) -> list[Dot]:
    days = working_days(MONDAY, MONDAY + timedelta(days=60))
    return [
        Dot(day, value, value, value) for day, value in zip(days, values, strict=False)
    ]


def point(day: date, stress: float | None, *, changed: bool = False) -> DayPoint:
    bins = 0 if stress is None else 12
    happy = None if stress is None else 0.1
    same = (stress, stress, stress, happy, happy, happy)
    return DayPoint(day, bins, *same, unsure=0, model_changed=changed)


def test_a_bar_tells_its_numbers_in_words() -> None:
    bar = interval_bar(0.47, (0.41, 0.53), name="stress", level=0.4)
    root = ElementTree.fromstring(bar)
    assert root.get("aria-label") == "stress 47%, 95% interval 41–53%"
    assert root.get("role") == "img"


def test_a_bar_without_data_says_so() -> None:
    assert "stress: not enough data" in interval_bar(None, None, name="stress")


def test_a_sparkline_breaks_where_nothing_was_seen() -> None:
    assert sparkline(dots(0.1, 0.2, None, 0.3, 0.2)).count("<polyline") == 2


def test_a_sparkline_of_one_day_is_no_trend() -> None:
    assert "no trend yet" in sparkline(dots(0.1))


def test_a_lone_day_is_drawn() -> None:
    line = ElementTree.fromstring(sparkline(dots(0.1, None, 0.3, 0.2)))
    first = line.findall("polyline")[0].get("points", "")
    assert len(first.split()) == 2


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_nothing_is_drawn_outside_the_picture(value: float) -> None:
    root = ElementTree.fromstring(sparkline(dots(value, value, value)))
    for line in root.findall("polyline"):
        for pair in line.get("points", "").split():
            x, y = map(float, pair.split(","))
            assert (0 <= x <= 120, 0 <= y <= 32) == (True, True)


def test_the_printed_chart_is_well_formed() -> None:
    course = Course(dots(0.1, None, 0.4), dots(None, None, 0.3))
    drawn = printed_chart({"stress": course}, first=MONDAY, last=MONDAY)
    assert ElementTree.fromstring(drawn).get("role") == "img"


def test_faces_are_places_without_a_picture() -> None:
    drawn = face_map([(10, 20, 100, 100, True), (300, 20, 50, 50, False)])
    assert "Places of 2 faces" in drawn
    assert drawn.count("<rect") == 2


def test_a_window_is_the_ratio_of_its_bins() -> None:
    days = working_days(MONDAY, MONDAY + timedelta(days=4))
    seen = windows(
        [point(day, share) for day, share in zip(days, [0.2] * 5, strict=True)]
    )
    assert seen[-1].stress[0] == pytest.approx(0.2)
    assert seen[-1].stress[1:] == wilson(0.2, effective_n(60))


def test_a_window_needs_three_days() -> None:
    days = working_days(MONDAY, MONDAY + timedelta(days=4))
    seen = windows([point(day, 0.2) for day in days])
    assert [value.stress.share is None for value in seen] == [
        True,
        True,
        False,
        False,
        False,
    ]


def test_no_window_reaches_over_a_new_model() -> None:
    days = working_days(MONDAY, MONDAY + timedelta(days=11))
    points = [point(day, 0.8) for day in days[:5]]
    points += [point(days[5], 0.1, changed=True)]
    points += [point(day, 0.1) for day in days[6:]]
    seen = windows(points)
    assert seen[5].stress.share is None
    assert seen[-1].stress.share == pytest.approx(0.1)


def test_a_silent_day_has_no_window() -> None:
    days = working_days(MONDAY, MONDAY + timedelta(days=4))
    shares = [0.2, 0.2, 0.2, 0.2, None]
    seen = windows([point(day, s) for day, s in zip(days, shares, strict=True)])
    assert seen[-1].stress.share is None
