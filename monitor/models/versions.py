"""Models that were brought in, which of them is in use, and what a shadow read."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from monitor.models.readings import FaceScores, Reading


class ModelVersion(models.Model):
    """Imported weights with their spec; the row never changes but for its state.

    imported -> active, shadow
    shadow   -> active, or retired when it is switched off
    active   -> retired when another one is activated
    retired  -> active (rollback among others), shadow

    No state is final. Without an active row the file inference/models/active decides.
    """

    class State(models.TextChoices):
        IMPORTED = "imported", "imported"
        ACTIVE = "active", "active"
        SHADOW = "shadow", "shadow: reads along, does not count"
        RETIRED = "retired", "retired"

    ALLOWED: ClassVar[dict[str, frozenset[str]]] = {
        State.IMPORTED: frozenset({State.ACTIVE, State.SHADOW}),
        State.SHADOW: frozenset({State.ACTIVE, State.RETIRED}),
        State.ACTIVE: frozenset({State.RETIRED}),
        State.RETIRED: frozenset({State.ACTIVE, State.SHADOW}),
    }
    IN_USE = frozenset({State.ACTIVE, State.SHADOW})

    name = models.CharField(max_length=60)
    version = models.CharField(max_length=80, unique=True)
    sha256 = models.CharField(max_length=64, help_text="Of the serving weights.")
    digest = models.CharField(
        max_length=64, unique=True, help_text="Of the spec, hence of everything."
    )
    spec = models.JSONField()
    metrics = models.JSONField(default=dict, blank=True)
    source = models.CharField(max_length=400, help_text="Folder it was imported from.")
    state = models.CharField(max_length=10, choices=State, default=State.IMPORTED)
    shadow_failures = models.PositiveIntegerField(
        default=0, help_text="Batches that it could not read as a shadow."
    )
    imported_at = models.DateTimeField()
    activated_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["state"], condition=Q(state="active"), name="one_active_model"
            ),
            models.UniqueConstraint(
                fields=["state"], condition=Q(state="shadow"), name="one_shadow_model"
            ),
        ]

    def __str__(self) -> str:
        return self.version


class ModelFile(models.Model):
    """One file of a version, kept here so that workers on every host reach it."""

    version = models.ForeignKey(
        ModelVersion, on_delete=models.CASCADE, related_name="files", db_index=False
    )
    name = models.CharField(max_length=100)
    content = models.BinaryField()
    sha256 = models.CharField(max_length=64)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["version", "name"], name="model_file_once"),
        ]

    def __str__(self) -> str:
        return f"{self.name} of {self.version_id}"


class ModelEvent(models.Model):
    """One change of a version's state: what, when, by whom, why."""

    version = models.ForeignKey(
        ModelVersion, on_delete=models.CASCADE, related_name="events"
    )
    old = models.CharField(max_length=10, blank=True)
    new = models.CharField(max_length=10, choices=ModelVersion.State)
    at = models.DateTimeField()
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        help_text="Empty when it was done on the command line.",
    )
    by = models.CharField(max_length=100, help_text="Who, in words.")
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering: ClassVar = ["pk"]

    def __str__(self) -> str:
        return f"model {self.version_id}: {self.old or 'new'} -> {self.new}"


class SiteCalibration(models.Model):
    """How a model errs on this site's own pictures; the newest row of a model counts.

    The model is named as its readings name it, because one that was never imported has
    no row of its own.
    """

    model = models.CharField(max_length=80)
    quantification = models.JSONField(help_text="A Quantifier's `as_dict`.")
    pictures = models.PositiveIntegerField()
    measured_at = models.DateTimeField()
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering: ClassVar = ["pk"]

    def __str__(self) -> str:
        return f"{self.model} on {self.pictures} pictures"


class ShadowReading(FaceScores):
    """What a shadow model made of the face of a reading; never part of a ratio."""

    reading = models.ForeignKey(
        Reading, on_delete=models.CASCADE, related_name="shadows", db_index=False
    )
    version = models.ForeignKey(
        ModelVersion, on_delete=models.CASCADE, related_name="shadow_readings"
    )
    at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["reading", "version"], name="shadow_reading_once"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["at"], name="shadow_reading_age")]

    def __str__(self) -> str:
        return f"reading {self.reading_id} by the shadow {self.version_id}"
