"""Pictures that the product fetches itself: who takes which one on, what came of it.

A camera's row says which picture is next (`next_at`), which one a process has taken on
(`slot_at`) and until when that holds (`lease_until`). Taking on is one conditional
update that also sets the next one, so two processes never take the same; a process that
dies leaves its lease behind, after which another one takes the picture on while it is
fresh. The key of a picture names camera and slot, so intake has it once at most.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Case, F, Value, When
from django.utils import timezone

from capture import CaptureError, Code, Shot, Source
from capture.frozen import Stillness
from monitor import vault
from monitor.camera_login import source_with_login
from monitor.capture_schedule import Schedule
from monitor.models import Camera, Organisation, Snapshot
from monitor.periods import local_day
from monitor.querysets import CameraQuerySet
from monitor.schedules import is_paused, schedules_of
from monitor.services import camera_days
from monitor.services.consent import agreed_at
from monitor.services.intake import Refused, Upload, snapshot_accept
from monitor.services.roles import service_account

log = logging.getLogger(__name__)

State = Camera.State
# A process says again and again that it lives; this long after its last word another
# one takes over. Short, because a picture that comes later is late.
LEASE = timedelta(seconds=5)
# A picture may come this much after the end of the hours that it belongs to.
GRACE = timedelta(seconds=10)
ACCOUNT = "camera-capture"
WORKING = frozenset({State.OK, State.NEW})

# What intake says of a picture, as a state of the camera that sent it.
STATES = {
    "too_large": State.TOO_LARGE,
    "too_many_pixels": State.TOO_LARGE,
    "not_an_image": State.NOT_A_PICTURE,
    "unsupported_format": State.NOT_A_PICTURE,
    # The camera has done its work: too much waits, or the picture is in already.
    "queue_full": State.OK,
    "idempotency_key_reused": State.OK,
}
# Somebody stopped it while the picture was on its way: as if it had not been asked.
STOPPED = frozenset(
    {
        "camera_inactive",
        "camera_paused",
        "no_consent",
        "room_no_consent",
        "room_team_too_small",
    }
)


class Fetcher(Protocol):
    """`capture.pool.Pool`, or what stands for it in tests."""

    def fetch(self, source: Source) -> Shot:
        """One picture; raises CaptureError."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One picture that the caller has taken on, alone.

    doubtful: the camera gave no picture the last time, so it may keep a thread waiting.
    """

    camera: int
    slot: datetime
    doubtful: bool = field(default=False, compare=False)

    @property
    def key(self) -> str:
        return f"camera:{self.camera}:{self.slot.isoformat()}"


def cameras_due(
    *, now: datetime, limit: int, doubtful: int, busy: Collection[int] = ()
) -> list[Claim]:
    """Take on up to `limit` pictures that are due; none of a camera that is `busy`.

    At most `doubtful` of them are of cameras that gave no picture the last time, and
    the others come first, so cameras that answer slowly only make each other late.
    """
    works = Case(When(state__in=WORKING, then=0), default=1)
    due = Camera.objects.fetched().due(now).exclude(pk__in=busy)
    rows = list(due.order_by(works, "next_at")[:limit])
    working = [row for row in rows if row.state in WORKING]
    rows = working + [row for row in rows if row.state not in WORKING][:doubtful]
    if not rows:
        return []
    schedules = schedules_of(rows, since=now)
    claims = (_take_on(row, schedules[row.pk], now) for row in rows)
    return [claim for claim in claims if claim]


def _take_on(camera: Camera, schedule: Schedule, now: datetime) -> Claim | None:
    """None when another process was quicker, or the picture is not wanted any more."""
    slot = camera.slot_at or camera.next_at
    assert slot is not None  # noqa: S101  # it would not be due
    rows = Camera.objects.filter(pk=camera.pk, slot_at=camera.slot_at)
    changed: dict[str, object] = {"slot_at": slot, "lease_until": now + LEASE}
    if camera.slot_at:
        rows = rows.filter(lease_until=camera.lease_until)
    else:
        rows = rows.filter(next_at=slot)
        changed["next_at"] = schedule.next_after(now)
    wanted = _is_wanted(schedule, slot, now)
    if not wanted:
        changed |= {"slot_at": None, "lease_until": None}
    if rows.update(**changed) != 1:
        return None
    if not wanted:
        log.info("camera %s: the picture of %s is left out", camera.pk, slot)
    return Claim(camera.pk, slot, camera.state not in WORKING) if wanted else None


def _is_wanted(schedule: Schedule, slot: datetime, now: datetime) -> bool:
    if not schedule.is_fresh(slot, now) or schedule.pause_at(now):
        return False
    return now - slot <= GRACE or schedule.is_open(now)


def claims_renew(*, claims: Iterable[Claim], now: datetime) -> None:
    """Say that these are still being worked on."""
    held = {claim.camera: claim.slot for claim in claims}
    if held:
        rows = Camera.objects.filter(pk__in=held, slot_at__in=held.values())
        rows.update(lease_until=now + LEASE)


def camera_capture(*, claim: Claim, fetcher: Fetcher) -> str | None:
    """Fetch the picture and hand it in; the camera's new state, None if stopped."""
    camera = Camera.objects.fetched().filter(pk=claim.camera).first()
    if camera is None or is_paused(camera, timezone.now()):
        _drop(claim)
        return None
    try:
        shot = fetcher.fetch(source_of(camera))
        state = _taken_in(claim, camera, shot)
    except CaptureError as exc:
        log.info("camera %s: %s", claim.camera, exc.code)
        state = exc.code.value
    except vault.PictureLocked:
        log.warning("camera %s: no key opens its password", claim.camera)
        state = State.WRONG_PASSWORD
    except Refused as exc:
        if exc.code in STOPPED:
            _drop(claim)
            return None
        log.info("camera %s: intake says %s", claim.camera, exc.code)
        state = STATES.get(exc.code, State.REFUSED)
    outcome_record(claim=claim, state=state, now=timezone.now())
    return state


