"""Bases, links, and what is withheld."""

from __future__ import annotations

from datetime import date
from statistics import fmean
from typing import Any

import pytest

from monitor.scoring import Interval
from monitor.team_scoring import Earlier, Estimate, Level, Member, team_figures

K = 8
EARLIER = date(2026, 1, 5)
TEN = {n: 0.1 + 0.05 * n for n in range(10)}


def members(ratios: dict[int, float], bins: int = 40, model: str = "m") -> Any:
    return {n: Member(ratio, 1 - ratio, bins, (model,)) for n, ratio in ratios.items()}


def figures(people: Any, *earlier: Earlier, based: set[int] | None = None) -> Any:
    known = set().union(*(figure.members for figure in earlier))
    return team_figures(people, earlier=earlier, based=based or known, k=K, seed="one")


def before(ratios: dict[int, float], *, at: float, model: str = "m") -> Earlier:
    level = Level(Estimate(at, 0.1, 0.2), Estimate(1 - at, 0.1, 0.1))
    return Earlier(EARLIER, level, members(ratios, model=model))


def stress(made: Any) -> float:
    assert made.level is not None, made.reason
    value: float = made.level.stress.value
    return value


def test_the_first_figure_is_the_mean_of_people() -> None:
    made = figures(members(TEN))
    assert made.is_base
    assert stress(made) == pytest.approx(fmean(TEN.values()))
    assert made.level.happiness.value == pytest.approx(1 - fmean(TEN.values()))


def test_seven_people_have_no_figures() -> None:
    made = figures(members({n: TEN[n] for n in range(7)}))
    assert (made.level, made.reason) == (None, "fewer than 8 people have enough data")


def test_nobody_may_have_over_a_third_of_the_observations() -> None:
    one = {10: Member(0.3, 0.3, 201, ("m",))}
    made = figures(members(TEN) | one)
    assert made.level is None
    assert "a third" in made.reason
    assert figures(members(TEN) | {10: one[10]._replace(bins=200)}).level


def test_who_leaves_or_joins_changes_no_level() -> None:
    nine = {n: TEN[n] for n in range(9)}
    assert stress(figures(members(nine), before(TEN, at=0.4))) == 0.4
    joined = members(TEN | {77: 1.0})
    assert stress(figures(joined, before(TEN, at=0.4))) == 0.4


def test_a_change_of_those_who_stay_moves_the_level() -> None:
    risen = {n: ratio + 0.2 for n, ratio in TEN.items() if n > 0}
    made = figures(members(risen), before(TEN, at=0.3))
    assert not made.is_base
    assert stress(made) == pytest.approx(0.5)


def test_eight_who_are_in_no_base_make_a_new_one() -> None:
    based = set(TEN)
    seven = TEN | {n: 0.9 for n in range(20, 27)}
    eight = seven | {27: 0.9}
    assert not figures(members(seven), before(TEN, at=0.3), based=based).is_base
    made = figures(members(eight), before(TEN, at=0.3), based=based)
    assert made.is_base
    assert stress(made) == pytest.approx(fmean(eight.values()))


def test_people_of_other_bases_make_no_new_one() -> None:
    made = figures(members(TEN), based=set(TEN))
    assert made.level is None
    assert "in an earlier figure together" in made.reason


def test_it_links_to_nothing_with_fewer_than_eight_in_common() -> None:
    few = before({n: TEN[n] for n in range(7)}, at=0.1)
    made = figures(members(TEN), few, before(TEN, at=0.5), based=set(TEN))
    assert stress(made) == 0.5


def test_after_a_change_of_model_the_level_stays_for_a_block() -> None:
    old = before(TEN, at=0.3, model="old")
    risen = members({n: ratio + 0.2 for n, ratio in TEN.items()}, model="new")
    assert stress(figures(risen, old)) == 0.3
    spliced = Earlier(EARLIER, old.level, risen)
    assert stress(figures(risen, spliced, old)) == 0.3


def test_figures_are_rounded_to_five_points_and_intervals_outwards() -> None:
    value, interval = Estimate(0.276, 0.101, 0.049).rounded()
    assert value == pytest.approx(0.3)
    assert interval == pytest.approx(Interval(0.15, 0.35))
    assert Estimate(1.04, 0.02, 0.1).rounded() == (1.0, (1.0, 1.0))


def test_the_interval_is_about_that_of_student() -> None:
    level = figures(members(TEN)).level
    # sd 0.1514, t 2.2622: half width 0.1083.
    assert level.stress.below == pytest.approx(0.1083, rel=0.1)
    assert level.stress.above == pytest.approx(0.1083, rel=0.1)


def test_the_same_people_have_the_same_interval_in_any_order() -> None:
    turned = dict(reversed(members(TEN).items()))
    assert figures(turned).level == figures(members(TEN)).level


def test_a_link_adds_its_own_uncertainty() -> None:
    uneven = {n: ratio + 0.03 * n for n, ratio in TEN.items()}
    made = figures(members(uneven), before(TEN, at=0.3))
    assert made.level.stress.below > 0.1
    same = figures(members(TEN), before(TEN, at=0.3))
    assert same.level.stress.below == pytest.approx(0.1)
