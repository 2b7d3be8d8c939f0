"""Summing up stored readings under another formula, person after person, then rooms.

Each person is one transaction that also notes how far the run is, so that a run that
was stopped, however hard, goes on where it was. From the beginning of a run on, every
touched day is summed up under its formula, too (`summaries_refresh`): readings that
come in meanwhile are in, whether their person was done already or not.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from monitor.models import (
    DailySummary,
    Formula,
    Organisation,
    Person,
    Reading,
    Recomputation,
    RoomDay,
)
from monitor.periods import local_day, midnight
from monitor.services.formulas import FormulaRefused
from monitor.services.room_days import Piece, room_piece_rebuild, room_pieces
from monitor.services.summaries import people_lock, person_rebuild

State = Recomputation.State
# Silence after which a run is taken to be dead; a step takes seconds.
LEASE = timedelta(minutes=2)
SAMPLE = 10


class RunTakenOver(Exception):
    """Another process goes on with this run."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What to recompute, and who asks; since: None is all that the formula may have."""

    formula: Formula
    since: date | None
    by: str


@dataclass(frozen=True, slots=True)
class Amount:
    """What there is to do; seconds are measured on some people, None without any."""

    people: int
    days: int
    readings: int
    seconds: float | None


class Step(NamedTuple):
    """A person, or some days of a room, that a run has done."""

    days: int
    of_room: bool = False


def recomputation_start(*, asked: Asked, now: datetime) -> Recomputation:
    """Begin, or go on with the run that was stopped. Raises FormulaRefused."""
    _refuse_future(asked, now)
    try:
        with transaction.atomic():
            running = Recomputation.objects.select_for_update().filter(
                state=State.RUNNING
            )
            run = running.first()
            return _take_over(run, asked, now) if run else _begin(asked, now)
    except IntegrityError as error:
        text = "somebody else began a recomputation just now"
        raise FormulaRefused(text) from error


def recomputation_pursue(*, run: Recomputation) -> Iterator[Step]:
    """Person after person, then the rooms; ends the run after the last step.

    Rooms are few, so a run that is taken over begins them anew. Raises RunTakenOver
    when it is another process's by now.
    """
    while (pk := people_left(run=run).values_list("pk", flat=True).first()) is not None:
        yield Step(_person(run, pk))
    for piece in room_pieces(since=run.since):
        yield Step(_room(run, piece), of_room=True)
    _note(run, state=State.DONE, finished_at=timezone.now())


def steps_left(*, run: Recomputation) -> int:
    return people_left(run=run).count() + len(room_pieces(since=run.since))


def people_left(*, run: Recomputation) -> QuerySet[Person]:
    return Person.objects.filter(pk__gt=run.last_person).order_by("pk")


def recomputation_release(*, run: Recomputation) -> None:
    """Whoever comes next need not wait until this process is taken to be dead."""
    mine = Recomputation.objects.filter(pk=run.pk, token=run.token)
    mine.update(alive_at=None)


def recomputation_abandon(*, now: datetime) -> Recomputation:
    """End the run that was stopped, and forget what it has made beyond what is shown.

    Raises FormulaRefused.
    """
    with transaction.atomic():
        running = Recomputation.objects.select_for_update().filter(state=State.RUNNING)
        run = running.select_related("formula").first()
        if run is None:
            raise FormulaRefused("no recomputation is unfinished")
        _refuse_alive(run, now)
        made = Q(formula=run.formula)
        if (shown := run.formula.shown_from) is not None:
            made &= Q(day__lt=shown)
        DailySummary.objects.filter(made).delete()
        RoomDay.objects.filter(made).delete()
        Formula.objects.filter(pk=run.formula_id).update(since=shown)
        Recomputation.objects.filter(pk=run.pk).update(
            state=State.ABANDONED, finished_at=now
        )
    return run


