"""Releasing team figures: once for each block of days, for all teams together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from monitor.models import Organisation, Person, Team, TeamFigure
from monitor.periods import BLOCK, block_period, block_start, local_day
from monitor.scoring import Verdict
from monitor.selectors import people_ratios
from monitor.services.room_figures import room_bases, room_figures_release
from monitor.team_scoring import Earlier, Level, Member, team_figures

# Pictures may come late, and be analysed later still.
SETTLING = timedelta(days=2)
# Blocks that a figure may be linked to.
REMEMBERED = 26


@dataclass(frozen=True, slots=True)
class Known:
    """What the figures of all teams over one block are made from."""

    first_day: date
    members: dict[int, Member]
    before: list[TeamFigure]
    based: set[int]
    rooms: list[set[int]]

    def based_beside(self, people: Set[int]) -> set[int]:
        """Who is in a base, of a team or of a room.

        Not of a room with the very same people, whose levels are no new sum.
        """
        return self.based.union(*(room for room in self.rooms if room != people))


def team_figures_release(*, now: datetime) -> int:
    """Release the newest block that has settled; says for how many teams.

    Once made, a figure never changes: not by late pictures, nor by somebody who
    moves, joins or withdraws, whose data its change would show. Blocks that were missed
    are not made up for, because nobody knows any more who was in which team.
    """
    tz = Organisation.current().tz
    first = block_start(local_day(now, tz) - SETTLING) - BLOCK
    with transaction.atomic():
        if TeamFigure.objects.filter(first_day__gte=first).exists():
            return 0
        # One query, in which everybody is in one team.
        people = list(Person.objects.consented())
        known = Known(
            first_day=first,
            members=_members(people, first),
            before=list(_shown_since(first - REMEMBERED * BLOCK)),
            based=set(_bases().values_list("people", flat=True)),
            rooms=room_bases(),
        )
        teams = list(Team.objects.all())
        for team in teams:
            own = {row.pk for row in people if row.team_id == team.pk}
            _release(team, own, known, now)
        room_figures_release(first=first, now=now)
    return len(teams)


def _release(team: Team, people: set[int], known: Known, now: datetime) -> None:
    there = {pk: known.members[pk] for pk in people & known.members.keys()}
    figures = team_figures(
        there,
        earlier=_earlier(there, known.before),
        based=known.based_beside(there.keys()),
        k=settings.TEAM_SIZE,
        seed=f"{team.pk}:{known.first_day}",
    )
    row = TeamFigure.objects.create(
        team=team,
        first_day=known.first_day,
        released_at=now,
        reason=figures.reason,
        people_at_least=settings.TEAM_SIZE,
        is_base=figures.is_base,
        **_columns(figures.level),
    )
    if figures.level:
        row.people.set(there)


def _shown_since(day: date) -> Any:
    shown = TeamFigure.objects.filter(reason="", first_day__gte=day)
    return shown.prefetch_related("people")


def _bases() -> Any:
    return TeamFigure.objects.filter(is_base=True).order_by()


def _earlier(
    there: Mapping[int, Member], before: Iterable[TeamFigure]
) -> Iterator[Earlier]:
    """Those with most people in common first, of these the oldest.

    Which leaves the fewest links, and so the least error, between a figure and its
    base. Read one by one: the first mostly does.
    """
    common = {
        figure: [person for person in figure.people.all() if person.pk in there]
        for figure in before
    }
    for figure in sorted(common, key=lambda row: (-len(common[row]), row.first_day)):
        if figure.level and len(common[figure]) >= settings.TEAM_SIZE:
            members = _members(common[figure], figure.first_day)
            yield Earlier(figure.first_day, figure.level, members)


def _members(people: Iterable[Person], first: date) -> dict[int, Member]:
    """Those of the people who have enough data in a block."""
    period = block_period(first, Organisation.current().tz)
    found = {}
    for pk, row in people_ratios(people=people, period=period).items():
        enough = row.verdict is not Verdict.NOT_ENOUGH
        if enough and row.stress is not None and row.happiness is not None:
            corrected = str(bool(row.correction and row.correction.leads))
            version = (row.model, row.formula, corrected)
            found[pk] = Member(row.stress, row.happiness, row.bins, version)
    return found


def _columns(level: Level | None) -> dict[str, float]:
    if level is None:
        return {}
    return {
        f"{name}{suffix}": value
        for name, estimate in level._asdict().items()
        for suffix, value in zip(("", "_below", "_above"), estimate, strict=True)
    }
