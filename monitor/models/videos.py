"""Video files: uploaded in parts, cut into pictures, then gone."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from monitor.models.people import Person
from monitor.models.pictures import Snapshot
from monitor.querysets import VideoQuerySet


class Video(models.Model):
    """One video of one person, and how far its pictures have been taken out.

    UPLOADING -> PENDING -> PROCESSING -> DONE or FAILED; PROCESSING falls back to
    PENDING between slices; SKIPPED when consent was withdrawn on the way.
    """

    class Status(models.TextChoices):
        UPLOADING = "uploading", "being uploaded"
        PENDING = "pending", "waiting"
        PROCESSING = "processing", "being read"
        DONE = "done", "done"
        FAILED = "failed", "failed"
        SKIPPED = "skipped", "skipped"

    TERMINAL = frozenset({Status.DONE, Status.FAILED, Status.SKIPPED})

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="videos")
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL
    )
    name = models.CharField(max_length=200)
    size = models.PositiveBigIntegerField()
    taken_at = models.DateTimeField(help_text="When its first picture was taken.")
    every = models.FloatField(help_text="Seconds between two pictures.")
    created_at = models.DateTimeField()

    status = models.CharField(
        max_length=10, choices=Status, default=Status.UPLOADING, db_index=True
    )
    reason = models.CharField(max_length=40, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    position = models.FloatField(default=0, help_text="Seconds that are done.")
    claim = models.UUIDField(null=True)
    claimed_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    objects = VideoQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-pk"]

    def __str__(self) -> str:
        return f"video {self.pk} ({self.status})"

    @property
    def is_finished(self) -> bool:
        return self.status in self.TERMINAL


class VideoPart(models.Model):
    """Some megabytes of a video, sealed; all go when its pictures are taken out."""

    video = models.ForeignKey(Video, on_delete=models.CASCADE, related_name="parts")
    number = models.PositiveIntegerField()
    size = models.PositiveIntegerField()
    sealed = models.BinaryField()

    class Meta:
        ordering: ClassVar = ["video", "number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["video", "number"], name="video_part_once")
        ]

    def __str__(self) -> str:
        return f"part {self.number} of video {self.video_id}"


class VideoFrame(models.Model):
    """Which picture was taken out where."""

    video = models.ForeignKey(
        Video, on_delete=models.CASCADE, related_name="frames", db_index=False
    )
    seconds = models.FloatField()
    snapshot = models.OneToOneField(
        Snapshot, on_delete=models.CASCADE, related_name="video_frame"
    )

    class Meta:
        ordering: ClassVar = ["video", "seconds"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["video", "seconds"], name="video_frame_once"
            )
        ]

    def __str__(self) -> str:
        return f"video {self.video_id} at {self.seconds:g} s"
