"""An engine that reads what the test wrote down instead of pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from inference import Box, EmotionScores, FaceReading, FrameReading, Quality

SAD = EmotionScores(angry=0.1, happy=0.05, neutral=0.1, sad=0.7, surprise=0.05)
HAPPY = EmotionScores(angry=0.05, happy=0.8, neutral=0.1, sad=0.025, surprise=0.025)


def face(
    scores: EmotionScores = SAD, *, reason: str = "", size: int = 120
) -> FaceReading:
    return FaceReading(
        box=Box(10, 20, size, size),
        quality=Quality(size, 200.0, 120.0, 0.1, 2.0, 0.9),
        probabilities=scores,
        label=scores.label,
        usable=not reason,
        reason=reason,
    )


def frame(*faces: FaceReading, error: str = "") -> FrameReading:
    return FrameReading(width=640, height=480, faces=faces, error=error)


@dataclass
class FakeEngine:
    """Answers `frames` in turn, then the last one for ever; or raises `fails`."""

    frames: list[FrameReading] = field(default_factory=lambda: [frame(face())])
    fails: Exception | None = None
    model_name: str = "fake"
    model_version: str = "fake@00000000"
    batches: list[int] = field(default_factory=list)

    def analyse(self, images: Sequence[bytes]) -> list[FrameReading]:
        self.batches.append(len(images))
        if self.fails is not None:
            raise self.fails
        return [self._next() for _ in images]

    def _next(self) -> FrameReading:
        return self.frames.pop(0) if len(self.frames) > 1 else self.frames[0]
