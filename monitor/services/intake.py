"""The only door for pictures: every way in ends in `snapshot_accept`.

It checks who sends for whom, the consent, the content and the clock, and stores the row
and its sealed bytes in one transaction. After the commit it wakes the worker. Should
the consent end at the same moment, `readings_record` stores nothing.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from monitor import pictures, vault
from monitor.models import Camera, Organisation, Pause, Person, Snapshot
from monitor.models import SnapshotImage as Image
from monitor.querysets import PersonQuerySet
from monitor.rooms import crew_of
from monitor.schedules import is_paused
from monitor.tasks import wake_worker

CLOCK_TOLERANCE = timedelta(minutes=2)
# A picture that waits this short a time has a wake-up of its own under way.
WAKE_IS_FRESH = timedelta(seconds=5)

STATUS_OF_PICTURE = {
    "too_large": 413,
    "too_many_pixels": 413,
    "not_an_image": 415,
    "unsupported_format": 415,
}


class Refused(Exception):
    """A picture was not taken in; `code` is stable, `status` the HTTP answer."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        status: int = 400,
        field: str | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.field = field
        self.retry_after = retry_after


@dataclass(frozen=True)
class Upload:
    """What a sender says about a picture. person: as text a number or an id."""

    data: bytes
    person: str | Person = ""
    camera: str = ""
    taken_at: datetime | None = None
    idempotency_key: str | None = None
    source: str = Snapshot.Source.API
    # Asked within the storing transaction; raises Refused where a way in wants more.
    last_check: Callable[[Snapshot], None] | None = None


@dataclass(frozen=True)
class Accepted:
    snapshot: Snapshot
    replayed: bool


def snapshot_accept(*, upload: Upload, by: User) -> Accepted:
    """Take a picture in, or raise Refused; a repeated key answers the first result."""
    digest = _digest(upload)
    try:
        return Accepted(_take_in(upload, by, digest), replayed=False)
    except (Refused, IntegrityError):
        # Repetitions are rare, so they are looked for only where something is in the
        # way: the unique constraint, or what has changed since the first time.
        if first := first_result(key=upload.idempotency_key, by=by, digest=digest):
            return Accepted(first, replayed=True)
        raise


def _take_in(upload: Upload, by: User, digest: str) -> Snapshot:
    person, camera = _whose(upload, by)
    crew = _room_crew(camera, upload.source)
    taken_at = time_checked(upload.taken_at)
    if person and upload.source == Snapshot.Source.SESSION:
        session_check(person=person, by=by, at=taken_at)
    _check_queue()
    try:
        picture = pictures.accept(upload.data)
    except pictures.BadPicture as exc:
        status = STATUS_OF_PICTURE.get(exc.code, 400)
        raise Refused(exc.code, exc.message, status=status, field="image") from exc
    snapshot = Snapshot(
        person=person,
        team_id=None if person or camera is None else camera.team_id,
        crew=crew,
        camera=camera,
        source=upload.source,
        taken_at=taken_at,
        received_at=timezone.now(),
        submitted_by=by,
        idempotency_key=upload.idempotency_key,
        request_digest=digest,
    )
    _check_pause(snapshot)
    _store(snapshot, vault.seal(picture.data), upload.last_check)
    return snapshot


@transaction.atomic
def _store(
    snapshot: Snapshot,
    sealed: bytes,
    last_check: Callable[[Snapshot], None] | None,
) -> None:
    if last_check:
        last_check(snapshot)
    snapshot.save(force_insert=True)
    Image.objects.create(snapshot=snapshot, sealed=sealed)
    transaction.on_commit(lambda: wake(snapshot))


def wake(snapshot: Snapshot) -> None:
    """Tell a worker that there is work, unless it has just been told.

    A worker goes on until nothing waits, so while an earlier picture still waits
    whoever takes that one will find this one too. Lost messages are the sweeper's.
    """
    fresh = timezone.now() - WAKE_IS_FRESH
    told = Snapshot.objects.filter(
        status=Snapshot.Status.PENDING, received_at__gte=fresh, pk__lt=snapshot.pk
    )
    if not told.exists():
        wake_worker()


def _digest(upload: Upload) -> str:
    """What makes two requests with one key the same request."""
    taken = upload.taken_at.isoformat() if upload.taken_at else ""
    named = upload.person
    person = named.number if isinstance(named, Person) else named
    facts = "\0".join((person, upload.camera, taken))
    return hashlib.sha256(facts.encode() + b"\0" + upload.data).hexdigest()


def first_result(*, key: str | None, by: User, digest: str) -> Snapshot | None:
    """What came of the same request before; raises Refused if it was another one."""
    if key is None:
        return None
    sent: QuerySet[Snapshot] = Snapshot.objects.filter(submitted_by=by)
    first = sent.filter(idempotency_key=key).first()
    if first is not None and first.request_digest != digest:
        raise Refused(
            "idempotency_key_reused",
            "This Idempotency-Key was used for another picture; make a new key.",
            status=422,
            field="Idempotency-Key",
        )
    return first


