"""Cameras that should have given a picture and have not: said once, and its end."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q

from monitor.capture_schedule import Schedule
from monitor.models import Camera, CameraEvent
from monitor.querysets import CameraQuerySet
from monitor.schedules import schedules_of
from monitor.services.camera_schedule import cameras_reschedule_lost
from monitor.services.delivery import camera_notifications_queue

log = logging.getLogger(__name__)

Kind = CameraEvent.Kind
MISSED = 3
SHORTEST = timedelta(minutes=15)
# Silence is counted over this time at most; what lies before it is long known.
LOOK_BACK = timedelta(days=7)


def cameras_watch(*, now: datetime) -> None:
    """Find the next picture of lost cameras; say which are silent or heard again."""
    cameras_reschedule_lost()
    _note(_watched().filter(seen_at__gt=F("silent_at")), Kind.HEARD, now)
    _note(silent_cameras(now=now), Kind.SILENT, now)
    # Nobody waits for these any more.
    off = Camera.objects.filter(active=False, silent_at__isnull=False)
    off.update(silent_at=None)


def silent_cameras(*, now: datetime) -> list[Camera]:
    """Those that should give pictures now and have given none for too long."""
    # Hours and pauses only make the wait longer, so most are left out by the database.
    lately = Q(seen_at__gt=now - SHORTEST)
    rows = list(_watched().filter(silent_at__isnull=True).exclude(lately))
    schedules = schedules_of(rows, since=now - LOOK_BACK)
    return [row for row in rows if _is_silent(row, schedules[row.pk], now)]


def _watched() -> CameraQuerySet:
    """Those that we fetch from, and of the others those that ever sent anything."""
    rows: CameraQuerySet = Camera.objects.consented().filter(active=True)
    return rows.exclude(seen_at__isnull=True, expected_from__isnull=True)


def _is_silent(camera: Camera, schedule: Schedule, now: datetime) -> bool:
    if not schedule.is_open(now):
        return False
    known = [at for at in (camera.seen_at, camera.expected_from) if at]
    waited = schedule.open_time(max(*known, now - LOOK_BACK), now)
    return waited >= max(MISSED * schedule.every, SHORTEST)


@transaction.atomic
def _note(cameras: Iterable[Camera], kind: str, now: datetime) -> None:
    """Each once, whoever else looks at the same time."""
    silent, events = kind == Kind.SILENT, []
    # In the order of keys, so that nobody who holds another one waits for ever.
    for pk in sorted(camera.pk for camera in cameras):
        rows = Camera.objects.filter(pk=pk, silent_at__isnull=silent)
        if rows.update(silent_at=now if silent else None):
            log.info("camera %s: %s", pk, kind)
            events.append(CameraEvent(camera_id=pk, kind=kind, at=now))
    CameraEvent.objects.bulk_create(events)
    camera_notifications_queue(events=events)
