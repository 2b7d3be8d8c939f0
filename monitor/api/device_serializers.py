"""What devices send and get; nothing in it tells them anything about people."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from monitor.models import Camera, Snapshot

LONGEST_KEY = 100
MOST = 2_000_000_000  # fits the columns


class DeviceSnapshotInput(serializers.Serializer[Any]):
    """The query of a picture; the body is the picture itself."""

    taken_at = serializers.DateTimeField(help_text="ISO 8601 with an offset, or Z.")
    key = serializers.CharField(max_length=LONGEST_KEY)


class DeviceSnapshotOutput(serializers.Serializer[Snapshot]):
    id = serializers.IntegerField()
    taken_at = serializers.DateTimeField()
    received_at = serializers.DateTimeField()


class HeartbeatInput(serializers.Serializer[Any]):
    agent_version = serializers.CharField(max_length=40)
    queue_length = serializers.IntegerField(min_value=0, max_value=MOST)
    dropped = serializers.IntegerField(
        min_value=0,
        max_value=MOST,
        help_text="Pictures thrown away on the device, unsent, since its set-up.",
    )
    clock_offset = serializers.FloatField(
        min_value=-1e12,
        max_value=1e12,
        help_text="By how many seconds the device found its clock to be ahead.",
    )
    camera_state = serializers.ChoiceField(
        choices=[(row.value, row.label) for row in Camera.State],
        required=False,
        default="",
        help_text="How its last attempt to take a picture ended.",
    )


class StretchOutput(serializers.Serializer[Any]):
    begins = serializers.DateTimeField()
    ends = serializers.DateTimeField()


class OrdersOutput(serializers.Serializer[Any]):
    """When to take pictures; outside of the stretches none."""

    now = serializers.DateTimeField()
    active = serializers.BooleanField()
    every_seconds = serializers.IntegerField()
    jitter_seconds = serializers.IntegerField()
    least_seconds = serializers.IntegerField(
        help_text="Nearer to each other than this, the second picture is refused."
    )
    heartbeat_seconds = serializers.IntegerField()
    stretches = StretchOutput(many=True)
