"""How well each camera does its work, by day, and when it fell silent."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from monitor.models.cameras import Camera


class CameraDay(models.Model):
    """What a camera gave on one local day: counts, and sums over the faces found.

    Nothing of what the faces show. `attempts` and `successes` are of cameras that we
    fetch from; `too_small` to `turned` are the reasons of unsure faces.
    """

    camera = models.ForeignKey(
        Camera, on_delete=models.CASCADE, related_name="days", db_index=False
    )
    day = models.DateField()
    attempts = models.PositiveIntegerField(default=0)
    successes = models.PositiveIntegerField(default=0)

    faces = models.PositiveIntegerField(default=0)
    no_face = models.PositiveIntegerField(default=0)
    usable = models.PositiveIntegerField(default=0)
    unsure = models.PositiveIntegerField(default=0)
    too_small = models.PositiveIntegerField(default=0)
    blurred = models.PositiveIntegerField(default=0)
    too_dark = models.PositiveIntegerField(default=0)
    too_bright = models.PositiveIntegerField(default=0)
    turned = models.PositiveIntegerField(default=0)
    brightness_sum = models.FloatField(default=0)
    sharpness_sum = models.FloatField(default=0)
    height_sum = models.FloatField(default=0, help_text="Of faces, in pixels.")

    class Meta:
        ordering: ClassVar = ["day"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["camera", "day"], name="camera_day_once"),
        ]

    def __str__(self) -> str:
        return f"camera {self.camera_id} on {self.day}"


class CameraEvent(models.Model):
    """A camera fell silent, or was heard again; telling people reads these rows."""

    class Kind(models.TextChoices):
        SILENT = "silent", "fell silent"
        HEARD = "heard", "gives pictures again"

    camera = models.ForeignKey(Camera, on_delete=models.CASCADE, related_name="events")
    kind = models.CharField(max_length=6, choices=Kind)
    at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["-pk"]

    def __str__(self) -> str:
        return f"camera {self.camera_id} {self.kind} at {self.at:%Y-%m-%d %H:%M}"
