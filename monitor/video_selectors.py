"""What the page of a video shows: its pictures in their order, and its five minutes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from inference import EMOTIONS
from monitor.models import Snapshot, Video
from monitor.periods import BIN_SECONDS, bin_of
from monitor.scoring import (
    DEFAULT_WEIGHTS,
    RHO,
    Bin,
    Five,
    Interval,
    bins_of,
    effective_n,
    wilson,
)


@dataclass(frozen=True, slots=True)
class Point:
    """One picture; `probabilities` is None where none was read from it."""

    seconds: float
    snapshot_id: int
    finished: bool
    probabilities: Five | None
    counted: bool
    reason: str

    @property
    def stress(self) -> float | None:
        if self.probabilities is None:
            return None
        return DEFAULT_WEIGHTS.stress(self.probabilities)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Five minutes of a video: what it adds to the person's ratios."""

    begins_at: datetime
    readings: int
    stress: float
    happiness: float


@dataclass(frozen=True, slots=True)
class VideoPage:
    """A video's pictures and five-minute bins. stress_interval: 95 %, Wilson."""

    points: list[Point]
    stretches: list[Stretch]
    stress: float | None
    happiness: float | None
    stress_interval: Interval | None
    happiness_interval: Interval | None

    @property
    def finished(self) -> int:
        return sum(point.finished for point in self.points)

    @property
    def counted(self) -> int:
        return sum(point.counted for point in self.points)


def video_page(*, video: Video) -> VideoPage:
    """In two queries, whatever the length; a picture read twice counts by its last."""
    points = _points(video)
    bins = bins_of(
        (bin_of(video.taken_at + timedelta(seconds=point.seconds)), point.probabilities)
        for point in points
        if point.counted and point.probabilities
    )
    stretches = [_stretch(each, video.taken_at) for each in bins]
    stress = _mean([each.stress for each in stretches])
    happiness = _mean([each.happiness for each in stretches])
    n = effective_n(len(bins), RHO)
    return VideoPage(
        points=points,
        stretches=stretches,
        stress=stress,
        happiness=happiness,
        stress_interval=None if stress is None else wilson(stress, n),
        happiness_interval=None if happiness is None else wilson(happiness, n),
    )


def _points(video: Video) -> list[Point]:
    frames = video.frames.select_related("snapshot").prefetch_related(
        "snapshot__readings"
    )
    return [
        _point(frame.seconds, frame.snapshot) for frame in frames.order_by("seconds")
    ]


def _point(seconds: float, snapshot: Snapshot) -> Point:
    readings = [each for each in snapshot.readings.all() if each.face_index == 0]
    newest = max(readings, key=lambda each: each.pk, default=None)
    values = [getattr(newest, emotion) for emotion in EMOTIONS] if newest else None
    return Point(
        seconds=seconds,
        snapshot_id=snapshot.pk,
        finished=snapshot.is_finished,
        probabilities=(values[0], values[1], values[2], values[3], values[4])
        if values
        else None,
        counted=bool(newest and newest.counted),
        reason=newest.reason if newest else snapshot.reason or _why_not(snapshot),
    )


def _why_not(snapshot: Snapshot) -> str:
    return "no_face" if snapshot.status == Snapshot.Status.NO_FACE else ""


def _stretch(each: Bin, taken_at: datetime) -> Stretch:
    begins = datetime.fromtimestamp(each.number * BIN_SECONDS, tz=taken_at.tzinfo)
    return Stretch(
        begins_at=max(begins, taken_at),
        readings=each.readings,
        stress=DEFAULT_WEIGHTS.stress(each.means),
        happiness=each.means[EMOTIONS.index("happy")],
    )


def _mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None