def recomputation_amount(*, asked: Asked, now: datetime) -> Amount:
    """What a run would do, without doing it. Raises FormulaRefused."""
    _refuse_future(asked, now)
    formula = asked.formula
    formula.since = since = _since(asked)
    readings = Reading.objects.filter(face_index=0)
    days = DailySummary.objects.filter(day__gte=since).order_by()
    if since > date.min:
        start = midnight(since, Organisation.current().tz)
        readings = readings.filter(taken_at__gte=start)
    people = Person.objects.order_by("pk")
    total, sample = people.count(), list(people.values_list("pk", flat=True)[:SAMPLE])
    seconds = _seconds(sample, formula) * total / len(sample) if sample else None
    distinct = days.values("person", "day", "model").distinct()
    return Amount(total, distinct.count(), readings.count(), seconds)


def _seconds(people: list[int], formula: Formula) -> float:
    """The real thing, undone."""
    start = time.monotonic()
    for pk in people:
        with transaction.atomic():
            person_rebuild(person_id=pk, formula=formula)
            transaction.set_rollback(True)
    return time.monotonic() - start


def _begin(asked: Asked, now: datetime) -> Recomputation:
    since = _since(asked)
    kept = asked.formula.since
    earliest = since if kept is None else min(kept, since)
    Formula.objects.filter(pk=asked.formula.pk).update(since=earliest)
    return Recomputation.objects.create(
        formula=asked.formula,
        since=since,
        started_at=now,
        by=asked.by,
        token=uuid.uuid4(),
        alive_at=now,
    )


def _since(asked: Asked) -> date:
    return asked.since or asked.formula.since or date.min


def _take_over(run: Recomputation, asked: Asked, now: datetime) -> Recomputation:
    _refuse_alive(run, now)
    same = run.formula_id == asked.formula.pk and asked.since in (None, run.since)
    if not same:
        raise FormulaRefused(
            f"the recomputation under {run}, begun by {run.by} at {_time(run)}, is not "
            "finished: go on with it, or end it with `manage.py recompute --abandon`"
        )
    token = uuid.uuid4()
    Recomputation.objects.filter(pk=run.pk).update(token=token, alive_at=now)
    run.token, run.alive_at = token, now
    return run


def _refuse_future(asked: Asked, now: datetime) -> None:
    if asked.since and asked.since > local_day(now, Organisation.current().tz):
        raise FormulaRefused(f"{asked.since} lies in the future")


def _refuse_alive(run: Recomputation, now: datetime) -> None:
    if run.alive_at is not None and run.alive_at > now - LEASE:
        heard = (now - run.alive_at).total_seconds()
        raise FormulaRefused(
            f"a recomputation under {run} is running, begun by {run.by} at "
            f"{_time(run)}, last heard of {heard:.0f} seconds ago; one that died can "
            f"be taken over after {LEASE.total_seconds():.0f}"
        )


def _time(run: Recomputation) -> str:
    return f"{run.started_at:%Y-%m-%d %H:%M} UTC"


@transaction.atomic
def _person(run: Recomputation, pk: int) -> int:
    """The person first, the run's row after it: whoever waits for it holds nobody."""
    people_lock([pk])
    days = person_rebuild(person_id=pk, formula=_formula(run))
    _note(run, last_person=pk, days=F("days") + days, alive_at=timezone.now())
    run.last_person = pk
    return days


@transaction.atomic
def _room(run: Recomputation, piece: Piece) -> int:
    days = room_piece_rebuild(piece=piece, formula=_formula(run))
    _note(run, alive_at=timezone.now())
    return days


def _formula(run: Recomputation) -> Formula:
    """As if it were kept for the days of the run alone."""
    formula = Formula.objects.get(pk=run.formula_id)
    formula.since = run.since
    return formula


def _note(run: Recomputation, **values: object) -> None:
    mine = Recomputation.objects.filter(pk=run.pk, token=run.token, state=State.RUNNING)
    if not mine.update(**values):
        raise RunTakenOver(f"another process goes on with the recomputation of {run}")
