"""Whether the room of a team may be looked at: its whole crew must consent.

Everybody who belongs to the team may be in the picture, so the consent of each is
asked, and a crew must be so large that figures of it hide the single person.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import Q, QuerySet

from monitor.models import Pause, Person

# It names nobody.
PAUSED = (
    "Somebody of this team has paused their pictures; the room is not looked at before"
    " the pause ends."
)


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a room rests; `message` says what to do and names nobody."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Crew:
    """Who belongs to a team now, by ids, and how many of them consent."""

    people: frozenset[int] = frozenset()
    consenting: int = 0

    @property
    def mark(self) -> str:
        """The same for the same people; tells a picture that the team has changed."""
        ids = ",".join(map(str, sorted(self.people)))
        return hashlib.sha256(ids.encode()).hexdigest()[:16]

    @property
    def problem(self) -> Problem | None:
        """None when the room may be looked at."""
        if len(self.people) < settings.TEAM_SIZE:
            return Problem(
                "room_team_too_small",
                f"A room is looked at only while its team has {settings.TEAM_SIZE} or"
                " more people; use cameras at their desks instead.",
            )
        if self.consenting < len(self.people):
            return Problem(
                "room_no_consent",
                "A room is looked at only while everybody in its team consents, because"
                " anybody may be in the picture. Record the consents that are missing,"
                " or leave the camera switched off.",
            )
        return None


def crews_of(teams: Iterable[int]) -> dict[int, Crew]:
    """By id of the team, in one query; a team without people has an empty crew."""
    asked = set(teams)
    if not asked:
        return {}
    people: dict[int, dict[int, bool]] = defaultdict(dict)
    rows = Person.objects.filter(team__in=asked).with_consent().order_by()
    for team, pk, consents in rows.values_list("team_id", "pk", "has_consent"):
        people[team][pk] = consents
    return {
        team: Crew(frozenset(people[team]), sum(people[team].values()))
        for team in asked
    }


def crew_of(team: int) -> Crew:
    return crews_of([team])[team]


def crew_pauses(team: int, moment: datetime) -> QuerySet[Pause]:
    """Pauses of somebody of the team that hold at a moment: then the room rests."""
    lasting = Q(ends_at__isnull=True) | Q(ends_at__gt=moment)
    return Pause.objects.filter(lasting, person__team=team, begins_at__lte=moment)
