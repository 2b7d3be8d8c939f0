"""Flags ask a human to look; every change of one is a row of its own."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from monitor.models.people import Person
from monitor.querysets import FlagQuerySet


class Flag(models.Model):
    """A sustained change of one person, from the first sign of it to its end.

    No row at all is "quiet". PENDING is a first sign: there is some evidence, or, of a
    level, one evaluation agreed. STALE falls back to what it was before.
    """

    class Kind(models.TextChoices):
        RISE = "rise", "sustained rise above the person's own past"
        LEVEL = "level", "stress ratio above the level for a sustained time"
        DROP = "drop", "happiness below the person's own past"
        RECOVERED = "recovered", "back to the person's own past"

    class Measure(models.TextChoices):
        STRESS = "stress"
        HAPPINESS = "happiness"

        @classmethod
        def of(cls, kind: str) -> str:
            """Of what a kind but a recovery is about."""
            return cls.HAPPINESS if kind == Flag.Kind.DROP else cls.STRESS

    class Status(models.TextChoices):
        PENDING = "pending", "pending"
        PASSED = "passed", "passed before it was raised"
        RAISED = "raised", "raised"
        ACKNOWLEDGED = "acknowledged", "acknowledged"
        IN_REVIEW = "in_review", "in review"
        STALE = "stale", "stale: no recent data"
        CLOSED = "closed", "closed"
        EXPIRED = "expired", "expired: nobody acted on it"

    class Outcome(models.TextChoices):
        CONFIRMED = "confirmed", "confirmed"
        NOT_CONFIRMED = "not_confirmed", "not confirmed"
        CANNOT_TELL = "cannot_tell", "cannot tell"
        OTHER = "other", "other explanation"

    ENDS: ClassVar[frozenset[str]] = frozenset({Status.CLOSED, Status.EXPIRED})
    ALLOWED: ClassVar[dict[str, frozenset[str]]] = {
        Status.PENDING: frozenset({Status.RAISED, Status.PASSED}),
        Status.RAISED: ENDS | {Status.ACKNOWLEDGED, Status.IN_REVIEW, Status.STALE},
        Status.ACKNOWLEDGED: ENDS | {Status.IN_REVIEW, Status.STALE},
        Status.IN_REVIEW: ENDS,
        Status.STALE: ENDS | {Status.RAISED, Status.ACKNOWLEDGED, Status.IN_REVIEW},
        Status.PASSED: frozenset(),
        Status.CLOSED: frozenset(),
        Status.EXPIRED: frozenset(),
    }
    TERMINAL = ENDS | {Status.PASSED}
    OPEN = frozenset(
        {Status.RAISED, Status.ACKNOWLEDGED, Status.IN_REVIEW, Status.STALE}
    )
    # What was good news is recorded closed; there is nothing to review.
    POSITIVE = frozenset({Kind.RECOVERED})

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="flags")
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.RISE)
    status = models.CharField(max_length=12, choices=Status, default=Status.RAISED)
    raised_on = models.DateField()
    closed_on = models.DateField(null=True)
    measure = models.CharField(
        max_length=9,
        choices=Measure,
        default=Measure.STRESS,
        db_default=Measure.STRESS,
        help_text="The ratio that it is about, also of a recovery.",
    )
    recent_ratio = models.FloatField()
    baseline_ratio = models.FloatField()
    z = models.FloatField()
    evidence = models.FloatField(
        null=True,
        help_text="Natural logarithm, of a rise or a drop; empty under the first rule.",
    )
    model = models.CharField(max_length=80)
    formula = models.CharField(max_length=20)

    outcome = models.CharField(max_length=14, choices=Outcome, blank=True)
    found = models.TextField(blank=True)
    agreed = models.TextField(blank=True)

    objects = FlagQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-raised_on", "-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["person", "kind"],
                condition=~Q(status__in=["closed", "expired", "passed"]),
                name="one_open_flag",
            ),
            models.CheckConstraint(
                condition=Q(
                    status__in=["closed", "expired", "passed"], closed_on__isnull=False
                )
                | (
                    ~Q(status__in=["closed", "expired", "passed"])
                    & Q(closed_on__isnull=True)
                ),
                name="closed_flag_has_a_day",
            ),
            models.CheckConstraint(
                condition=Q(outcome="") | Q(status="closed"),
                name="only_closed_flag_has_outcome",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.person_id}, {self.status}"

    @property
    def is_open(self) -> bool:
        return self.status in self.OPEN


class FlagEvent(models.Model):
    """One change of a flag: who, when, why. Reports count these.

    An answer of the person leaves the status as it is.
    """

    flag = models.ForeignKey(Flag, on_delete=models.CASCADE, related_name="events")
    old = models.CharField(max_length=12, blank=True)
    new = models.CharField(max_length=12, choices=Flag.Status)
    at = models.DateTimeField()
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        help_text="Empty when the rule did it.",
    )
    reason = models.CharField(max_length=400, blank=True)

    class Meta:
        ordering: ClassVar = ["at", "pk"]

    def __str__(self) -> str:
        return f"flag {self.flag_id}: {self.old or 'new'} -> {self.new}"


class FlagAnswer(models.Model):
    """What the person says about the flag, in their own words."""

    event = models.OneToOneField(
        FlagEvent, primary_key=True, on_delete=models.CASCADE, related_name="answer"
    )
    text = models.TextField()

    def __str__(self) -> str:
        return f"answer to flag {self.event.flag_id}"
