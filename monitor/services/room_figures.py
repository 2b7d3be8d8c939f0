"""Releasing figures of rooms, together with those of teams and after them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db.models import F

from inference import EMOTIONS
from monitor.models import (
    Camera,
    Organisation,
    RoomDay,
    RoomFigure,
    TeamFigure,
)
from monitor.models.teams import BOUNDS
from monitor.periods import BLOCK
from monitor.room_scoring import (
    DaySums,
    Group,
    Past,
    RoomFigures,
    RoomTotals,
    room_figures,
)
from monitor.rooms import Crew, crews_of
from monitor.scoring import Weights, five
from monitor.team_scoring import Level

# Earlier figures that one may go on from.
REMEMBERED = 26
BESIDE = "the figure of its people is shown; both together would tell about single ones"


@dataclass(frozen=True, slots=True)
class Block:
    """What the figures of all rooms over one block are made from."""

    first_day: date
    released_at: datetime
    expected_days: int
    bases: list[set[int]]


def room_bases() -> list[set[int]]:
    """The people of each figure of a room that is a mean of levels."""
    return _people(RoomFigure)


def _people(model: type[RoomFigure] | type[TeamFigure]) -> list[set[int]]:
    bases = model._default_manager.filter(is_base=True).prefetch_related("people")
    return [{person.pk for person in figure.people.all()} for figure in bases]


def room_figures_release(*, first: date, now: datetime) -> int:
    """Release the figures of a block, once; says of how many teams.

    Joins the transaction that has just released those of teams, none of which it
    stands beside: see `monitor.room_scoring`. Teams without a camera in a room, and
    without anything read in one, have none.
    """
    last = first + BLOCK - timedelta(days=1)
    days = _days(first, last)
    rooms = Camera.objects.filter(team__isnull=False, active=True).order_by()
    teams = days.keys() | set(rooms.values_list("team_id", flat=True))
    crews = crews_of(teams)
    block = Block(
        first_day=first,
        released_at=now,
        expected_days=len(Organisation.current().week.expected(first, last)),
        bases=[*_people(TeamFigure), *room_bases()],
    )
    figures = TeamFigure.objects.filter(first_day=first, reason="")
    beside = set(figures.values_list("team_id", flat=True))
    for team in sorted(teams):
        made = _figures(team, days.get(team, []), crews[team], block)
        if team in beside:
            made = RoomFigures(None, BESIDE, days=made.days)
        _store(team, made, crews[team], block)
    return len(teams)


def _figures(
    team: int, days: list[RoomTotals], crew: Crew, block: Block
) -> RoomFigures:
    k = settings.TEAM_SIZE
    if crew.problem is not None:
        return RoomFigures(None, f"it needs {k} or more people, each of whom consents")
    earlier = RoomFigure.objects.filter(team=team).order_by("-first_day")
    return room_figures(
        days,
        group=Group(crew.people, crew.mark, block.bases, k),
        past=[
            Past(row.crew, row.version, row.level, row.shift)
            for row in earlier[:REMEMBERED]
        ],
        seed=f"room {team}:{block.first_day}",
    )


def _days(first: date, last: date) -> dict[int, list[RoomTotals]]:
    """The days of each team as pages would read them, under one formula each."""
    rows = RoomDay.objects.filter(
        day__range=(first, last),
        formula__shown_from__lte=F("day"),
        formula__shown_until__gt=F("day"),
    )
    found: dict[int, list[RoomTotals]] = defaultdict(list)
    for row in rows.select_related("formula"):
        sums = DaySums(
            row.bins,
            row.pictures,
            row.faces,
            row.weight_sum,
            five(getattr(row, f"{name}_sum") for name in EMOTIONS),
        )
        weights: Weights = row.formula.weights
        version = f"{row.model} {row.formula_id}"
        totals = RoomTotals(row.day, row.crew, version, sums, weights)
        found[row.team_id].append(totals)
    return dict(found)


def _store(team: int, made: RoomFigures, crew: Crew, block: Block) -> None:
    row = RoomFigure.objects.create(
        team_id=team,
        first_day=block.first_day,
        released_at=block.released_at,
        reason=made.reason,
        people_at_least=settings.TEAM_SIZE,
        days=made.days,
        expected_days=block.expected_days,
        crew=crew.mark,
        version=made.version,
        is_base=made.is_base,
        **_columns(made.level, ""),
        **_columns(made.shift, "_shift"),
    )
    if made.is_base:
        row.people.set(crew.people)


def _columns(level: Level | None, suffix: str) -> dict[str, float]:
    if level is None:
        return {}
    return {
        f"{name}{suffix}{bound}": value
        for name, estimate in level._asdict().items()
        for bound, value in zip(BOUNDS, estimate, strict=True)
    }
