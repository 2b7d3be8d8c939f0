"""What the model read from a face, and the sums of a day that pages are made of."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from inference import EMOTIONS, EmotionScores
from monitor.models.cameras import Camera
from monitor.models.formulas import Formula
from monitor.models.people import Person
from monitor.models.pictures import Snapshot
from monitor.querysets import DailySummaryQuerySet, ReadingQuerySet


class FaceScores(models.Model):
    """What a model made of one face: five probabilities, and whether to trust them."""

    angry = models.FloatField()
    happy = models.FloatField()
    neutral = models.FloatField()
    sad = models.FloatField()
    surprise = models.FloatField()

    usable = models.BooleanField()
    reason = models.CharField(max_length=40, blank=True)

    class Meta:
        abstract = True

    @property
    def scores(self) -> EmotionScores:
        return EmotionScores(*(getattr(self, emotion) for emotion in EMOTIONS))

    @property
    def label(self) -> str:
        return self.scores.label


class Reading(FaceScores):
    """Five probabilities of one face in one snapshot by one model.

    Face 0 is the largest; only it can be `counted`, and only when it is usable.
    """

    snapshot = models.ForeignKey(
        Snapshot, on_delete=models.CASCADE, related_name="readings", db_index=False
    )
    person = models.ForeignKey(
        Person, on_delete=models.CASCADE, related_name="readings", db_index=False
    )
    taken_at = models.DateTimeField()
    face_index = models.PositiveSmallIntegerField()
    model = models.CharField(max_length=80)

    counted = models.BooleanField()

    box_x = models.IntegerField()
    box_y = models.IntegerField()
    box_width = models.PositiveIntegerField()
    box_height = models.PositiveIntegerField()
    sharpness = models.FloatField()
    brightness = models.FloatField()
    detector_score = models.FloatField()

    objects = ReadingQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["taken_at", "pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["snapshot", "face_index", "model"], name="reading_once"
            ),
            models.CheckConstraint(
                condition=Q(counted=False) | Q(usable=True, face_index=0),
                name="counted_is_usable_and_largest",
            ),
            models.CheckConstraint(
                condition=Q(angry__gte=0, happy__gte=0, neutral__gte=0)
                & Q(sad__gte=0, surprise__gte=0),
                name="probabilities_not_negative",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["person", "taken_at"], name="reading_of_person"),
        ]

    def __str__(self) -> str:
        return f"reading {self.pk} of snapshot {self.snapshot_id}"


class DailySummary(models.Model):
    """Sufficient statistics of one person's local day under one model and formula.

    A bin is five minutes; its value is the mean of its counted readings. The `*_sum`
    columns add the bins' mean probabilities, the `*_hard` ones the bins' shares of
    labels, so that a mean over any number of days is a quotient of two sums. `camera`
    saw the person in most bins of the day, usable or not; one that any day names cannot
    be deleted. `hours` has the sums by hour, see `monitor.hours`.
    """

    person = models.ForeignKey(
        Person, on_delete=models.CASCADE, related_name="summaries", db_index=False
    )
    day = models.DateField()
    model = models.CharField(max_length=80)
    formula = models.ForeignKey(
        Formula,
        on_delete=models.PROTECT,
        related_name="+",
        db_column="formula",
        db_index=False,
    )

    camera = models.ForeignKey(
        Camera, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )

    bins = models.PositiveIntegerField()
    counted = models.PositiveIntegerField()
    unsure = models.PositiveIntegerField()
    angry_sum = models.FloatField()
    happy_sum = models.FloatField()
    neutral_sum = models.FloatField()
    sad_sum = models.FloatField()
    surprise_sum = models.FloatField()
    angry_hard = models.FloatField()
    happy_hard = models.FloatField()
    neutral_hard = models.FloatField()
    sad_hard = models.FloatField()
    surprise_hard = models.FloatField()
    # Of the database: workers of the release before, which know no hours, go on.
    hours = models.BinaryField(db_default=b"", editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    objects = DailySummaryQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["day"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["person", "day", "model", "formula"],
                name="summary_once_a_day_and_formula",
            ),
            models.CheckConstraint(
                condition=Q(bins__lte=F("counted")), name="a_bin_has_a_reading"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["day"], name="summary_by_day")]

    def __str__(self) -> str:
        return f"{self.person_id} on {self.day}"
