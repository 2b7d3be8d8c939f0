"""Ways of counting readings, which of them pages read, and recomputations."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from django.db import models
from django.db.models import Q

from inference import EMOTIONS
from monitor.querysets import FormulaQuerySet
from monitor.scoring import FORMULA, Weights


class Formula(models.Model):
    """A named set of numbers; its numbers never change, so a name says all.

    Day summaries are kept from the day `since` on, of every formula that has one. Pages
    read those of the days from `shown_from` to before `shown_until`; each day is shown
    under exactly one formula, the newest days under the one in use.
    """

    BUILT_IN = FORMULA

    name = models.CharField(max_length=20, primary_key=True)
    angry = models.FloatField(default=1.0)
    happy = models.FloatField(default=0.0)
    neutral = models.FloatField(default=0.0)
    sad = models.FloatField(default=1.0)
    surprise = models.FloatField(default=0.0)
    min_confidence = models.FloatField(
        null=True, help_text="Empty: as decided when the picture was read."
    )
    since = models.DateField(null=True)
    shown_from = models.DateField(null=True)
    shown_until = models.DateField(null=True)
    in_use = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.CharField(max_length=200)
    activated_at = models.DateTimeField(null=True)
    activated_by = models.CharField(max_length=200, blank=True)

    objects = FormulaQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["created_at", "name"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["in_use"], condition=Q(in_use=True), name="one_formula_in_use"
            ),
            models.CheckConstraint(
                condition=Q(*((f"{name}__range", (0, 1)) for name in EMOTIONS)),
                name="weights_are_shares",
            ),
            models.CheckConstraint(
                condition=Q(min_confidence__isnull=True)
                | Q(min_confidence__range=(0, 1)),
                name="confidence_is_a_share",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def current_name(cls) -> str:
        """The one in use."""
        name = cls.objects.filter(in_use=True).values_list("name", flat=True).first()
        return name or cls.BUILT_IN

    @property
    def weights(self) -> Weights:
        return Weights(*(getattr(self, name) for name in EMOTIONS))

    @property
    def is_shown(self) -> bool:
        return self.shown_from is not None


class Recomputation(models.Model):
    """One run over all people; person after person, in the order of keys.

    running   -> done, or abandoned by an administrator
    Whoever holds `token` and was heard of at `alive_at` works on it; after a while of
    silence another process may take it over where it is.
    """

    class State(models.TextChoices):
        RUNNING = "running", "not finished"
        DONE = "done", "done"
        ABANDONED = "abandoned", "abandoned"

    formula = models.ForeignKey(
        Formula, on_delete=models.CASCADE, related_name="recomputations"
    )
    since = models.DateField()
    state = models.CharField(max_length=10, choices=State, default=State.RUNNING)
    started_at = models.DateTimeField()
    by = models.CharField(max_length=200)
    token = models.UUIDField(null=True)
    alive_at = models.DateTimeField(null=True)
    last_person = models.BigIntegerField(default=0)
    days = models.PositiveIntegerField(default=0)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["state"],
                condition=Q(state="running"),
                name="one_recomputation_runs",
            )
        ]

    def __str__(self) -> str:
        return f"{self.formula_id} {since_words(self.since)}"


def since_words(since: date) -> str:
    return "from the first day" if since == date.min else f"since {since}"
