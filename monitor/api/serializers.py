"""Input is validated by one serializer, output written by another."""

from __future__ import annotations

import math
from functools import cached_property
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from inference import EMOTIONS
from monitor.correction import Matrix
from monitor.models import (
    Flag,
    FlagEvent,
    Organisation,
    Person,
    Reading,
    SelfReport,
    Snapshot,
    Team,
)
from monitor.services.flags import REASON_LENGTH, TEXT_LENGTH


class SnapshotInput(serializers.Serializer[Any]):
    image = serializers.FileField(
        allow_empty_file=True,
        help_text="JPEG, PNG or WebP; at most 10 MB and 40 megapixels.",
    )
    person = serializers.CharField(
        required=False, default="", help_text="Id or personnel number."
    )
    camera = serializers.CharField(
        required=False, default="", help_text="Id or name; instead of person."
    )
    taken_at = serializers.DateTimeField(
        required=False,
        help_text="ISO 8601; without an offset it is the organisation's time."
        " Now when not given.",
    )

    session = serializers.BooleanField(
        default=False,
        help_text="From the person's own session in the browser, which keeps pauses.",
    )

    def to_internal_value(self, data: Any) -> Any:
        if data.get("taken_at"):
            vars(self.fields["taken_at"])["timezone"] = Organisation.current().tz
        return super().to_internal_value(data)


class FiniteField(serializers.FloatField):
    """A number within limits; "nan" is within all of them, so it is refused first."""

    def to_internal_value(self, data: Any) -> float:
        value = super().to_internal_value(data)
        if not math.isfinite(value):
            self.fail("invalid")
        return value


class ProbabilitiesInput(serializers.Serializer[Any]):
    """Five numbers that sum to 1."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {name: FiniteField(min_value=0, max_value=1) for name in EMOTIONS}


class QualityInput(serializers.Serializer[Any]):
    """What the quality gate looks at, as in `inference.types.Quality`."""

    size_px = serializers.IntegerField(min_value=0, max_value=40_000)
    sharpness = FiniteField(min_value=0, max_value=1e6)
    brightness = FiniteField(min_value=0, max_value=255)
    yaw = FiniteField(min_value=0, max_value=100)
    roll = FiniteField(min_value=-180, max_value=180)
    detector_score = FiniteField(min_value=0, max_value=1)


class BrowserReadingInput(serializers.Serializer[Any]):
    model = serializers.CharField(max_length=80, help_text="The version in use.")
    taken_at = serializers.DateTimeField(help_text="ISO 8601 with an offset.")
    probabilities = ProbabilitiesInput()
    other = FiniteField(
        min_value=0, max_value=1, help_text="Share of classes beside the five."
    )
    quality = QualityInput()
    box = serializers.ListField(
        child=serializers.IntegerField(min_value=0, max_value=40_000),
        min_length=4,
        max_length=4,
        help_text="x, y, width and height in pixels.",
    )
    faces = serializers.IntegerField(min_value=1, max_value=1000)


class PeriodInput(serializers.Serializer[Any]):
    """Days of a period, both included; by default the last ten working days."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        # `from` is a keyword of the language, so the fields are made here.
        return {
            "from": serializers.DateField(required=False),
            "to": serializers.DateField(required=False),
        }

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        first, last = attrs.get("from"), attrs.get("to")
        if first and last and first > last:
            raise serializers.ValidationError(
                {"from": "The period ends before it begins."}
            )
        return attrs


class PersonOutput(serializers.ModelSerializer[Person]):
    team = serializers.CharField(source="team.name")
    team_id = serializers.IntegerField()

    class Meta:
        model = Person
        fields = ("id", "number", "name", "team", "team_id")


