"""Test pictures: a camera as it is being set up, or one that somebody looks through."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from monitor.models.cameras import Camera
from monitor.models.people import Person, Team


class CameraProbe(models.Model):
    """One test picture, asked for by one user, who alone may see it, for minutes.

    WAITING -> FETCHING -> FETCHED -> DONE, or FAILED with a code of `capture`.
    """

    class Status(models.TextChoices):
        WAITING = "waiting", "waiting for the camera"
        FETCHING = "fetching", "asking the camera"
        FETCHED = "fetched", "looking for the face"
        DONE = "done", "done"
        FAILED = "failed", "no picture"

    TERMINAL = frozenset({Status.DONE, Status.FAILED})

    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    asked_at = models.DateTimeField(db_index=True)
    camera = models.ForeignKey(Camera, null=True, on_delete=models.CASCADE)

    # What the wizard knows so far; a camera is made of it once the picture is good.
    name = models.CharField(max_length=200)
    person = models.ForeignKey(Person, null=True, on_delete=models.CASCADE)
    team = models.ForeignKey(Team, null=True, on_delete=models.CASCADE)
    kind = models.CharField(max_length=10, choices=Camera.Kind)
    address = models.CharField(max_length=500, blank=True)
    sealed_login = models.BinaryField(default=b"", blank=True)
    certificate = models.CharField(max_length=64, blank=True)
    every_minutes = models.PositiveSmallIntegerField(default=15)

    status = models.CharField(max_length=10, choices=Status, default=Status.WAITING)
    code = models.CharField(max_length=20, blank=True)
    message = models.CharField(max_length=300, blank=True)
    milliseconds = models.PositiveIntegerField(null=True)
    sealed = models.BinaryField(default=b"", blank=True)
    width = models.PositiveIntegerField(default=0)
    height = models.PositiveIntegerField(default=0)
    faces = models.PositiveSmallIntegerField(null=True)
    reason = models.CharField(max_length=40, blank=True)
    box_x = models.IntegerField(default=0)
    box_y = models.IntegerField(default=0)
    box_width = models.PositiveIntegerField(default=0)
    box_height = models.PositiveIntegerField(default=0)

    class Meta:
        ordering: ClassVar = ["-pk"]
        indexes: ClassVar = [
            models.Index(
                fields=["id"],
                condition=Q(status="waiting"),
                name="probe_queue",
            ),
        ]

    def __str__(self) -> str:
        return f"test picture {self.pk} ({self.status})"

    @property
    def is_finished(self) -> bool:
        return self.status in self.TERMINAL
