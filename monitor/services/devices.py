"""The only writers of devices: their secrets, what they say, what was refused."""

from __future__ import annotations

import contextlib
import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from monitor import vault
from monitor.agent.signature import SECRET_BYTES
from monitor.models import Camera, Device, DeviceNonce, DeviceRefusal

WINDOW = timedelta(minutes=5)
# A message may be dated ahead by the window and then be repeated until that is over;
# a minute more for hosts whose clocks differ and for the seconds of a message's time.
NONCES_KEPT = 2 * WINDOW + timedelta(minutes=1)
OVERLAP = timedelta(days=7)
LONGEST_OVERLAP = timedelta(days=90)


class DeviceChangeRefused(Exception):
    """The device cannot be made or changed like this; the message says why."""


@dataclass(frozen=True, slots=True)
class Secret:
    """What the device is set up with; shown once and not stored in this form."""

    device: Device
    value: str


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """What a device says of itself."""

    agent_version: str
    queue_length: int
    dropped: int
    clock_offset: float
    camera_state: str = ""


def device_check(*, camera: Camera) -> None:
    """Raises DeviceChangeRefused for a camera that no device may send for."""
    if camera.kind != Camera.Kind.PUSH:
        raise DeviceChangeRefused(
            "The server fetches the pictures of this camera; choose one that sends"
            " its pictures itself."
        )
    if camera.is_room:
        raise DeviceChangeRefused(
            "Devices send for desk cameras; this is the camera of a room."
        )


def device_create(*, camera: Camera, name: str) -> Secret:
    """A device with a new secret. Raises DeviceChangeRefused, saying why."""
    device_check(camera=camera)
    name = name.strip()
    if not name:
        raise DeviceChangeRefused("A device needs a name, such as the place it is in.")
    value = secrets.token_hex(SECRET_BYTES)
    device = Device(
        camera=camera,
        name=name,
        key=f"dev_{secrets.token_hex(8)}",
        sealed_secret=vault.seal(value.encode()),
        created_at=timezone.now(),
    )
    try:
        with transaction.atomic():
            device.save(force_insert=True)
    except IntegrityError as exc:
        raise DeviceChangeRefused("There is a device of this name.") from exc
    return Secret(device, value)


@transaction.atomic
def device_rotate(*, device: Device, overlap: timedelta = OVERLAP) -> Secret:
    """A new secret; the old one counts on for `overlap`, so nothing need hurry."""
    if not timedelta() <= overlap <= LONGEST_OVERLAP:
        raise DeviceChangeRefused(
            f"The old secret may count for 0 to {LONGEST_OVERLAP.days} days more."
        )
    device = _held(device)
    value = secrets.token_hex(SECRET_BYTES)
    Device.objects.filter(pk=device.pk).update(
        sealed_secret=vault.seal(value.encode()),
        sealed_previous=device.sealed_secret if overlap else b"",
        previous_until=timezone.now() + overlap if overlap else None,
    )
    return Secret(device, value)


def device_revoke(*, device: Device) -> None:
    """Refuse the device from now on, for good; its secrets and token are deleted."""
    Device.objects.filter(pk=device.pk, revoked_at=None).update(
        revoked_at=timezone.now(),
        sealed_secret=b"",
        sealed_previous=b"",
        previous_until=None,
        token_digest="",
    )


@transaction.atomic
def device_token_create(*, device: Device) -> Secret:
    """A token for senders that cannot sign; one made before counts no more."""
    device = _held(device)
    value = secrets.token_urlsafe(SECRET_BYTES)
    Device.objects.filter(pk=device.pk).update(token_digest=token_digest(value))
    return Secret(device, f"{device.key}.{value}")


def token_digest(value: str) -> str:
    """A plain hash will do: the token is as random as the hash is long."""
    return hashlib.sha256(value.encode()).hexdigest()


def _held(device: Device) -> Device:
    """The row for the caller alone, unless it is revoked."""
    held = Device.objects.select_for_update().get(pk=device.pk)
    if held.is_revoked:
        raise DeviceChangeRefused("This device is revoked; make a new one.")
    return held


def device_secrets(device: Device, *, now: datetime) -> list[str]:
    """The secrets that count now, the newest first; raises vault.PictureLocked."""
    found = [vault.unseal(bytes(device.sealed_secret))]
    if device.previous_until and now < device.previous_until:
        # Sealed under a key that was dropped meanwhile, it is merely over earlier.
        with contextlib.suppress(vault.PictureLocked):
            found.append(vault.unseal(bytes(device.sealed_previous)))
    return [secret.decode() for secret in found]


def nonce_take(*, device: Device, nonce: str, now: datetime) -> bool:
    """True for exactly one message; the constraint decides."""
    try:
        with transaction.atomic():
            DeviceNonce.objects.create(device=device, nonce=nonce, seen_at=now)
    except IntegrityError:
        return False
    return True


def device_nonces_prune(*, now: datetime) -> int:
    """Forget nonces whose messages are late by now."""
    gone, _ = DeviceNonce.objects.filter(seen_at__lt=now - NONCES_KEPT).delete()
    return gone


def device_seen(*, device: Device, now: datetime) -> None:
    Device.objects.filter(pk=device.pk).update(last_seen_at=now)


def device_late(*, device: Device, ahead: timedelta) -> None:
    """A message of its own was dated wrongly: IT sees by how much."""
    Device.objects.filter(pk=device.pk).update(clock_offset=ahead.total_seconds())


def device_refusal_record(*, device: Device, reason: str, now: datetime) -> None:
    """One row for each reason, counted up: a flood of refusals does not fill a disk."""
    rows = DeviceRefusal.objects.filter(device=device, reason=reason)
    again = {"count": F("count") + 1, "last_at": now}
    if rows.update(**again):
        return
    try:
        with transaction.atomic():
            DeviceRefusal.objects.create(device=device, reason=reason, last_at=now)
    except IntegrityError:
        rows.update(**again)


def device_heartbeat(*, device: Device, heartbeat: Heartbeat, now: datetime) -> None:
    """Note what it says; what it says of its camera is the camera's state."""
    Device.objects.filter(pk=device.pk).update(
        heartbeat_at=now,
        agent_version=heartbeat.agent_version,
        queue_length=heartbeat.queue_length,
        dropped=heartbeat.dropped,
        clock_offset=heartbeat.clock_offset,
    )
    if heartbeat.camera_state:
        camera_tried(camera_id=device.camera_id, state=heartbeat.camera_state, now=now)


def camera_tried(*, camera_id: int, state: str, now: datetime) -> None:
    camera = Camera.objects.filter(pk=camera_id)
    camera.exclude(state=state).update(state=state, state_since=now)
    tried = {"tried_at": now}
    if state == Camera.State.OK:
        tried["seen_at"] = now
    camera.update(**tried)
