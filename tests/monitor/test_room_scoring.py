"""Figures of rooms: what they are made of, when there is none, and what they hide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from random import Random
from statistics import fmean
from typing import Any

import pytest

from bench.isolation import Row, by_chance, gain
from monitor.room_scoring import (
    DaySums,
    Face,
    Group,
    Past,
    RoomFigures,
    RoomTotals,
    day_sums,
    room_figures,
)
from monitor.scoring import DEFAULT_WEIGHTS, Five

FIRST = date(2026, 1, 12)
CREW = frozenset(range(9))
HERE = Group(CREW, "nine", based=[], k=8)


def scores(stress: float) -> Five:
    """What is not stress is half happy, half neutral."""
    rest = (1 - stress) / 2
    return (0.0, rest, rest, stress, 0.0)


def picture(number: int, bin_: int, ratios: Sequence[float]) -> list[Face]:
    return [Face(number, bin_, scores(ratio)) for ratio in ratios]


def day(n: int, ratio: float = 0.3, bins: int = 8, **fields: Any) -> RoomTotals:
    """A day of bins with five faces each, all of which show the same."""
    faces = [each for b in range(bins) for each in picture(b, b, [ratio] * 5)]
    made = RoomTotals(
        FIRST + timedelta(days=n), "nine", "m 1", day_sums(faces), DEFAULT_WEIGHTS
    )
    return made._replace(**fields)


def days(ratio: float = 0.3, n: int = 5, **fields: Any) -> list[RoomTotals]:
    return [day(each, ratio, **fields) for each in range(n)]


def figures(
    rows: list[RoomTotals], group: Group = HERE, past: Sequence[Past] = ()
) -> RoomFigures:
    return room_figures(rows, group=group, past=past, seed="a")


def as_past(made: RoomFigures, crew: str = "nine") -> Past:
    return Past(crew, made.version, made.level, made.shift)


def test_a_bin_is_the_mean_of_its_faces_and_needs_three_in_a_picture() -> None:
    faces = [
        *picture(1, 1, [0.0, 0.3, 0.6]),
        *picture(2, 1, [0.9, 0.9, 0.9]),
        *picture(3, 2, [0.5, 0.5]),
        *picture(4, 3, [0.1, 0.1, 0.1, 0.1]),
    ]
    sums = day_sums(faces)
    assert (sums.bins, sums.pictures, sums.faces) == (2, 3, 10)
    assert sums.sums[3] == pytest.approx(0.6 + 0.1)
    assert sums.weight == pytest.approx(2 / 6 + 1 / 4)
    assert day_sums(picture(1, 1, [0.5, 0.5])) == DaySums()


def test_each_day_weighs_the_same() -> None:
    rows = [day(0, 0.8, bins=12), *(day(n, 0.2) for n in range(1, 5))]
    made = figures(rows)
    assert made.level
    assert made.level.stress.value == pytest.approx(0.32)
    assert made.level.happiness.value == pytest.approx(0.34)
    low, high = made.level.stress.rounded()[1]
    assert low < 0.32 < high


THIN: list[tuple[list[RoomTotals], str]] = [
    ([], "0 of 5 days"),
    (days(n=4), "4 of 5 days"),
    (days(bins=5), "25 of 30 five-minute bins"),
    ([day(0, bins=40), *days()[1:]], "more than a third"),
    ([each._replace(sums=each.sums._replace(weight=2.0)) for each in days()], "fewer"),
    ([*days(), day(7, crew="eight")], "joined or left"),
    ([*days(), day(7, version="m 2")], "1 of 5 days"),
]


@pytest.mark.parametrize(("rows", "reason"), THIN)
def test_it_is_withheld_with_a_reason(rows: list[RoomTotals], reason: str) -> None:
    made = figures(rows)
    assert made.level is None
    assert made.shift is None
    assert reason in made.reason


def test_the_first_figure_needs_people_who_are_in_none_yet() -> None:
    assert figures(days()).is_base
    two = replace(HERE, based=[{0, 1}])
    assert "fewer than 8 of its people" in figures(days(), two).reason
    assert figures(days(), replace(HERE, based=[{0}])).is_base
    assert figures(days(), replace(HERE, based=[{0, 1}, set(CREW)])).is_base


def test_the_same_crew_goes_on_with_its_own_mean() -> None:
    base = as_past(figures(days(0.3)))
    made = figures(days(0.5), replace(HERE, based=[set(CREW)]), [base])
    assert made.level
    assert made.level.stress.value == pytest.approx(0.5)
    assert not made.is_base


def test_a_changed_crew_moves_the_level_by_its_own_changes_alone() -> None:
    old = as_past(figures(days(0.3)))
    others = Group(CREW - {0}, "eight", based=[set(CREW)], k=8)
    first = figures(days(0.1, crew="eight"), others, [old])
    assert first.level is None
    assert "it goes on from here" in first.reason
    past = [as_past(first, "eight"), old]
    second = figures(days(0.15, crew="eight"), others, past)
    assert second.level
    assert second.level.stress.value == pytest.approx(0.35)


def test_it_is_the_same_each_time() -> None:
    rows = [day(n, 0.1 * n) for n in range(6)]
    assert figures(rows) == figures(rows[::-1])
    assert figures(rows).level


def seen(rng: Random, levels: dict[int, float], crew: str) -> list[RoomTotals]:
    """Ten days of 12 pictures, in each of which some of the people are."""
    rows = []
    for n in range(10):
        today = {i: min(1, max(0, rng.gauss(x, 0.08))) for i, x in levels.items()}
        faces = []
        for each in range(12):
            there = rng.sample(sorted(today), rng.randint(5, len(today)))
            faces += picture(each, each, [today[i] for i in there])
        at = FIRST + timedelta(days=n)
        rows.append(RoomTotals(at, crew, "m 1", day_sums(faces), DEFAULT_WEIGHTS))
    return rows


def test_one_persons_faces_move_it_by_less_than_the_step_of_rounding() -> None:
    """In 19 of 20 cases, of people whose levels are drawn from Beta(2, 6)."""
    rng, moved = Random(3), []
    for _ in range(60):
        levels = {i: rng.betavariate(2, 6) for i in range(9)}
        with_all, state = figures(seen(rng, levels, "nine")), rng.getstate()
        del levels[0]
        without = figures(seen(rng, levels, "nine"))
        rng.setstate(state)
        assert with_all.level
        assert without.level
        moved.append(abs(with_all.level.stress.value - without.level.stress.value))
    assert sorted(moved)[len(moved) * 19 // 20] < 0.05
    assert fmean(moved) < 0.02


def leavers(rng: Random, teams: int, *, guarded: bool) -> list[Row]:
    """What somebody sees who knows that person 0 left between two figures."""
    rows: list[Row] = []
    for _ in range(teams):
        levels = {i: rng.betavariate(2, 6) for i in range(9)}
        level, base = levels[0], figures(seen(rng, levels, "nine"))
        del levels[0]
        left = Group(frozenset(levels), "eight", based=[set(CREW)], k=8)
        left = left if guarded else replace(left, based=[])
        past = [as_past(base)] if guarded else []
        for _ in range(2):
            made = figures(seen(rng, levels, "eight"), left, past)
            past = [as_past(made, "eight"), *past]
        assert base.level
        assert made.level
        (a, one), (b, two) = base.level.stress.rounded(), made.level.stress.rounded()
        wider = (one.high - one.low) - (two.high - two.low)
        rows.append((level, (a + b) / 2, 9 * (a - b), wider))
    return rows


@pytest.mark.parametrize(("guarded", "tells"), [(True, False), (False, True)])
def test_who_leaves_cannot_be_made_out_by_a_difference(
    monkeypatch: pytest.MonkeyPatch, guarded: bool, tells: bool
) -> None:
    """As in test_isolation: fitted on the very people whom it is tried on."""
    monkeypatch.setattr("monitor.team_scoring.RESAMPLES", 100)
    rows = leavers(Random(5), 200, guarded=guarded)
    assert (gain(rows, [2]) > by_chance(len(rows))) is tells
    assert not guarded or gain(rows, [3]) <= by_chance(len(rows))