def source_of(camera: Camera) -> Source:
    """Raises vault.PictureLocked when no key opens the password.

    And CaptureError when it was written for another place.
    """
    return source_with_login(camera, after=camera.mark)


def _taken_in(claim: Claim, camera: Camera, shot: Shot) -> str:
    """Hand the picture in; raise CaptureError when it stood still or is an old file.

    It is remembered once it is in or refused, not before: whoever takes this picture on
    after a process that died must not take it for one that was given already.
    """
    still = Stillness(camera.fingerprint, camera.repeats).then(shot.fingerprint)
    seen = {"fingerprint": still.fingerprint, "repeats": still.repeats}
    row = Camera.objects.filter(pk=camera.pk)
    try:
        if camera.kind == Camera.Kind.FOLDER and not _may_show(camera, shot.taken_at):
            raise CaptureError(Code.EMPTY, "the folder holds no new picture")
        if still.is_frozen():
            raise CaptureError(Code.FROZEN, "the camera's picture stands still")
        state = _hand_in(claim, shot)
    except (CaptureError, Refused):
        row.update(**seen, mark=shot.mark)
        raise
    row.update(**seen, mark=shot.mark)
    return state


def _may_show(camera: Camera, moment: datetime) -> bool:
    """Whether the camera might have been asked at the time of a file.

    Other cameras show what is now; a folder keeps what nobody may have agreed to.
    """
    if moment < timezone.now() - timedelta(minutes=camera.every_minutes):
        return False
    if not schedules_of([camera], since=moment)[camera.pk].is_open(moment):
        return False
    return agreed_at(person=camera.person_id, team=camera.team_id, moment=moment)


def _hand_in(claim: Claim, shot: Shot) -> str:
    upload = Upload(
        data=shot.data,
        camera=str(claim.camera),
        taken_at=shot.taken_at,
        idempotency_key=claim.key,
        source=Snapshot.Source.CAMERA,
    )
    snapshot_accept(upload=upload, by=capture_account())
    return State.OK


def capture_account() -> User:
    return service_account(ACCOUNT)


def _drop(claim: Claim) -> None:
    """End the claim as if nobody had asked the camera."""
    _held(claim).update(slot_at=None, lease_until=None)


def _held(claim: Claim) -> CameraQuerySet:
    return Camera.objects.filter(pk=claim.camera, slot_at=claim.slot)


@transaction.atomic
def outcome_record(*, claim: Claim, state: str, now: datetime) -> None:
    """End the claim and count the attempt; nothing if another process has done it."""
    worked = state == State.OK
    changed: dict[str, object] = {"seen_at": now} if worked else {}
    done = _held(claim).update(
        slot_at=None,
        lease_until=None,
        tried_at=now,
        state=state,
        state_since=Case(When(state=state, then=F("state_since")), default=Value(now)),
        **changed,
    )
    if done:
        day = local_day(claim.slot, Organisation.current().tz)
        counts = {"attempts": 1, "successes": int(worked)}
        camera_days.add({(claim.camera, day): counts})
