"""Pictures of devices on their way to the intake, and when devices shall take them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from monitor.device_windows import Window, open_stretches
from monitor.models import (
    Camera,
    Consent,
    Device,
    Snapshot,
)
from monitor.schedules import schedules_of
from monitor.services.devices import camera_tried
from monitor.services.intake import Accepted, Refused, Upload, snapshot_accept
from monitor.services.roles import service_account

ACCOUNT = "devices"
QUEUE_RETRY_SECONDS = 60
# Longer than a device may be away; what is older would rewrite somebody's past.
OLDEST = timedelta(days=14)
AHEAD = timedelta(days=7)
HEARTBEAT_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Sent:
    """A picture as a device sends it."""

    data: bytes
    taken_at: datetime
    key: str


@dataclass(frozen=True, slots=True)
class Orders:
    """What a device is told with each heartbeat."""

    now: datetime
    every_seconds: int
    jitter_seconds: int
    least_seconds: int
    active: bool
    stretches: list[Window]
    heartbeat_seconds: int = HEARTBEAT_SECONDS


def device_snapshot_accept(*, device: Device, sent: Sent) -> Accepted:
    """Take a device's picture in, or raise Refused; repeated, the first result.

    The keys of all devices belong to one account, so each is preceded by its device.
    """
    upload = Upload(
        data=sent.data,
        camera=str(device.camera_id),
        taken_at=sent.taken_at,
        idempotency_key=f"device:{device.pk}:{sent.key}",
        source=Snapshot.Source.DEVICE,
        last_check=lambda snapshot: _check(device, snapshot),
    )
    try:
        accepted = snapshot_accept(upload=upload, by=service_account(ACCOUNT))
    except Refused as exc:
        if exc.code == "queue_full":
            exc.status, exc.retry_after = 429, QUEUE_RETRY_SECONDS
        raise
    camera_tried(camera_id=device.camera_id, state=Camera.State.OK, now=timezone.now())
    return accepted


def least_between(camera: Camera) -> timedelta:
    """Two pictures of a camera are at least half of its interval apart.

    Half, because the jitter of a picture may be longer than that of the next one.
    """
    return timedelta(minutes=camera.every_minutes) / 2


def _check(device: Device, snapshot: Snapshot) -> None:
    """What intake does not ask of other ways in: the past, its consent, the interval.

    The lock makes two pictures of a device come one after the other, and lets none in
    after the device was revoked.
    """
    rows = Device.objects.select_for_update().filter(pk=device.pk, revoked_at=None)
    held = rows.first()
    if held is None:
        text = "This message is not accepted."  # as when it was never known
        raise Refused("authentication_failed", text, status=401)
    camera = held.camera
    _check_age(snapshot)
    given = Consent.objects.held_at(snapshot.taken_at)
    if not given.filter(person=snapshot.person_id).exists():
        raise Refused(
            "no_consent",
            "There was no consent when the picture was taken; it is not taken in.",
            status=403,
            field="taken_at",
        )
    _check_interval(snapshot, least_between(camera))


def _check_age(snapshot: Snapshot) -> None:
    if snapshot.taken_at < snapshot.received_at - OLDEST:
        raise Refused(
            "too_old",
            f"The picture is more than {OLDEST.days} days old; it is not taken in.",
            field="taken_at",
        )


def _check_interval(snapshot: Snapshot, least: timedelta) -> None:
    """By the time of taking: what was stored on the way may come all at once."""
    near = Snapshot.objects.filter(
        person=snapshot.person_id,
        camera=snapshot.camera_id,
        taken_at__gt=snapshot.taken_at - least,
        taken_at__lt=snapshot.taken_at + least,
    )
    last: datetime | None = (
        near.order_by("-taken_at").values_list("taken_at", flat=True).first()
    )
    if last is not None:
        wait = (last + least - snapshot.received_at).total_seconds()
        raise Refused(
            "too_soon",
            f"There is a picture less than {least.total_seconds():.0f} s before or"
            " after; drop this one.",
            status=429,
            field="taken_at",
            retry_after=max(1, math.ceil(wait)),
        )


def device_orders(*, device: Device, now: datetime) -> Orders:
    """The schedule of its camera for the next days, pauses taken out."""
    camera = device.camera
    plan = schedules_of([camera], since=now)[camera.pk]
    within = Window(now, now + AHEAD)
    return Orders(
        now=now,
        every_seconds=camera.every_minutes * 60,
        jitter_seconds=camera.jitter_seconds,
        least_seconds=math.ceil(least_between(camera).total_seconds()),
        active=camera.active,
        stretches=open_stretches(plan.hours, plan.pauses, within, plan.tz),
    )
