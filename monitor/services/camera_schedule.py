"""When cameras look, changed by people: hours, intervals, pauses; at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from monitor.capture_schedule import Stretch
from monitor.models import Camera, CaptureHours, Pause, Person
from monitor.querysets import CameraQuerySet
from monitor.rooms import PAUSED, crew_pauses
from monitor.schedules import schedules_of

CHUNK = 500
EVERY = range(1, 241)
JITTER = range(601)


class ScheduleRefused(Exception):
    """The change makes no sense; the message says why."""


@dataclass(frozen=True, slots=True)
class Time:
    """From one moment to another; without an end until somebody ends it."""

    begins_at: datetime
    ends_at: datetime | None = None


def camera_reschedule(*, camera: Camera) -> None:
    """Every change of what decides when a camera looks ends with this."""
    cameras_reschedule(cameras=Camera.objects.filter(pk=camera.pk))


def cameras_reschedule(*, cameras: CameraQuerySet | None = None) -> int:
    """Work out the next pictures anew, of all cameras for a change of the site."""
    asked = Camera.objects.all() if cameras is None else cameras
    ids = list(asked.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(ids), CHUNK):
        _reschedule(ids[start : start + CHUNK])
    return len(ids)


@transaction.atomic
def _reschedule(ids: list[int]) -> None:
    locked = Camera.objects.filter(pk__in=ids).order_by("pk")
    rows = list(locked.select_for_update(no_key=True))
    # After the lock: whatever was taken on before it lies behind this moment.
    now = timezone.now()
    asked = Camera.objects.fetched().filter(pk__in=ids)
    fetched = set(asked.values_list("pk", flat=True))
    schedules = schedules_of(rows, since=now)
    for row in rows:
        following = schedules[row.pk].next_after(now) if row.pk in fetched else None
        if following and not row.next_at:
            row.expected_from = now
        row.next_at = following
    Camera.objects.bulk_update(rows, ["next_at", "expected_from"])


@transaction.atomic
def camera_rhythm_set(
    *, camera: Camera, every_minutes: int, jitter_seconds: int
) -> None:
    if every_minutes not in EVERY:
        raise ScheduleRefused("Choose an interval from 1 to 240 minutes.")
    if jitter_seconds not in JITTER:
        raise ScheduleRefused("Choose a delay from 0 to 600 seconds.")
    Camera.objects.filter(pk=camera.pk).update(
        every_minutes=every_minutes, jitter_seconds=jitter_seconds
    )
    camera_reschedule(camera=camera)


@transaction.atomic
def camera_switch(*, camera: Camera, active: bool) -> None:
    Camera.objects.filter(pk=camera.pk).update(active=active)
    camera_reschedule(camera=camera)


@transaction.atomic
def hours_set(*, camera: Camera | None, hours: Iterable[Stretch]) -> None:
    """Of one camera, or of the site; none at all means those of the next higher."""
    wanted = sorted(hours, key=lambda each: (each.weekday, each.begins))
    _check(wanted)
    CaptureHours.objects.filter(camera=camera).delete()
    CaptureHours.objects.bulk_create(
        CaptureHours(
            camera=camera, weekday=each.weekday, begins=each.begins, ends=each.ends
        )
        for each in wanted
    )
    own = Camera.objects.filter(pk=camera.pk) if camera else None
    cameras_reschedule(cameras=own)


def _check(hours: list[Stretch]) -> None:
    for one, two in pairwise(hours):
        over = one.ends <= one.begins
        if one.weekday == two.weekday and (over or two.begins < one.ends):
            raise ScheduleRefused(
                f"The hours from {one.begins:%H:%M} and from {two.begins:%H:%M}"
                " overlap; make one of them."
            )


@transaction.atomic
def pause_begin(
    *,
    time: Time,
    reason: str,
    by: User | None,
    camera: Camera | None = None,
    person: Person | None = None,
) -> Pause:
    """Of one camera, of one person's cameras, or of all; it holds from now on.

    A second pause by the person while one lasts is the same pause.
    """
    if camera and person:
        raise ScheduleRefused("A pause is of a camera or of a person, not of both.")
    if time.ends_at is not None and time.ends_at <= time.begins_at:
        raise ScheduleRefused("A pause ends after it begins.")
    if reason == Pause.Reason.PERSON and person is None:
        raise ScheduleRefused("Say which person this pause is of.")
    if reason == Pause.Reason.PERSON:
        lasting = Pause.objects.filter(person=person, reason=reason, ends_at=None)
        if first := lasting.filter(begins_at__lte=time.begins_at).first():
            return first
    pause = Pause.objects.create(
        camera=camera,
        person=person,
        begins_at=time.begins_at,
        ends_at=time.ends_at,
        reason=reason,
        by=by,
    )
    _paused_changed(pause)
    return pause


@transaction.atomic
def pause_end(*, pause: Pause, by: User) -> None:
    """End it now; one that has not begun is as if it had never been.

    What a person paused nobody else goes on with.
    """
    if pause.reason == Pause.Reason.PERSON and (
        pause.person is None or pause.person.user_id != by.pk
    ):
        raise ScheduleRefused("Only the person who paused it ends this pause.")
    now = timezone.now()
    if pause.begins_at >= now:
        Pause.objects.filter(pk=pause.pk).delete()
    else:
        lasting = Pause.objects.filter(pk=pause.pk).exclude(ends_at__lte=now)
        lasting.update(ends_at=now)
    _paused_changed(pause)


def _paused_changed(pause: Pause) -> None:
    cameras: CameraQuerySet | None = None
    if pause.camera_id is not None:
        cameras = Camera.objects.filter(pk=pause.camera_id)
    elif pause.person_id is not None:
        whose = Q(person=pause.person_id) | Q(team__people=pause.person_id)
        cameras = Camera.objects.filter(whose)
    cameras_reschedule(cameras=cameras)


def camera_capture_now(*, camera: Camera) -> None:
    """Have a picture taken within a second or two, where one may be taken at all."""
    now = timezone.now()
    row = Camera.objects.fetched().filter(pk=camera.pk).first()
    if row is None:
        raise ScheduleRefused(
            "No pictures are fetched from this camera: it is switched off, sends its"
            " pictures itself, or there is no consent; of a room, of everybody."
        )
    if row.team_id and crew_pauses(row.team_id, now).exists():
        raise ScheduleRefused(PAUSED)
    schedule = schedules_of([row], since=now)[row.pk]
    if schedule.pause_at(now):
        raise ScheduleRefused("This camera is paused.")
    if not schedule.is_open(now):
        raise ScheduleRefused("This camera is outside of its hours.")
    Camera.objects.filter(pk=row.pk).update(next_at=now)


def cameras_reschedule_lost() -> int:
    """Find the next picture of cameras that have none; take it from those that rest.

    They are new, have a consent again or none any more, or were changed past these
    services. One that rests has none, so that waiting begins anew when it goes on.
    """
    fetched = Camera.objects.fetched()
    planned = Camera.objects.filter(next_at__isnull=False)
    cameras_reschedule(cameras=planned.exclude(pk__in=fetched.order_by().values("pk")))
    return cameras_reschedule(cameras=fetched.filter(next_at__isnull=True))