class ReadingOutput(serializers.ModelSerializer[Reading]):
    box = serializers.SerializerMethodField()
    probabilities = serializers.SerializerMethodField()
    # DRF's metaclass takes declared fields off the class: nothing is shadowed.
    label = serializers.CharField()  # type: ignore[assignment]
    source = serializers.CharField(
        source="snapshot.source", help_text="`on_device`: made in the browser."
    )  # type: ignore[assignment]

    class Meta:
        model = Reading
        fields = (
            "snapshot",
            "taken_at",
            "face_index",
            "box",
            "label",
            "probabilities",
            "usable",
            "counted",
            "reason",
            "model",
            "source",
        )

    @extend_schema_field({"type": "array", "items": {"type": "integer"}})
    def get_box(self, row: Reading) -> list[int]:
        return [row.box_x, row.box_y, row.box_width, row.box_height]

    @extend_schema_field(
        {
            "type": "object",
            "properties": {name: {"type": "number"} for name in EMOTIONS},
        }
    )
    def get_probabilities(self, row: Reading) -> dict[str, float]:
        return row.scores.as_dict()


class SnapshotOutput(serializers.ModelSerializer[Snapshot]):
    is_finished = serializers.BooleanField()
    readings = ReadingOutput(many=True)

    class Meta:
        model = Snapshot
        fields = (
            "id",
            "status",
            "is_finished",
            "reason",
            "person",
            "camera",
            "source",
            "taken_at",
            "received_at",
            "finished_at",
            "faces_found",
            "readings",
        )


class AcceptedOutput(serializers.Serializer[Snapshot]):
    """Plain fields: a model serializer costs as much as a query on this busy way."""

    id = serializers.IntegerField()
    status = serializers.CharField()
    person = serializers.IntegerField(source="person_id")
    camera = serializers.IntegerField(source="camera_id", allow_null=True)
    taken_at = serializers.DateTimeField()
    received_at = serializers.DateTimeField()


class IntervalOutput(serializers.Serializer[Any]):
    low = serializers.FloatField()
    high = serializers.FloatField()


class EstimateOutput(serializers.Serializer[Any]):
    """The ratios of a period, counted in one way."""

    stress = serializers.FloatField()
    stress_interval = IntervalOutput()
    happiness = serializers.FloatField()
    happiness_interval = IntervalOutput()
    neutral = serializers.FloatField()
    surprise = serializers.FloatField()


class CorrectionOutput(serializers.Serializer[Any]):
    """How the model errs, and what follows; see docs/ratios.md.

    `leads`: whether the ratios and the verdict are `corrected` rather than `raw`.
    """

    matrix = serializers.ChoiceField(choices=[row.value for row in Matrix])
    leads = serializers.BooleanField()
    fits = serializers.BooleanField(
        help_text="False: the matrix cannot explain the readings; ignore `corrected`."
    )
    raw = EstimateOutput()
    corrected = EstimateOutput()


class RatiosOutput(serializers.Serializer[Any]):
    """Ratios of a period; null where there is no data."""

    stress = serializers.FloatField(allow_null=True)
    stress_interval = IntervalOutput(allow_null=True)
    happiness = serializers.FloatField(allow_null=True)
    happiness_interval = IntervalOutput(allow_null=True)
    neutral = serializers.FloatField(allow_null=True)
    surprise = serializers.FloatField(allow_null=True)
    hard_stress = serializers.FloatField(allow_null=True)
    hard_happiness = serializers.FloatField(allow_null=True)
    bins = serializers.IntegerField()
    n_eff = serializers.FloatField()
    days = serializers.IntegerField()
    expected_days = serializers.IntegerField()
    coverage = serializers.FloatField()
    hours = serializers.FloatField(help_text="Five minutes for each bin.")
    expected_hours = serializers.FloatField()
    counted = serializers.IntegerField()
    unsure = serializers.IntegerField()
    unsure_rate = serializers.FloatField(allow_null=True)
    verdict = serializers.CharField()
    missing = serializers.ListField(child=serializers.CharField())
    model = serializers.CharField()
    formula = serializers.CharField()
    correction = CorrectionOutput(allow_null=True)


class TeamOutput(serializers.ModelSerializer[Team]):
    class Meta:
        model = Team
        fields = ("id", "name")


class RoomBlockOutput(serializers.Serializer[Any]):
    """The room of a team over a fortnight; null with a reason while not shown."""

    stress = serializers.FloatField(allow_null=True)
    stress_interval = IntervalOutput(allow_null=True)
    happiness = serializers.FloatField(allow_null=True)
    happiness_interval = IntervalOutput(allow_null=True)
    days = serializers.IntegerField(help_text="Days with enough faces.")
    expected_days = serializers.IntegerField()
    coverage = serializers.FloatField()
    people_at_least = serializers.IntegerField()
    reason = serializers.CharField()


