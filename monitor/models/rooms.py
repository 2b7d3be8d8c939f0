"""What was read in rooms: nobody's readings, sums of days, and released figures."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from inference import EMOTIONS
from monitor.models.formulas import Formula
from monitor.models.people import Team
from monitor.models.pictures import Snapshot
from monitor.models.readings import FaceScores
from monitor.models.teams import ReleasedFigure
from monitor.room_scoring import FEWEST_FACES
from monitor.team_scoring import Level


class RoomReading(FaceScores):
    """Five probabilities of some face in a room: whose, and where, is not known.

    There is no box, because a seat is a person. `number` follows the probabilities, so
    that it tells nothing of sizes or places either.
    """

    snapshot = models.ForeignKey(
        Snapshot, on_delete=models.CASCADE, related_name="room_readings", db_index=False
    )
    team = models.ForeignKey(
        Team, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    taken_at = models.DateTimeField()
    number = models.PositiveSmallIntegerField()
    model = models.CharField(max_length=80)

    class Meta:
        ordering: ClassVar = ["taken_at", "number"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["snapshot", "number", "model"], name="room_reading_once"
            ),
            models.CheckConstraint(
                condition=Q(*((f"{name}__gte", 0) for name in EMOTIONS)),
                name="room_probabilities_not_negative",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["team", "taken_at"], name="reading_of_room"),
        ]

    def __str__(self) -> str:
        return f"a face in the room of team {self.team_id}"


class RoomDay(models.Model):
    """Sufficient statistics of a team's rooms on a local day, for one crew of it.

    A bin is five minutes; its value is the mean of its counted faces. The `*_sum`
    columns add the bins' means. `weight_sum` adds pictures by faces of each bin, the
    most that one person can weigh in it. Only pictures with at least 3 counted faces
    are in.
    """

    team = models.ForeignKey(
        Team, on_delete=models.CASCADE, related_name="room_days", db_index=False
    )
    day = models.DateField()
    crew = models.CharField(max_length=16)
    model = models.CharField(max_length=80)
    formula = models.ForeignKey(
        Formula,
        on_delete=models.PROTECT,
        related_name="+",
        db_column="formula",
        db_index=False,
    )

    bins = models.PositiveIntegerField()
    pictures = models.PositiveIntegerField()
    faces = models.PositiveIntegerField()
    unsure = models.PositiveIntegerField()
    weight_sum = models.FloatField()
    angry_sum = models.FloatField()
    happy_sum = models.FloatField()
    neutral_sum = models.FloatField()
    sad_sum = models.FloatField()
    surprise_sum = models.FloatField()

    class Meta:
        ordering: ClassVar = ["day"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["team", "day", "crew", "model", "formula"],
                name="room_day_once",
            ),
            models.CheckConstraint(
                condition=Q(faces__gte=FEWEST_FACES * F("pictures"))
                & Q(bins__lte=F("pictures")),
                name="room_day_has_faces",
            ),
        ]

    def __str__(self) -> str:
        return f"rooms of team {self.team_id} on {self.day}"


class RoomFigure(ReleasedFigure):
    """The room of a team over one block of days: written once.

    The `*_shift` columns say how far the level lies from the mean of this crew, for the
    next figure of it; a figure may be withheld and yet have one. A deleted team leaves
    its rows, because its people stay in them.
    """

    team = models.ForeignKey(
        Team, null=True, on_delete=models.SET_NULL, related_name="room_figures"
    )
    days = models.PositiveSmallIntegerField()
    expected_days = models.PositiveSmallIntegerField()
    crew = models.CharField(max_length=16)
    version = models.CharField(max_length=110, blank=True)
    # Its `people` are those who belonged to the team, not those who were seen.
    is_base = models.BooleanField(default=False)

    stress_shift = models.FloatField(null=True)
    stress_shift_below = models.FloatField(null=True)
    stress_shift_above = models.FloatField(null=True)
    happiness_shift = models.FloatField(null=True)
    happiness_shift_below = models.FloatField(null=True)
    happiness_shift_above = models.FloatField(null=True)

    class Meta:
        ordering: ClassVar = ["first_day", "pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["team", "first_day"], name="room_figure_once"
            ),
            models.CheckConstraint(
                condition=Q(reason="", stress__isnull=False)
                | (~Q(reason="") & Q(stress__isnull=True)),
                name="room_figure_or_reason",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["first_day"], name="room_figure_by_day")
        ]

    def __str__(self) -> str:
        return f"room of {self.team} from {self.first_day}"

    @property
    def shift(self) -> Level | None:
        """None where no later figure can go on from this one."""
        return None if self.stress_shift is None else self._estimates("_shift")