def _whose(upload: Upload, by: User) -> tuple[Person | None, Camera | None]:
    """The person of the picture, who has consented, and the camera if it was named.

    Nobody when the camera is that of a room.
    """
    people = Person.objects.may_receive_from(by).with_consent()
    camera = _camera(upload.camera, by) if upload.camera else None
    person = _person(upload.person, people) if upload.person else None
    if camera and person and camera.person_id != person.pk:
        raise Refused(
            "camera_of_another_person",
            "This camera belongs to another person; send one of the two.",
            field="camera",
        )
    if camera and camera.is_room:
        return None, camera
    if camera and camera.person_id and not person:
        person = people.get(pk=camera.person_id)
    if not person:
        raise Refused("person_missing", "Say whose picture it is: person or camera.")
    if not person.has_consent:
        raise Refused(
            "no_consent",
            "This person has not consented to pictures; record the consent first.",
            status=403,
            field="person",
        )
    return person, camera


def _camera(name: str, by: User) -> Camera:
    camera: Camera | None = Camera.objects.may_receive_from(by).named(name).first()
    if camera is None:
        raise Refused(
            "unknown_camera", "There is no such camera.", status=404, field="camera"
        )
    if not camera.active:
        raise Refused(
            "camera_inactive",
            "This camera is switched off; switch it on first.",
            status=403,
            field="camera",
        )
    return camera


def _room_crew(camera: Camera | None, source: str) -> str:
    """The mark of who may be in the picture, each of whom consents; "" for a desk.

    Only what is fetched this moment is taken in (of a folder, what is no older than a
    minute): of a picture that was sent nobody knows any more who belonged to the team
    when it was taken.
    """
    if camera is None or camera.team_id is None:
        return ""
    if source != Snapshot.Source.CAMERA:
        raise Refused(
            "room_camera",
            "This is the camera of a room. Its pictures are fetched by the schedule"
            " alone and cannot be sent; send pictures of one person, or name another"
            " camera.",
            status=403,
            field="camera",
        )
    crew = crew_of(camera.team_id)
    if problem := crew.problem:
        raise Refused(problem.code, problem.message, status=403, field="camera")
    return crew.mark


def _person(named: str | Person, people: PersonQuerySet) -> Person:
    if isinstance(named, Person):
        found: list[Person] = list(people.filter(pk=named.pk))
    else:
        found = list(people.named(named)[:2])
    if not found:
        raise Refused(
            "unknown_person", "There is no such person.", status=404, field="person"
        )
    if len(found) > 1:
        raise Refused(
            "ambiguous_person",
            "This is the id of one person and the number of another; send the camera.",
            field="person",
        )
    return found[0]


def _check_pause(snapshot: Snapshot) -> None:
    """A pause holds at the door, whoever takes the pictures, with a camera or without.

    A session has been asked before.
    """
    if snapshot.camera:
        if is_paused(snapshot.camera, snapshot.taken_at):
            raise Refused(
                "camera_paused",
                "This camera was paused when the picture was taken.",
                status=403,
                field="camera",
            )
    elif snapshot.person and snapshot.source != Snapshot.Source.SESSION:
        pause_check(person=snapshot.person, at=snapshot.taken_at)


def _check_queue() -> None:
    if queue_is_full(int(time.monotonic()), settings.QUEUE_LIMIT):
        raise Refused(
            "queue_full",
            "Too many pictures are waiting; send again in a minute.",
            status=503,
        )


@lru_cache(maxsize=1)
def queue_is_full(second: int, limit: int) -> bool:
    """Looked up once a second in each process: it is a flood gate, not a turnstile."""
    return Snapshot.objects.unfinished()[limit : limit + 1].exists()


def session_check(*, person: Person, by: User, at: datetime) -> None:
    """A session in the browser is one's own and in no pause. Raises Refused."""
    if person.user_id != by.pk:
        raise Refused(
            "not_yours", "Only the person themselves can hold a session.", status=403
        )
    pause_check(person=person, at=at)


def pause_check(*, person: Person, at: datetime) -> None:
    """Without a camera of the site, too, a pause of the person or of all holds."""
    whose = Q(person=person) | Q(person__isnull=True, camera__isnull=True)
    begun = Pause.objects.filter(whose, begins_at__lte=at)
    if begun.exclude(ends_at__lte=at).exists():
        raise Refused(
            "paused",
            "Pictures are paused at that time; none is taken in.",
            status=403,
        )


def time_checked(taken_at: datetime | None) -> datetime:
    """When a picture was taken, now if nobody says. Raises Refused for the future."""
    now = timezone.now()
    taken = taken_at or now
    if timezone.is_naive(taken):
        taken = taken.replace(tzinfo=Organisation.current().tz)
    if taken > now + CLOCK_TOLERANCE:
        raise Refused(
            "time_in_future",
            f"taken_at {taken.isoformat()} lies in the future; check the clock.",
            field="taken_at",
        )
    return taken
