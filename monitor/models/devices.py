"""Devices that send the pictures of a camera themselves, and what was refused."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from monitor.models.cameras import Camera


class Device(models.Model):
    """One sender for one camera, with a secret that only it and the server know.

    `key` is public and names the device in its messages; the secrets are sealed by
    `monitor.vault`. After a rotation the previous one counts until `previous_until`.
    """

    camera = models.ForeignKey(Camera, on_delete=models.CASCADE, related_name="devices")
    name = models.CharField(max_length=200, unique=True)
    key = models.CharField(max_length=32, unique=True, editable=False)
    sealed_secret = models.BinaryField(editable=False)
    sealed_previous = models.BinaryField(default=b"", editable=False)
    previous_until = models.DateTimeField(null=True, editable=False)
    token_digest = models.CharField(max_length=64, blank=True, editable=False)
    created_at = models.DateTimeField(editable=False)
    revoked_at = models.DateTimeField(null=True, editable=False)

    last_seen_at = models.DateTimeField(null=True, editable=False)
    heartbeat_at = models.DateTimeField(null=True, editable=False)
    agent_version = models.CharField(max_length=40, blank=True, editable=False)
    queue_length = models.PositiveIntegerField(null=True, editable=False)
    dropped = models.PositiveIntegerField(
        null=True,
        editable=False,
        help_text="Pictures that were thrown away on the device, unsent.",
    )
    clock_offset = models.FloatField(
        null=True,
        editable=False,
        verbose_name="clock ahead by (s)",
        help_text="As the device found, or as its last late message was dated.",
    )

    class Meta:
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def is_revoked(self) -> bool:
        return self.revoked_at is not None


class DeviceNonce(models.Model):
    """A message that was accepted; the same one is not accepted again."""

    device = models.ForeignKey(
        Device, on_delete=models.CASCADE, related_name="nonces", db_index=False
    )
    nonce = models.CharField(max_length=64)
    seen_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["device", "nonce"], name="device_nonce_once"
            )
        ]

    def __str__(self) -> str:
        return f"nonce of device {self.device_id}"


class DeviceRefusal(models.Model):
    """How often messages in a device's name were refused for one reason."""

    class Reason(models.TextChoices):
        FORGED = "forged", "signature or token does not fit"
        LATE = "late", "time outside of the window (wrong clock, or kept back)"
        REPLAYED = "replayed", "the same message again"
        REVOKED = "revoked", "device is revoked"
        OTHER_CAMERA = "other_camera", "named a camera that is not its own"

    device = models.ForeignKey(
        Device, on_delete=models.CASCADE, related_name="refusals", db_index=False
    )
    reason = models.CharField(max_length=12, choices=Reason)
    count = models.PositiveIntegerField(default=1)
    last_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["device", "-last_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["device", "reason"], name="device_refusal_by_reason"
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_reason_display()}: {self.count}"
