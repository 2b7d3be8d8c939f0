"""Figures of teams, as they were released."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from monitor.models.people import Person, Team
from monitor.team_scoring import Estimate, Level

RATIOS = ("stress", "happiness")
BOUNDS = ("", "_below", "_above")


class ReleasedFigure(models.Model):
    """What was released about a team over one block of days, never changed.

    The numbers are exact; only their rounded form (`Level`) may leave the server.
    """

    first_day = models.DateField()
    released_at = models.DateTimeField()
    reason = models.CharField(
        max_length=200, blank=True, help_text="Why it is withheld; empty when shown."
    )
    people_at_least = models.PositiveSmallIntegerField()
    # Needed to keep later figures from telling about one of them; never shown.
    people = models.ManyToManyField(Person, related_name="+")

    stress = models.FloatField(null=True)
    stress_below = models.FloatField(null=True)
    stress_above = models.FloatField(null=True)
    happiness = models.FloatField(null=True)
    happiness_below = models.FloatField(null=True)
    happiness_above = models.FloatField(null=True)

    class Meta:
        abstract = True

    @property
    def level(self) -> Level | None:
        """None while it is withheld."""
        return None if self.reason else self._estimates("")

    def _estimates(self, suffix: str) -> Level:
        stress, happiness = (
            Estimate(*(getattr(self, f"{ratio}{suffix}{bound}") for bound in BOUNDS))
            for ratio in RATIOS
        )
        return Level(stress, happiness)


class TeamFigure(ReleasedFigure):
    """A team over one block of days: written once for all teams.

    A deleted team leaves its row, so that its block is not released again.
    """

    team = models.ForeignKey(
        Team, null=True, on_delete=models.SET_NULL, related_name="figures"
    )
    is_base = models.BooleanField(
        default=False, help_text="The level is the mean of its people, not a link."
    )

    class Meta:
        ordering: ClassVar = ["first_day", "pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["team", "first_day"], name="team_figure_once"
            ),
            models.CheckConstraint(
                condition=Q(reason="", stress__isnull=False)
                | (~Q(reason="") & Q(stress__isnull=True)),
                name="team_figure_or_reason",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["first_day"], name="figure_by_day")]

    def __str__(self) -> str:
        return f"{self.team} from {self.first_day}"
