"""Day summaries: always recomputed from the readings of a day, never added to.

So late, repeated, deleted and re-timed readings leave them exact, as long as every
touched day is named. Whose past days are touched is marked for the flag rule. A touched
day is summed up under each formula that is kept, so that none of them misses what comes
in while another one is in use or is still being recomputed.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Iterator
from datetime import date, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import TruncDate
from django.utils import timezone

from inference import EMOTIONS
from monitor.counting import is_counted
from monitor.hours import HourTotals, hours_of, hours_pack
from monitor.models import DailySummary, Formula, Organisation, Person, Reading
from monitor.periods import Period, bin_of, local_day
from monitor.scoring import Bin, Five, bins_of, five

PersonDay = tuple[int, date]
# Days this close are read in one range, over a weekend for example.
NEAR = timedelta(days=3)
CHUNK = 200


class Key(NamedTuple):
    """What one summary is about."""

    person_id: int
    day: date
    model: str
    formula_id: str


class Read(NamedTuple):
    """A reading of the largest face; `hour` is the local one."""

    bin: int
    hour: int
    camera: int | None
    scores: Five
    counted: bool
    reason: str

    def counts(self, least: float | None) -> bool:
        counted, reason = self.counted, self.reason
        return is_counted(self.scores, counted=counted, reason=reason, least=least)


class Day(list[Read]):
    """The readings of one person's day under one model."""

    def summary(self, key: Key, formula: Formula) -> DailySummary:
        least = formula.min_confidence
        counted = [(row.bin, row.scores) for row in self if row.counts(least)]
        bins = bins_of(counted)
        unsure = [row.hour for row in self if not row.counts(least)]
        sums = {
            f"{emotion}_sum": sum(row.means[n] for row in bins)
            for n, emotion in enumerate(EMOTIONS)
        }
        hard = {
            f"{emotion}_hard": sum(row.hard[n] for row in bins)
            for n, emotion in enumerate(EMOTIONS)
        }
        return DailySummary(
            **key._asdict(),
            bins=len(bins),
            counted=len(counted),
            unsure=len(unsure),
            camera_id=self.camera,
            hours=hours_pack(self._hours(bins, unsure)),
            **sums,
            **hard,
        )

    @property
    def camera(self) -> int | None:
        """The one that saw most bins, whatever became of them; of equals, none."""
        cameras = {(row.bin, row.camera) for row in self}
        bins = Counter(camera for _, camera in cameras)
        return max(bins, key=lambda camera: (bins[camera], -(camera or 0)))

    def _hours(self, bins: list[Bin], unsure: list[int]) -> list[HourTotals]:
        hour_of = {row.bin: row.hour for row in self}
        return hours_of([(hour_of[row.number], row) for row in bins], unsure)


KEY = ["person", "day", "model", "formula"]
OWN = [
    field.name
    for field in DailySummary._meta.concrete_fields
    if not field.primary_key and field.name not in KEY
]


def summaries_refresh(
    *, person_days: Iterable[PersonDay], formula: Formula | None = None
) -> None:
    """Make the summaries of these days equal to their readings.

    Under one formula, or all that are kept. Joins the caller's transaction. Counted
    readings are summed; readings of the largest face that are not usable are `unsure`.
    A day without either loses its row.
    """
    wanted = set(person_days)
    if not wanted:
        return
    with transaction.atomic(savepoint=False):
        people_lock({person_id for person_id, _ in wanted})
        tz = Organisation.current().tz
        # Asked under the lock: a recomputation that begins now finds these people
        # either before this transaction, which then knows of it, or after it.
        formulas = [formula] if formula else list(Formula.objects.kept())
        days = _collect(wanted, tz)
        rows = _summaries(days, formulas)
        _delete_all_but(rows, wanted, formulas)
        DailySummary.objects.bulk_create(
            rows.values(),
            update_conflicts=True,
            unique_fields=KEY,
            update_fields=OWN,
            batch_size=500,
        )
        _mark_changed(wanted, tz)


def _mark_changed(wanted: set[PersonDay], tz: ZoneInfo) -> None:
    """Have the flag rule look again at people whose past has changed.

    Every day before today counts as judged: this transaction may end after the morning
    in which yesterday is.
    """
    now = timezone.now()
    today = local_day(now, tz)
    people = {person_id for person_id, day in wanted if day < today}
    if people:
        Person.objects.filter(pk__in=people).update(changed_at=now)


