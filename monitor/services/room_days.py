"""Day summaries of rooms: always recomputed from the readings of a day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models.functions import TruncDate

from inference import EMOTIONS
from monitor.counting import is_counted
from monitor.models import Formula, Organisation, RoomDay, RoomReading, Team
from monitor.periods import Period, bin_of
from monitor.room_scoring import Face, day_sums
from monitor.scoring import five

TeamDay = tuple[int, date]
# Crew and model of a stored day.
Kind = tuple[str, str]


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


@transaction.atomic
def room_days_refresh(
    *, team_days: Iterable[TeamDay], formula: Formula | None = None
) -> int:
    """Make the summaries of these days equal to their readings; says how many days.

    Under one formula, or all that are kept. The caller holds the teams (`teams_lock`)
    where others may store readings of them.
    """
    formulas = [formula] if formula else list(Formula.objects.kept())
    tz = Organisation.current().tz
    wanted = set(team_days)
    for team, day in sorted(wanted):
        stored = RoomDay.objects.filter(team=team, day=day, formula__in=formulas)
        stored.delete()
        RoomDay.objects.bulk_create(_summaries(team, day, formulas, tz))
    return len(wanted)


def _summaries(
    team: int, day: date, formulas: Iterable[Formula], tz: ZoneInfo
) -> list[RoomDay]:
    made = []
    for (crew, model), read in _collect(team, day, tz).items():
        for formula in formulas:
            kept = formula.since is not None and formula.since <= day
            if kept and (row := read.summary(formula)):
                row.team_id, row.day, row.crew, row.model = team, day, crew, model
                made.append(row)
    return made


def _collect(team: int, day: date, tz: ZoneInfo) -> dict[Kind, Day]:
    period = Period.days(day, day, tz)
    rows = RoomReading.objects.filter(
        team=team, taken_at__gte=period.start, taken_at__lt=period.end
    )
    days: dict[Kind, Day] = defaultdict(Day)
    columns = ("snapshot_id", "snapshot__crew", "model", "taken_at", "usable", "reason")
    for row in rows.values_list(*columns, *EMOTIONS):
        picture, crew, model, taken_at, usable, reason, *scores = row
        face = Face(picture, bin_of(taken_at), five(scores))
        days[crew, model].append((face, usable, reason))
    return dict(days)


def rooms_rebuild(*, formula: Formula | None = None) -> int:
    """Recompute every day of all rooms; says how many. Joins or makes a transaction."""
    tz = Organisation.current().tz
    with transaction.atomic():
        teams = Team.objects.order_by("pk").select_for_update(no_key=True)
        list(teams.values_list("pk"))
        day = TruncDate("taken_at", tzinfo=tz)
        read = RoomReading.objects.annotate(on=day).order_by()
        days = set(read.values_list("team_id", "on").distinct())
        days |= set(RoomDay.objects.order_by().values_list("team_id", "day"))
        since = (formula and formula.since) or date.min
        return room_days_refresh(
            team_days={each for each in days if each[1] >= since}, formula=formula
        )