class TeamBlockOutput(serializers.Serializer[Any]):
    """A team over a fortnight; null with a reason while it must not be shown."""

    stress = serializers.FloatField(allow_null=True)
    stress_interval = IntervalOutput(allow_null=True)
    happiness = serializers.FloatField(allow_null=True)
    happiness_interval = IntervalOutput(allow_null=True)
    people_at_least = serializers.IntegerField(
        allow_null=True, help_text="The number itself would tell who came or went."
    )
    reason = serializers.CharField()
    room = RoomBlockOutput(
        allow_null=True, help_text="Of cameras in rooms; null for a team without any."
    )

    def get_fields(self) -> dict[str, Any]:
        # "from" cannot be the name of an attribute.
        first = serializers.DateField(source="first_day")
        last = serializers.DateField(source="last_day")
        return {"from": first, "to": last} | super().get_fields()


class TeamRatiosOutput(serializers.Serializer[Any]):
    team = serializers.IntegerField()
    blocks = TeamBlockOutput(many=True)


class SelfReportInput(serializers.Serializer[Any]):
    value = serializers.IntegerField(min_value=0, max_value=4)


class SelfReportOutput(serializers.ModelSerializer[SelfReport]):
    invited = serializers.SerializerMethodField(
        help_text="Whether it answered an invitation that waited."
    )

    class Meta:
        model = SelfReport
        fields = ("id", "at", "value", "invited")

    def get_invited(self, report: SelfReport) -> bool:
        return report.invitation_id is not None


class FlagNoteInput(serializers.Serializer[Any]):
    note = serializers.CharField(max_length=REASON_LENGTH)


class FlagConclusionInput(serializers.Serializer[Any]):
    outcome = serializers.ChoiceField(choices=Flag.Outcome.choices)
    found = serializers.CharField(max_length=TEXT_LENGTH)
    agreed = serializers.CharField(max_length=TEXT_LENGTH)
    reason = serializers.CharField(max_length=REASON_LENGTH)


class FlagAnswerInput(serializers.Serializer[Any]):
    text = serializers.CharField(max_length=TEXT_LENGTH)


class FlagEventOutput(serializers.ModelSerializer[FlagEvent]):
    """`answer` holds the person's own words; the status then stays as it is."""

    answer = serializers.CharField(source="answer.text", default=None)

    class Meta:
        model = FlagEvent
        fields = ("old", "new", "at", "reason", "answer")


class FlagNowOutput(serializers.Serializer[Any]):
    """The ratio that the flag is about; `missing` says why it does not suffice."""

    ratio = serializers.FloatField(source="value", allow_null=True)
    interval = IntervalOutput(allow_null=True)
    bins = serializers.IntegerField(source="ratios.bins")
    coverage = serializers.FloatField(source="ratios.coverage")
    missing = serializers.ListField(
        source="ratios.missing", child=serializers.CharField()
    )


class FlagOutput(serializers.ModelSerializer[Flag]):
    """Wants `now` in its context: by id of a flag, what the ratio is now."""

    person_number = serializers.CharField(source="person.number")
    now = serializers.SerializerMethodField()
    events = FlagEventOutput(many=True)

    class Meta:
        model = Flag
        fields = (
            "id",
            "person",
            "person_number",
            "kind",
            "status",
            "raised_on",
            "closed_on",
            "outcome",
            "found",
            "agreed",
            "recent_ratio",
            "baseline_ratio",
            "measure",
            "now",
            "z",
            "evidence",
            "model",
            "formula",
            "events",
        )

    @extend_schema_field(FlagNowOutput)
    def get_now(self, flag: Flag) -> Any:
        return self._now.to_representation(self.context["now"][flag.pk])

    @cached_property
    def _now(self) -> FlagNowOutput:
        """One for all flags of a page: to make one is most of its work."""
        return FlagNowOutput()
