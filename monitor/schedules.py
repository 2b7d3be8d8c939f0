"""The stored hours and pauses of cameras as plain schedules, in a few queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime, timedelta

from django.db.models import Q

from monitor.capture_schedule import USUAL, Schedule, Span, Stretch
from monitor.models import Camera, CaptureHours, Organisation, Pause


def schedules_of(
    cameras: Collection[Camera], *, since: datetime
) -> dict[int, Schedule]:
    """By id of the camera; without the pauses that were over at `since`.

    A camera without hours of its own has the site's; a site without any has working
    days from 8:00 to 18:00.
    """
    tz = Organisation.current().tz
    hours = _hours(cameras)
    usual = hours.pop(None, USUAL)
    pauses = list(pauses_of(cameras, since=since))
    return {
        camera.pk: Schedule(
            camera=camera.pk,
            every=timedelta(minutes=camera.every_minutes),
            jitter=timedelta(seconds=camera.jitter_seconds),
            hours=hours.get(camera.pk, usual),
            pauses=tuple(
                Span(pause.begins_at, pause.ends_at)
                for pause in pauses
                if holds_for(pause, camera)
            ),
            tz=tz,
        )
        for camera in cameras
    }


def _hours(cameras: Collection[Camera]) -> dict[int | None, tuple[Stretch, ...]]:
    asked = Q(camera__isnull=True) | Q(camera__in=[camera.pk for camera in cameras])
    found: dict[int | None, list[Stretch]] = defaultdict(list)
    rows = CaptureHours.objects.filter(asked).order_by()
    for row in rows.values_list("camera_id", "weekday", "begins", "ends"):
        found[row[0]].append(Stretch(*row[1:]))
    return {camera: tuple(stretches) for camera, stretches in found.items()}


def pauses_of(cameras: Collection[Camera], *, since: datetime) -> list[Pause]:
    """Pauses that touch one of the cameras and were not over at `since`."""
    people = {camera.person_id for camera in cameras if camera.person_id}
    teams = {camera.team_id for camera in cameras if camera.team_id}
    asked = (
        Q(camera__isnull=True, person__isnull=True)
        | Q(camera__in=[camera.pk for camera in cameras])
        | Q(person__in=people)
    )
    if teams:
        asked |= Q(person__team__in=teams)
    lasting = Q(ends_at__isnull=True) | Q(ends_at__gt=since)
    return list(Pause.objects.filter(asked & lasting).select_related("person"))


def is_paused(camera: Camera, moment: datetime) -> bool:
    pauses = pauses_of([camera], since=moment)
    return any(pause.begins_at <= moment for pause in pauses)


def holds_for(pause: Pause, camera: Camera) -> bool:
    """A person's pause holds for their desk, and for the room of their team."""
    if pause.camera_id is not None:
        return pause.camera_id == camera.pk
    if pause.person is None or pause.person_id == camera.person_id:
        return True
    return camera.team_id is not None and pause.person.team_id == camera.team_id
