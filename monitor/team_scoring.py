"""Figures of a team in which nobody can be made out: pure functions.

A figure is the mean of a group's ratios, each person weighing the same. Two figures of
groups that differ by one person would tell that person's ratio: n a - (n - 1) b. So:

* The first figure of a group is its *base*, the mean of its people, and at least k of
  them are in no base yet, of whatever team.
* Each later one is *linked* to an earlier one: its level plus the mean change of those
  (at least k) who have data in both blocks, as price indices are linked when goods come
  and go (matched models: ILO et al. 2004, "Consumer Price Index Manual", ch. 7). Who
  leaves or joins changes no level by that.

Write a person's ratio in a block as their level plus a deviation of that block. Levels
enter through bases only. In any sum or difference of figures the latest base adds the
levels of k people who are in no earlier one, and the latest link the deviations of k
people who are in no other figure of that block: fewer than k people cannot be isolated
by adding and subtracting. (Overlap of queries: Dobkin, Jones and Lipton 1979, ACM
Trans. Database Syst. 4, 97-106.) Which figures exist depends on numbers of people and
of observations, never on the ratios, so that what is withheld tells nothing of them.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date
from random import Random
from statistics import fmean
from typing import NamedTuple

from monitor.scoring import Z95, Interval

SMALLEST_TEAM = 5
STEPS = 20
RESAMPLES = 1000


class Member(NamedTuple):
    """One person's block, 0 to 1; only blocks of one version can be compared."""

    stress: float
    happiness: float
    bins: int
    version: tuple[str, ...]


class Estimate(NamedTuple):
    """A mean, and how far the bounds of its 95 % interval lie below and above."""

    value: float
    below: float
    above: float

    def moved(self, by: Estimate) -> Estimate:
        """With an independent change added to it."""
        return Estimate(
            self.value + by.value,
            math.hypot(self.below, by.below),
            math.hypot(self.above, by.above),
        )

    def rounded(self) -> tuple[float, Interval]:
        """To five points, the interval outwards, all between 0 and 1."""
        low, high = self.value - self.below, self.value + self.above
        return (
            _inside(round(self.value * STEPS)),
            Interval(
                _inside(math.floor(low * STEPS)), _inside(math.ceil(high * STEPS))
            ),
        )


class Level(NamedTuple):
    """What is known of a group in a block."""

    stress: Estimate
    happiness: Estimate

    def moved(self, by: Level) -> Level:
        return Level(self.stress.moved(by.stress), self.happiness.moved(by.happiness))


@dataclass(frozen=True, slots=True)
class Earlier:
    """A figure that was released before, and its people by their ids."""

    day: date
    level: Level
    members: Mapping[int, Member]


@dataclass(frozen=True, slots=True)
class TeamFigures:
    """A level, or the reason why there is none."""

    level: Level | None
    reason: str = ""
    is_base: bool = False


def team_figures(
    members: Mapping[int, Member],
    *,
    earlier: Iterable[Earlier],
    based: AbstractSet[int],
    k: int,
    seed: str,
) -> TeamFigures:
    """Figures of those of a team who have enough data in a block, by their ids.

    earlier: released figures in the order in which a link to them is tried. based: ids
    of all who are in a base. k: fewest people; there is nothing for fewer (Sweeney
    2002, Int. J. Uncertain. Fuzz. 10, 557-570), nor where one person has more than a
    third of the observations (dominance: Hundepool et al. 2012, "Statistical Disclosure
    Control", ch. 4).
    """
    if reason := _unfit(members.values(), k):
        return TeamFigures(None, reason)
    if len(members.keys() - based) >= k:
        rows = [(row.stress, row.happiness) for row in members.values()]
        return TeamFigures(level_of(rows, seed), is_base=True)
    level = _linked(members, earlier, k, seed)
    if level is None:
        reason = f"fewer than {k} of its people were in an earlier figure together"
        return TeamFigures(None, reason)
    return TeamFigures(level)


def t_quantile(freedom: int, z: float = Z95) -> float:
    """Two-sided 95 % quantile of Student's t, off by less than 0.002 from 4 on.

    The expansion in 1 / freedom of Abramowitz and Stegun 1964, 26.7.5.
    """
    terms = (
        z,
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return math.fsum(term / freedom**power for power, term in enumerate(terms))


def _unfit(members: Collection[Member], k: int) -> str:
    if len(members) < k:
        return f"fewer than {k} people have enough data"
    bins = [row.bins for row in members]
    if 3 * max(bins) > sum(bins):
        return "more than a third of the observations are of one person"
    return ""


def _linked(
    members: Mapping[int, Member], earlier: Iterable[Earlier], k: int, seed: str
) -> Level | None:
    """The level of the first figure that can be linked to, moved by the change since.

    Versions do not compare: after a change of model the newest level stays as it is for
    one block. A fresh mean would tell who left with the old model.
    """
    spliced: Earlier | None = None
    for figure in earlier:
        common = sorted(members.keys() & figure.members.keys())
        pairs = [(members[person], figure.members[person]) for person in common]
        same = [(now, then) for now, then in pairs if now.version == then.version]
        if len(same) < k <= len(common) and (not spliced or spliced.day < figure.day):
            spliced = figure
        if not _unfit([now for now, _ in same], k):
            changes = [
                (now.stress - then.stress, now.happiness - then.happiness)
                for now, then in same
            ]
            return figure.level.moved(level_of(changes, seed))
    return spliced.level if spliced else None


def level_of(people: Sequence[tuple[float, float]], seed: str) -> Level:
    """Means over people with intervals by resampling people (Efron 1979, Ann. Stat. 7).

    Of rooms the days take the place of people.

    Percentile intervals of few people are too narrow; they are expanded by
    sqrt(n / (n - 1)) t / z (Hesterberg 2015, Am. Stat. 69, 371-386). The seed makes the
    same interval of the same people each time, in any order.
    """
    rows, n = sorted(people), len(people)
    rng = Random(seed)  # noqa: S311
    draws = [rng.choices(rows, k=n) for _ in range(RESAMPLES)]
    factor = math.sqrt(n / (n - 1)) * t_quantile(n - 1) / Z95
    estimates = []
    for column in (0, 1):
        mean = fmean(row[column] for row in rows)
        means = sorted(fmean(row[column] for row in draw) for draw in draws)
        tail = RESAMPLES // 40
        below, above = mean - means[tail], means[-1 - tail] - mean
        estimates.append(
            Estimate(mean, max(0.0, below) * factor, max(0.0, above) * factor)
        )
    return Level(*estimates)


def _inside(steps: int) -> float:
    return min(STEPS, max(0, steps)) / STEPS
