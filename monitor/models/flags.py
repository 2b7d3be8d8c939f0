"""Flags ask a human to look; every change of one is a row of its own."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from monitor.models.people import Person
from monitor.querysets import FlagQuerySet


class Flag(models.Model):
    """A sustained change of one person, from being raised to being closed."""

    class Kind(models.TextChoices):
        RISE = "rise", "sustained rise above the person's own past"

    class Status(models.TextChoices):
        RAISED = "raised", "raised"
        ACKNOWLEDGED = "acknowledged", "acknowledged"
        STALE = "stale", "stale: no recent data"
        CLOSED = "closed", "closed"

    OPEN = frozenset({Status.RAISED, Status.ACKNOWLEDGED, Status.STALE})

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="flags")
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.RISE)
    status = models.CharField(max_length=12, choices=Status, default=Status.RAISED)
    raised_on = models.DateField()
    closed_on = models.DateField(null=True)
    recent_ratio = models.FloatField()
    baseline_ratio = models.FloatField()
    z = models.FloatField()
    model = models.CharField(max_length=80)
    formula = models.CharField(max_length=20)

    objects = FlagQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-raised_on", "-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["person", "kind"],
                condition=~Q(status="closed"),
                name="one_open_flag",
            ),
            models.CheckConstraint(
                condition=Q(status="closed", closed_on__isnull=False)
                | (~Q(status="closed") & Q(closed_on__isnull=True)),
                name="closed_flag_has_a_day",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.person_id}, {self.status}"


class FlagEvent(models.Model):
    """One change of a flag: who, when, why. Reports count these."""

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
