"""Day summaries: always recomputed from the readings of a day, never added to.

So late, repeated, deleted and re-timed readings leave them exact, as long as every
touched day is named. Whose past days are touched is marked for the flag rule.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import TruncDate
from django.utils import timezone

from inference import EMOTIONS
from monitor.models import DailySummary, Organisation, Person, Reading
from monitor.periods import Period, bin_of, local_day
from monitor.scoring import FORMULA, Five, bins_of

PersonDay = tuple[int, date]
# Days this close are read in one range, over a weekend for example.
NEAR = timedelta(days=3)
CHUNK = 200


class Key(NamedTuple):
    """What one summary is about."""

    person_id: int
    day: date
    model: str


class Day:
    """The readings of one summary while they are being collected."""

    def __init__(self) -> None:
        self.unsure = 0
        self.counted: list[tuple[int, Five]] = []

    def summary(self, key: Key) -> DailySummary:
        bins = bins_of(self.counted)
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
            formula=FORMULA,
            bins=len(bins),
            counted=len(self.counted),
            unsure=self.unsure,
            **sums,
            **hard,
        )


KEY = ["person", "day", "model"]
OWN = [
    field.name
    for field in DailySummary._meta.concrete_fields
    if not field.primary_key and field.name not in KEY
]


def summaries_refresh(*, person_days: Iterable[PersonDay]) -> None:
    """Make the summaries of these days equal to their readings.

    Joins the caller's transaction. Counted readings are summed; readings of the largest
    face that are not usable are `unsure`. A day without either loses its row.
    """
    wanted = set(person_days)
    if not wanted:
        return
    with transaction.atomic(savepoint=False):
        people_lock({person_id for person_id, _ in wanted})
        tz = Organisation.current().tz
        days = _collect(wanted, tz)
        _delete_all_but(set(days), wanted)
        DailySummary.objects.bulk_create(
            [days[key].summary(key) for key in sorted(days)],
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


def person_rebuild(*, person_id: int) -> int:
    """Recompute every day that has readings or a summary; says how many."""
    tz = Organisation.current().tz
    readings = Reading.objects.filter(person_id=person_id)
    read = readings.annotate(day=TruncDate("taken_at", tzinfo=tz)).order_by()
    summarised = DailySummary.objects.filter(person_id=person_id).order_by()
    days = sorted(
        set(read.values_list("day", flat=True).distinct())
        | set(summarised.values_list("day", flat=True))
    )
    for start in range(0, len(days), CHUNK):
        chunk = days[start : start + CHUNK]
        summaries_refresh(person_days=[(person_id, day) for day in chunk])
    return len(days)


def _collect(wanted: set[PersonDay], tz: ZoneInfo) -> dict[Key, Day]:
    rows = (
        Reading.objects.filter(_readings_of(wanted, tz), face_index=0)
        .filter(Q(counted=True) | Q(usable=False))
        .order_by()
        .values_list("person_id", "taken_at", "model", "counted", *EMOTIONS)
    )
    days: dict[Key, Day] = defaultdict(Day)
    for person_id, taken_at, model, counted, *five in rows:
        key = Key(person_id, local_day(taken_at, tz), model)
        if key[:2] not in wanted:
            continue
        if counted:
            days[key].counted.append((bin_of(taken_at), (*five,)))
        else:
            days[key].unsure += 1
    return days


def _readings_of(wanted: set[PersonDay], tz: ZoneInfo) -> Q:
    """Few ranges that hold all wanted days; may hold a few more."""
    days_of: dict[int, list[date]] = defaultdict(list)
    for person_id, day in sorted(wanted):
        days_of[person_id].append(day)
    people_of: dict[tuple[date, date], list[int]] = defaultdict(list)
    for person_id, days in days_of.items():
        for span in _spans(days):
            people_of[span].append(person_id)
    condition = Q()
    for (first, last), people in people_of.items():
        period = Period.days(first, last, tz)
        condition |= Q(
            person__in=people, taken_at__gte=period.start, taken_at__lt=period.end
        )
    return condition


def _spans(days: list[date]) -> Iterator[tuple[date, date]]:
    first = last = days[0]
    for day in days[1:]:
        if day - last > NEAR:
            yield first, last
            first = day
        last = day
    yield first, last


def _delete_all_but(kept: set[Key], wanted: set[PersonDay]) -> None:
    stored = DailySummary.objects.filter(
        person__in={person_id for person_id, _ in wanted},
        day__in={day for _, day in wanted},
    ).order_by()
    gone = [
        pk
        for pk, *key in stored.values_list("pk", *Key._fields)
        if (key[0], key[1]) in wanted and Key(*key) not in kept
    ]
    if gone:
        DailySummary.objects.filter(pk__in=gone).delete()
