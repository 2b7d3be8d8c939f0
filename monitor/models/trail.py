"""Who looked at whose data."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from monitor.models.people import Person


class AccessEntry(models.Model):
    """One look of one user at one person's data."""

    class Action(models.TextChoices):
        OVERVIEW = "overview", "saw on the overview"
        PERSON = "person", "opened the page"
        REPORT = "report", "made a report"
        SNAPSHOT = "snapshot", "saw a result"
        LIVE = "live", "saw a test picture or live"
        VIDEO = "video", "saw a video's results"
        QUEUE = "queue", "saw in the queue of flags"
        FLAG = "flag", "opened a flag"
        API = "api", "read through the API"

    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL
    )
    person = models.ForeignKey(
        Person, on_delete=models.CASCADE, related_name="access_entries", db_index=False
    )
    action = models.CharField(max_length=10, choices=Action)
    at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["-at", "-pk"]
        verbose_name_plural = "access entries"
        indexes: ClassVar = [
            models.Index(fields=["person", "-at"], name="access_to_person"),
            models.Index(fields=["-at"], name="access_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.actor_id} {self.action} {self.person_id}"
