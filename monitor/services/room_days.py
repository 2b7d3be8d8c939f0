"""Day summaries of rooms: always recomputed from the readings of a day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import TruncDate

from inference import EMOTIONS
from monitor.counting import is_counted
from monitor.models import Formula, Organisation, RoomDay, RoomReading, Team
from monitor.periods import Period, bin_of, local_day
from monitor.room_scoring import Face, day_sums
from monitor.scoring import five
from monitor.services.summaries import spans

TeamDay = tuple[int, date]
# Day, crew and model of what is stored as one.
Kind = tuple[date, str, str]
# Days of one team that are summed up in one transaction; workers wait that long.
Piece = tuple[int, list[date]]
CHUNK = 20


class Day(list[tuple[Face, bool, str]]):
    """Faces of one team's day, of one crew and model: usable or not, and why."""

    def summary(self, formula: Formula) -> RoomDay | None:
        """None where no picture has enough faces that count."""
        least = formula.min_confidence
        counted = [
            face
            for face, usable, reason in self
            if is_counted(face.scores, counted=usable, reason=reason, least=least)
        ]
        sums = day_sums(counted)
        if not sums.bins:
            return None
        return RoomDay(
            formula=formula,
            bins=sums.bins,
            pictures=sums.pictures,
            faces=sums.faces,
            unsure=len(self) - len(counted),
            weight_sum=sums.weight,
            **{f"{name}_sum": sums.sums[n] for n, name in enumerate(EMOTIONS)},
        )


def teams_lock(ids: Iterable[int | None]) -> None:
    """Let one transaction at a time work on these teams' rooms (no-op on SQLite)."""
    teams = Team.objects.filter(pk__in={pk for pk in ids if pk}).order_by("pk")
    list(teams.select_for_update(no_key=True).values_list("pk"))


@transaction.atomic
def room_days_refresh(
    *, team_days: Iterable[TeamDay], formula: Formula | None = None
) -> None:
    """Make the summaries of these days equal to their readings.

    Under one formula, or all that are kept. The caller holds the teams (`teams_lock`)
    where others may store readings of them.
    """
    formulas = [formula] if formula else list(Formula.objects.kept())
    tz = Organisation.current().tz
    days_of: dict[int, list[date]] = defaultdict(list)
    for team, day in sorted(set(team_days)):
        days_of[team].append(day)
    for team, days in days_of.items():
        stored = RoomDay.objects.filter(team=team, day__in=days, formula__in=formulas)
        stored.delete()
        RoomDay.objects.bulk_create(_summaries(team, days, formulas, tz))


def _summaries(
    team: int, days: list[date], formulas: Iterable[Formula], tz: ZoneInfo
) -> list[RoomDay]:
    made = []
    for (day, crew, model), read in _collect(team, days, tz).items():
        for formula in formulas:
            kept = formula.since is not None and formula.since <= day
            if kept and (row := read.summary(formula)):
                row.team_id, row.day, row.crew, row.model = team, day, crew, model
                made.append(row)
    return made


def _collect(team: int, days: list[date], tz: ZoneInfo) -> dict[Kind, Day]:
    ranges, wanted = Q(), set(days)
    for first, last in spans(days):
        period = Period.days(first, last, tz)
        ranges |= Q(taken_at__gte=period.start, taken_at__lt=period.end)
    found: dict[Kind, Day] = defaultdict(Day)
    columns = ("snapshot_id", "snapshot__crew", "model", "taken_at", "usable", "reason")
    rows = RoomReading.objects.filter(ranges, team=team).order_by("taken_at", "pk")
    for row in rows.values_list(*columns, *EMOTIONS):
        picture, crew, model, taken_at, usable, reason, *scores = row
        if (day := local_day(taken_at, tz)) in wanted:
            face = Face(picture, bin_of(taken_at), five(scores))
            found[day, crew, model].append((face, usable, reason))
    return dict(found)


def room_pieces(*, since: date = date.min) -> list[Piece]:
    """All days of rooms, in as many pieces as are worth a transaction each.

    Whoever stores readings of a day after this sums it up, too.
    """
    on = TruncDate("taken_at", tzinfo=Organisation.current().tz)
    made = []
    for team in Team.objects.order_by("pk").values_list("pk", flat=True):
        read = RoomReading.objects.filter(team=team).annotate(on=on).order_by()
        stored = RoomDay.objects.filter(team=team).order_by()
        days = set(read.values_list("on", flat=True).distinct())
        days |= set(stored.values_list("day", flat=True).distinct())
        asked = sorted(day for day in days if day >= since)
        made += [(team, asked[n : n + CHUNK]) for n in range(0, len(asked), CHUNK)]
    return made


@transaction.atomic
def room_piece_rebuild(*, piece: Piece, formula: Formula | None = None) -> int:
    """Recompute these days from their readings; says how many. Locks the team alone."""
    team, days = piece
    teams_lock([team])
    room_days_refresh(team_days=[(team, day) for day in days], formula=formula)
    return len(days)
