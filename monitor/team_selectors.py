"""Reads of team figures: only what was released, and only in rounded form."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Self

from django.db.models import Subquery

from monitor.models import Team, TeamFigure
from monitor.periods import BLOCK, Period
from monitor.scoring import Interval

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

NONE_YET = "there are no figures of it yet; they are made when a fortnight is over"


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
    return [TeamRow.of(team, figure_of.get(team.pk)) for team in teams]


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
    return [TeamRow.of(team, row) for row in rows]
