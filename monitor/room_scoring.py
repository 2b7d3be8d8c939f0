"""Figures of the rooms of a team, in which nobody can be made out: pure functions.

Nobody is known in a picture of a room, so a figure cannot give each person the same
weight; it gives it to each day, within a day to each five-minute bin, within a bin to
each face. What stands between it and the single person:

* A picture counts with three faces or more, and a figure is shown only where one person
  cannot weigh more than a fifth. Somebody is in a picture once at most, so in a bin of
  p pictures and f faces they weigh p / f or less, whoever they are (dominance, bounded
  without knowing anybody: Hundepool et al. 2012, "Statistical Disclosure Control", ch.
  4). The figure with and without somebody who is s away from the others' mean therefore
  differs by s / 5 at most, and is rounded to five points.
* It is of one *crew*, who belonged to the team on each day of the block and belong to
  it when it is released. If somebody joined or left in between it is withheld.
* Levels of two crews are never compared. The first figure of a team is the mean of its
  crew, and at least k of the crew are in no such base yet, neither of a room nor of a
  team (or the crew is exactly that of an earlier base). A changed crew, and a changed
  model, begin by one block without a figure, and go on from the last level by how their
  own mean changes since then: level + own now - own then.
* In no block is there both a figure of the team and one of its room, because the
  difference of the two would be about those who are in one of them alone. That of the
  team goes first: it weighs each person the same.

So, in the words of `monitor.team_scoring`: levels enter through bases only, each of
which adds those of k people who are in no earlier one or adds no new sum, and the
deviations of a block enter through one figure, with the same crew of k people or more
on either side of each link. In any sum or difference of figures of teams and rooms,
fewer than k people cannot be isolated by adding and subtracting.

What this does not stop: somebody who knows that one person of an unchanged crew was
away for a whole block sees a change that the person had a part of a fifth or less in,
among the changes of all others, in steps of five points.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from monitor.scoring import HAPPY, ZERO, Five, Weights, five
from monitor.team_scoring import SMALLEST_TEAM, Estimate, Level, level_of

# Of one or two faces a picture would be an observation of single people.
FEWEST_FACES = 3
HEAVIEST = 1 / SMALLEST_TEAM
MIN_DAYS = 5
MIN_BINS = 30
NOTHING = Estimate(0.0, 0.0, 0.0)
UNMOVED = Level(NOTHING, NOTHING)


class Face(NamedTuple):
    """Some counted face: of which picture, in which bin, and what was read."""

    picture: int
    bin: int
    scores: Five


class DaySums(NamedTuple):
    """What is left of a day's faces; weight: bins' sum of pictures by faces."""

    bins: int = 0
    pictures: int = 0
    faces: int = 0
    weight: float = 0.0
    sums: Five = ZERO


class RoomTotals(NamedTuple):
    """One stored day of a team's rooms under one model and formula."""

    day: date
    crew: str
    version: str
    sums: DaySums
    weights: Weights

    @property
    def ratios(self) -> tuple[float, float]:
        """Stress and happiness, 0 to 1; of a day with bins."""
        bins, sums = self.sums.bins, self.sums.sums
        stress = self.weights.stress(sums) / bins
        return min(1.0, stress), min(1.0, sums[HAPPY] / bins)


class Past(NamedTuple):
    """An earlier figure of the same team; `level` is None where it was withheld."""

    crew: str
    version: str
    level: Level | None
    shift: Level | None


@dataclass(frozen=True, slots=True)
class Group:
    """Who belongs to the team, by ids, and who is in which base, of team or room.

    based: the people of each base; k: fewest people of whom a figure may be made.
    """

    people: AbstractSet[int]
    crew: str
    based: Sequence[AbstractSet[int]]
    k: int

    @property
    def may_be_base(self) -> bool:
        known: set[int] = set().union(*self.based)
        return self.people in self.based or len(self.people - known) >= self.k


