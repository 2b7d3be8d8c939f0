"""Pictures on their way from the door to a reading."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from monitor.models.cameras import Camera
from monitor.models.people import Person, Team
from monitor.querysets import SnapshotQuerySet


class Snapshot(models.Model):
    """One accepted picture and how far its analysis has come.

    It is of one person, or of the room of a team: then it is nobody's picture.

    PENDING -> PROCESSING -> DONE, NO_FACE or FAILED; SKIPPED when consent was withdrawn
    on the way. PROCESSING falls back to PENDING when its lease runs out.
    """

    class Status(models.TextChoices):
        PENDING = "pending", "waiting"
        PROCESSING = "processing", "being analysed"
        DONE = "done", "done"
        NO_FACE = "no_face", "no face found"
        FAILED = "failed", "failed"
        SKIPPED = "skipped", "skipped"

    TERMINAL = frozenset({Status.DONE, Status.NO_FACE, Status.FAILED, Status.SKIPPED})

    class Source(models.TextChoices):
        API = "api", "API"
        UPLOAD = "upload", "browser upload"
        FOLDER = "folder", "folder"
        CAMERA = "camera", "camera on schedule"
        DEVICE = "device", "camera that sends"
        SESSION = "session", "own session in the browser"
        ON_DEVICE = "on_device", "read in the browser"
        VIDEO = "video", "video file"
        STATION = "station", "check-in station"
        DEMO = "demo", "demonstration"

    person = models.ForeignKey(
        Person,
        null=True,
        on_delete=models.CASCADE,
        related_name="snapshots",
        db_index=False,
    )
    team = models.ForeignKey(
        Team, null=True, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    # Of a room: `Crew.mark` of its team when the picture was taken in.
    crew = models.CharField(max_length=16, blank=True, db_default="")
    camera = models.ForeignKey(
        Camera, null=True, on_delete=models.SET_NULL, related_name="snapshots"
    )
    source = models.CharField(max_length=10, choices=Source)
    taken_at = models.DateTimeField()
    received_at = models.DateTimeField()
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, db_index=False
    )
    idempotency_key = models.CharField(max_length=200, null=True)  # noqa: DJ001
    request_digest = models.CharField(max_length=64)

    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    reason = models.CharField(max_length=40, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    claim = models.UUIDField(null=True)
    claimed_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    faces_found = models.PositiveSmallIntegerField(null=True)

    objects = SnapshotQuerySet.as_manager()

    # Foreign keys that begin another index have none of their own (`db_index=False`):
    # each index is written anew with every change of state.
    class Meta:
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["submitted_by", "idempotency_key"], name="snapshot_sent_once"
            ),
            models.CheckConstraint(
                condition=Q(person__isnull=False, team__isnull=True)
                | Q(person__isnull=True, team__isnull=False),
                name="snapshot_of_person_or_room",
            ),
        ]
        indexes: ClassVar = [
            # The queue: only rows that are not finished, so it stays tiny.
            models.Index(
                fields=["id"],
                condition=Q(status__in=["pending", "processing"]),
                name="snapshot_queue",
            ),
            models.Index(fields=["person", "-taken_at"], name="snapshot_of_person"),
            models.Index(
                fields=["team", "-taken_at"],
                condition=Q(team__isnull=False),
                name="snapshot_of_room",
            ),
        ]

    def __str__(self) -> str:
        return f"snapshot {self.pk} ({self.status})"

    @property
    def is_room(self) -> bool:
        return self.team_id is not None

    @property
    def is_finished(self) -> bool:
        return self.status in self.TERMINAL


class SnapshotImage(models.Model):
    """The encrypted bytes of a picture; they go when its readings are stored."""

    snapshot = models.OneToOneField(
        Snapshot, primary_key=True, on_delete=models.CASCADE, related_name="image"
    )
    sealed = models.BinaryField()

    def __str__(self) -> str:
        return f"picture of snapshot {self.snapshot_id}"
