"""Videos as the API takes and gives them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from inference import EMOTIONS
from monitor.models import Organisation, Video
from monitor.services import videos
from monitor.video_selectors import Point


class VideoInput(serializers.Serializer[Any]):
    person = serializers.CharField(help_text="Id or personnel number.")
    name = serializers.CharField(max_length=200, help_text="Name of the file.")
    size = serializers.IntegerField(min_value=0, help_text="Bytes of the whole file.")
    taken_at = serializers.DateTimeField(
        help_text="When it begins; ISO 8601, without an offset the organisation's time."
    )
    every = serializers.FloatField(
        default=2.0, help_text="Seconds between two pictures, 0.5 to 300."
    )

    def to_internal_value(self, data: Any) -> Any:
        vars(self.fields["taken_at"])["timezone"] = Organisation.current().tz
        return super().to_internal_value(data)


class VideoOutput(serializers.ModelSerializer[Video]):
    part_bytes = serializers.IntegerField(default=videos.PART, read_only=True)

    class Meta:
        model = Video
        fields = (
            "id",
            "person",
            "name",
            "size",
            "taken_at",
            "every",
            "status",
            "reason",
            "position",
            "is_finished",
            "part_bytes",
        )


class PointOutput(serializers.Serializer[Point]):
    seconds = serializers.FloatField()
    snapshot = serializers.IntegerField(source="snapshot_id")
    counted = serializers.BooleanField()
    reason = serializers.CharField()
    stress = serializers.FloatField(allow_null=True)
    probabilities = serializers.SerializerMethodField()

    def get_probabilities(self, point: Point) -> dict[str, float] | None:
        values = point.probabilities
        return dict(zip(EMOTIONS, values, strict=True)) if values else None


class Pair(serializers.ListField):
    child = serializers.FloatField()


class VideoTimelineOutput(serializers.Serializer[Any]):
    """A ratio is the mean over five-minute bins, with its 95 % interval."""

    video = VideoOutput()
    bins = serializers.SerializerMethodField()
    stress = serializers.FloatField(source="page.stress", allow_null=True)
    stress_interval = Pair(source="page.stress_interval", allow_null=True)
    happiness = serializers.FloatField(source="page.happiness", allow_null=True)
    happiness_interval = serializers.ListField(
        child=serializers.FloatField(),
        source="page.happiness_interval",
        allow_null=True,
    )
    pictures = PointOutput(source="page.points", many=True)

    def get_bins(self, both: dict[str, Any]) -> int:
        return len(both["page"].stretches)