@dataclass(frozen=True, slots=True)
class RoomFigures:
    """A level, or the reason why there is none; `shift` is the level less the mean."""

    level: Level | None
    reason: str = ""
    shift: Level | None = None
    is_base: bool = False
    days: int = 0
    version: str = ""


def day_sums(faces: Iterable[Face]) -> DaySums:
    """Sums of a day over the bins of its pictures with enough counted faces."""
    pictures: dict[int, list[Face]] = {}
    for face in faces:
        pictures.setdefault(face.picture, []).append(face)
    bins: dict[int, list[list[Face]]] = {}
    for shown in pictures.values():
        if len(shown) >= FEWEST_FACES:
            bins.setdefault(shown[0].bin, []).append(shown)
    return _sum(list(bins.values()))


def _sum(bins: list[list[list[Face]]]) -> DaySums:
    """Each bin is the mean of its faces."""
    means, weights, count = [], [], 0
    for pictures in bins:
        rows = [face.scores for picture in pictures for face in picture]
        means.append([math.fsum(each) / len(rows) for each in zip(*rows, strict=True)])
        weights.append(len(pictures) / len(rows))
        count += len(rows)
    if not means:
        return DaySums()
    return DaySums(
        bins=len(bins),
        pictures=sum(map(len, bins)),
        faces=count,
        weight=math.fsum(weights),
        sums=five(math.fsum(each) for each in zip(*means, strict=True)),
    )


def room_figures(
    days: Iterable[RoomTotals], *, group: Group, past: Sequence[Past], seed: str
) -> RoomFigures:
    """The figure of a block's days. past: earlier figures of the team, newest first.

    Which exist depends on people, days, bins and faces, never on what faces show.
    """
    there = sorted(row for row in days if row.sums.bins)
    rows = [row for row in there if row.version == there[-1].version]
    known = RoomFigures(None, days=len(rows), version=rows[-1].version if rows else "")
    if any(row.crew != group.crew for row in there):
        return _withheld(known, "somebody joined or left the team in these days")
    if reason := _thin(rows):
        return _withheld(known, reason)
    return _placed(known, level_of([row.ratios for row in rows], seed), group, past)


def _withheld(known: RoomFigures, reason: str) -> RoomFigures:
    return RoomFigures(None, reason, days=known.days, version=known.version)


def _thin(rows: Sequence[RoomTotals]) -> str:
    """Why these days are not enough; "" when they are."""
    bins = [row.sums.bins for row in rows]
    if len(rows) < MIN_DAYS:
        return f"{len(rows)} of {MIN_DAYS} days with pictures of enough faces"
    if sum(bins) < MIN_BINS:
        return f"{sum(bins)} of {MIN_BINS} five-minute bins"
    if 3 * max(bins) > sum(bins):
        return "more than a third of the observations are of one day"
    heaviest = sum(row.sums.weight / row.sums.bins for row in rows) / len(rows)
    if heaviest > HEAVIEST:
        return f"fewer than {SMALLEST_TEAM} faces are seen at a time, on the whole"
    return ""


def _placed(
    known: RoomFigures, own: Level, group: Group, past: Sequence[Past]
) -> RoomFigures:
    """The level that goes with the crew's own mean, without comparing two crews."""
    same = [
        row.shift
        for row in past
        if row.shift and (row.crew, row.version) == (group.crew, known.version)
    ]
    days, version = known.days, known.version
    if same:
        level = own.moved(same[0])
        return RoomFigures(level, shift=same[0], days=days, version=version)
    if group.may_be_base:
        return RoomFigures(own, "", UNMOVED, True, days, version)
    last = next((row.level for row in past if row.level), None)
    if last is None:
        reason = f"fewer than {group.k} of its people are in no figure of a team yet"
        return RoomFigures(None, reason, days=days, version=version)
    reason = "the team or the model is another one than before; it goes on from here"
    return RoomFigures(None, reason, last.moved(_negative(own)), False, days, version)


def _negative(level: Level) -> Level:
    return Level(*(Estimate(-row.value, row.above, row.below) for row in level))
