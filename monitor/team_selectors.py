"""Reads of team figures: only what was released, and only in rounded form."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Self

from django.db.models import Subquery

from monitor.models import RoomFigure, Team, TeamFigure
from monitor.periods import BLOCK, Period
from monitor.scoring import Interval

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

NONE_YET = "there are no figures of it yet; they are made when a fortnight is over"


@dataclass(frozen=True, slots=True)
class RoomRow:
    """The room of a team over a block of days, or why its figures are not shown.

    expected_days: working days of the block; days: those with enough in them.
    """

    stress: float | None
    happiness: float | None
    stress_interval: Interval | None
    happiness_interval: Interval | None
    days: int
    expected_days: int
    people_at_least: int
    reason: str

    @classmethod
    def of(cls, figure: RoomFigure) -> Self:
        level = figure.level
        stress = level.stress.rounded() if level else (None, None)
        happiness = level.happiness.rounded() if level else (None, None)
        return cls(
            stress=stress[0],
            happiness=happiness[0],
            stress_interval=stress[1],
            happiness_interval=happiness[1],
            days=figure.days,
            expected_days=figure.expected_days,
            people_at_least=figure.people_at_least,
            reason=figure.reason,
        )

    @property
    def coverage(self) -> float:
        """Share of the working days that have data."""
        if not self.expected_days:
            return 1.0 if self.days else 0.0
        return min(1.0, self.days / self.expected_days)


@dataclass(frozen=True, slots=True)
class TeamRow:
    """A team over a block of days, or the reason why its figures are not shown."""

    team: Team
    first_day: date | None
    last_day: date | None
    people_at_least: int | None
    stress: float | None
    happiness: float | None
    stress_interval: Interval | None
    happiness_interval: Interval | None
    reason: str
    room: RoomRow | None = None  # of a team that has no camera in a room

    @classmethod
    def of(cls, team: Team, figure: TeamFigure | None) -> Self:
        if figure is None:
            return cls(team, None, None, None, None, None, None, None, NONE_YET)
        last = figure.first_day + BLOCK - timedelta(days=1)
        level = figure.level
        if level is None:
            days = (figure.first_day, last)
            return cls(team, *days, None, None, None, None, None, figure.reason)
        stress, stress_interval = level.stress.rounded()
        happiness, happiness_interval = level.happiness.rounded()
        return cls(
            team=team,
            first_day=figure.first_day,
            last_day=last,
            people_at_least=figure.people_at_least,
            stress=stress,
            happiness=happiness,
            stress_interval=stress_interval,
            happiness_interval=happiness_interval,
            reason="",
        )


def team_rows(*, user: User | AnonymousUser) -> list[TeamRow]:
    """Every team that this user may see, over the last block that was released."""
    newest = TeamFigure.objects.order_by("-first_day").values("first_day")[:1]
    figures = TeamFigure.objects.filter(first_day=Subquery(newest)).order_by()
    figure_of = {figure.team_id: figure for figure in figures}
    teams = Team.objects.visible_to(user)
    rows = [TeamRow.of(team, figure_of.get(team.pk)) for team in teams]
    return _with_rooms(rows)


def team_blocks(
    *, user: User | AnonymousUser, team: Team, period: Period | None
) -> list[TeamRow]:
    """A team over the blocks that lie within a period, or else over the last one.

    Whoever may see the team sees the same as everybody else who may.
    """
    figures = TeamFigure.objects.filter(team__in=Team.objects.visible_to(user))
    figures = figures.filter(team=team)
    if period is None:
        rows = list(figures.order_by("-first_day")[:1])
    else:
        last = period.last_day + timedelta(days=1) - BLOCK
        rows = list(figures.filter(first_day__range=(period.first_day, last)))
    return _with_rooms([TeamRow.of(team, row) for row in rows])


def _with_rooms(rows: list[TeamRow]) -> list[TeamRow]:
    """The rows of whoever may see the teams, with the figures of their rooms."""
    first_days = {row.first_day for row in rows if row.first_day}
    if not first_days:
        return rows
    teams = {row.team.pk for row in rows}
    figures = RoomFigure.objects.filter(team__in=teams, first_day__in=first_days)
    room_of = {(row.team_id, row.first_day): RoomRow.of(row) for row in figures}
    return [
        replace(row, room=room_of.get((row.team.pk, row.first_day)))
        if row.first_day
        else row
        for row in rows
    ]
