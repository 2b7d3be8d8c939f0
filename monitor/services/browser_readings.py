"""Readings that a person's own browser made: numbers come in instead of a picture.

They pass the checks of `intake`, and whether they are usable is decided here anew. But
the server never saw the face: a changed page can send what it likes. So they are about
the sender alone, of now, not in a hurry, marked by their snapshot's source, and a site
may refuse them (`Organisation.browser_readings`).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone

from inference import Box, EmotionScores, FaceReading, ModelError, Quality
from inference.quality import Gate, reason
from monitor.models import Organisation, Person, Snapshot
from monitor.services.intake import (
    Accepted,
    Refused,
    first_result,
    session_check,
    time_checked,
)
from monitor.services.readings import person_days, reading_of
from monitor.services.serving import in_use
from monitor.services.summaries import people_lock, summaries_refresh

NOT_SOONER_THAN = timedelta(seconds=10)
# Older ones would let a browser write a past that nobody can check.
OLDEST = timedelta(minutes=15)


@dataclass(frozen=True)
class BrowserReading:
    """What a browser says of the largest face; `other` as in `Classifier.read`."""

    model: str
    box: Box
    quality: Quality
    probabilities: EmotionScores
    other: float
    faces: int
    taken_at: datetime
    idempotency_key: str | None = None

    @property
    def face(self) -> FaceReading:
        """Judged as a worker judges, whatever the browser thought of it."""
        why = reason(self.quality, self.probabilities, Gate(), self.other)
        return FaceReading(
            box=self.box,
            quality=self.quality,
            probabilities=self.probabilities,
            label=self.probabilities.label,
            usable=not why,
            reason=why,
        )


def browser_reading_accept(*, given: BrowserReading, by: User) -> Accepted:
    """Store a reading, or raise Refused; a repeated key answers the first result."""
    digest = hashlib.sha256(repr(given).encode()).hexdigest()
    try:
        return Accepted(_take_in(given, by, digest), replayed=False)
    except (Refused, IntegrityError):
        if first := first_result(key=given.idempotency_key, by=by, digest=digest):
            return Accepted(first, replayed=True)
        raise


def _take_in(given: BrowserReading, by: User, digest: str) -> Snapshot:
    if not Organisation.current().browser_readings:
        raise Refused(
            "browser_readings_off",
            "This site does not take readings made in the browser; send pictures.",
            status=403,
        )
    person = Person.objects.may_receive_from(by).filter(user_id=by.pk).first()
    if person is None:
        raise Refused("not_yours", "You are not among the people here.", status=403)
    taken_at = time_checked(given.taken_at)
    if taken_at < timezone.now() - OLDEST:
        raise Refused(
            "time_too_old",
            "A reading made in the browser is sent within fifteen minutes; check the"
            " clock of this device.",
            field="taken_at",
        )
    session_check(person=person, by=by, at=taken_at)
    _check_model(given.model)
    snapshot = Snapshot(
        person=person,
        source=Snapshot.Source.ON_DEVICE,
        taken_at=taken_at,
        received_at=timezone.now(),
        submitted_by=by,
        idempotency_key=given.idempotency_key,
        request_digest=digest,
        status=Snapshot.Status.DONE,
        finished_at=timezone.now(),
        faces_found=given.faces,
    )
    _store(snapshot, given)
    return snapshot


def _check_model(version: str) -> None:
    try:
        current = in_use().version
    except ModelError as exc:
        raise Refused("no_model", "There is no model in use now.", status=503) from exc
    if version != current:
        raise Refused(
            "model_changed",
            "Another model is in use by now; load the page again.",
            status=409,
            field="model",
        )


@transaction.atomic
def _store(snapshot: Snapshot, given: BrowserReading) -> None:
    people_lock(filter(None, [snapshot.person_id]))
    if not Person.objects.consented().filter(pk=snapshot.person_id).exists():
        raise Refused("no_consent", "There is no current consent.", status=403)
    _check_pace(snapshot)
    snapshot.save(force_insert=True)
    reading_of(snapshot, given.face, given.model).save(force_insert=True)
    summaries_refresh(person_days=person_days([snapshot]))


def _check_pace(snapshot: Snapshot) -> None:
    """By the time of each: two pages at once would double nothing but the rows."""
    near = Snapshot.objects.filter(
        person=snapshot.person_id,
        source=Snapshot.Source.ON_DEVICE,
        taken_at__gt=snapshot.taken_at - NOT_SOONER_THAN,
        taken_at__lt=snapshot.taken_at + NOT_SOONER_THAN,
    )
    if near.exists():
        raise Refused(
            "too_soon", "The last reading is less than ten seconds old.", status=429
        )