def people_lock(ids: Iterable[int]) -> None:
    """Let one transaction at a time work on these people (no-op on SQLite).

    In the order of keys, so that two batches cannot wait for each other; and without
    the key itself, because whoever inserts a reading of a person holds a share of it.
    """
    people = Person.objects.filter(pk__in=set(ids)).order_by("pk")
    list(people.select_for_update(no_key=True).values_list("pk"))


def person_rebuild(*, person_id: int, formula: Formula | None = None) -> int:
    """Recompute every day that has readings or a summary; says how many.

    Of one formula only the days since it is kept.
    """
    tz = Organisation.current().tz
    since = formula.since if formula and formula.since else date.min
    readings = Reading.objects.filter(person_id=person_id)
    read = readings.annotate(day=TruncDate("taken_at", tzinfo=tz)).order_by()
    summarised = DailySummary.objects.filter(person_id=person_id).order_by()
    days = sorted(
        set(read.values_list("day", flat=True).distinct())
        | set(summarised.values_list("day", flat=True))
    )
    days = [day for day in days if day >= since]
    for start in range(0, len(days), CHUNK):
        chunk = days[start : start + CHUNK]
        summaries_refresh(
            person_days=[(person_id, day) for day in chunk], formula=formula
        )
    return len(days)


def _summaries(
    days: dict[tuple[int, date, str], Day], formulas: Iterable[Formula]
) -> dict[Key, DailySummary]:
    return {
        (key := Key(*about, formula.name)): days[about].summary(key, formula)
        for about in sorted(days)
        for formula in formulas
        if formula.since is not None and formula.since <= about[1]
    }


def _collect(wanted: set[PersonDay], tz: ZoneInfo) -> dict[tuple[int, date, str], Day]:
    rows = (
        Reading.objects.filter(_readings_of(wanted, tz), face_index=0)
        .filter(Q(counted=True) | Q(usable=False))
        .order_by()
        .values_list(
            *("person_id", "taken_at", "model", "snapshot__camera"),
            *("counted", "reason"),
            *EMOTIONS,
        )
    )
    days: dict[tuple[int, date, str], Day] = defaultdict(Day)
    for person_id, taken_at, model, camera, counted, reason, *scores in rows:
        local = taken_at.astimezone(tz)
        if (person_id, local.date()) in wanted:
            number, hour = bin_of(taken_at), local.hour
            read = Read(number, hour, camera, five(scores), counted, reason)
            days[person_id, local.date(), model].append(read)
    return days


def _readings_of(wanted: set[PersonDay], tz: ZoneInfo) -> Q:
    """Few ranges that hold all wanted days; may hold a few more."""
    days_of: dict[int, list[date]] = defaultdict(list)
    for person_id, day in sorted(wanted):
        days_of[person_id].append(day)
    people_of: dict[tuple[date, date], list[int]] = defaultdict(list)
    for person_id, days in days_of.items():
        for span in spans(days):
            people_of[span].append(person_id)
    condition = Q()
    for (first, last), people in people_of.items():
        period = Period.days(first, last, tz)
        condition |= Q(
            person__in=people, taken_at__gte=period.start, taken_at__lt=period.end
        )
    return condition


def spans(days: list[date]) -> Iterator[tuple[date, date]]:
    """Ranges of days, given in order, that are worth reading at once."""
    first = last = days[0]
    for day in days[1:]:
        if day - last > NEAR:
            yield first, last
            first = day
        last = day
    yield first, last


def _delete_all_but(
    kept: Container[Key], wanted: set[PersonDay], formulas: Iterable[Formula]
) -> None:
    stored = DailySummary.objects.filter(
        person__in={person_id for person_id, _ in wanted},
        day__in={day for _, day in wanted},
        formula__in=[formula.name for formula in formulas],
    ).order_by()
    gone = [
        pk
        for pk, *key in stored.values_list("pk", *Key._fields)
        if (key[0], key[1]) in wanted and Key(*key) not in kept
    ]
    if gone:
        DailySummary.objects.filter(pk__in=gone).delete()
