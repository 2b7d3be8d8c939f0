"""Pictures in, readings out: decode, detect, judge, cut, classify in one batch."""

from __future__ import annotations

from dataclasses import dataclass, replace
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

from inference import crop, quality
from inference.decode import decode
from inference.errors import UnreadableImage
from inference.types import Box, EmotionScores, FaceReading, FrameReading

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from inference.arrays import Gray, Rgb, Tensor
    from inference.classifier import Classifier
    from inference.decode import Picture
    from inference.detector import Detection, Detector
    from inference.spec import ModelSpec
    from inference.types import Quality


@dataclass(frozen=True, slots=True)
class _Found:
    """A face between detection and classification."""

    box: Box
    quality: Quality
    crop: Gray | Rgb
    other: Gray | Rgb | None = None  # the face as a second model wants it cut


@dataclass(frozen=True, slots=True)
class _Seen:
    """A picture between detection and classification."""

    width: int = 0
    height: int = 0
    faces: tuple[_Found, ...] = ()
    error: str = ""


class Engine:
    """A detector and a classifier with their quality gate. Safe to share by threads."""

    def __init__(
        self,
        detector: Detector,
        classifier: Classifier,
        gate: quality.Gate | None = None,
    ) -> None:
        self._detector = detector
        self._classifier = classifier
        self._gate = gate or quality.Gate()
        self._lock = Lock()  # LiteRT interpreters are not re-entrant

    @classmethod
    def load(cls, folder: Path, threads: int = 1) -> Engine:
        """The engine of a model folder; raises ModelError when it cannot serve."""
        import cv2

        from inference.classifier import Classifier
        from inference.light import serving_detector

        cv2.setNumThreads(threads)  # a process each, so pictures do not share cores
        return cls(serving_detector(threads), Classifier(folder, threads))

    @property
    def model_name(self) -> str:
        return self._classifier.spec.name

    @property
    def model_version(self) -> str:
        return self._classifier.spec.version

    def analyse(self, images: Sequence[bytes]) -> list[FrameReading]:
        """Readings in the order of `images`; unreadable ones carry their code."""
        with self._lock:
            return self._read([self._see(data) for data in images])

    def analyse_beside(
        self, images: Sequence[bytes], other: Classifier
    ) -> tuple[list[FrameReading], list[FrameReading]]:
        """As `analyse`, and the largest faces as `other` reads them.

        Detection runs once; the quality is the one measured for this engine.
        """
        with self._lock:
            seen = [self._see(data, other.spec) for data in images]
            again = [_as_other_wants(picture) for picture in seen]
            return self._read(seen), self._read(again, other)

    def analyse_crops(self, images: Sequence[bytes]) -> list[FrameReading]:
        """As `analyse`, for pictures that are tight face crops already."""
        with self._lock:
            return self._read([self._see_crop(data) for data in images])

    def _see(self, data: bytes, other: ModelSpec | None = None) -> _Seen:
        try:
            picture = decode(data)
        except UnreadableImage as error:
            return _Seen(error=error.code)
        found = [
            self._look(picture, face, other)
            for face in self._detector.detect(picture.rgb)
        ]
        found.sort(key=lambda face: -face.box.area)
        return _Seen(picture.width, picture.height, tuple(found))

    def _see_crop(self, data: bytes) -> _Seen:
        try:
            picture = decode(data)
        except UnreadableImage as error:
            return _Seen(error=error.code)
        inputs = self._classifier.spec.inputs
        square = crop.whole(picture.rgb, inputs.size, colour=inputs.is_colour)
        found = _Found(
            box=Box(0, 0, picture.width, picture.height),
            quality=quality.of_crop(picture.rgb, picture.width, picture.height),
            crop=square,
        )
        return _Seen(picture.width, picture.height, (found,))

    def _look(
        self, picture: Picture, face: Detection, other: ModelSpec | None
    ) -> _Found:
        square = _cut(picture, face, self._classifier.spec)
        return _Found(
            box=_box(face, picture),
            quality=quality.measure(crop.gray(square), face, picture.scale),
            crop=square,
            other=_cut(picture, face, other) if other else None,
        )

    def _read(
        self, seen: list[_Seen], classifier: Classifier | None = None
    ) -> list[FrameReading]:
        crops = [face.crop for picture in seen for face in picture.faces]
        if not crops:
            return [FrameReading(s.width, s.height, (), s.error) for s in seen]
        scores, others = (classifier or self._classifier).read(np.stack(crops))
        rows = zip(scores, others.tolist(), strict=True)
        return [
            FrameReading(
                picture.width,
                picture.height,
                tuple(self._reading(face, *next(rows)) for face in picture.faces),
                picture.error,
            )
            for picture in seen
        ]

    def _reading(self, face: _Found, row: Tensor, other: float) -> FaceReading:
        scores = EmotionScores.from_array(row.tolist())
        why = quality.reason(face.quality, scores, self._gate, other)
        return FaceReading(
            box=face.box,
            quality=face.quality,
            probabilities=scores,
            label=scores.label,
            usable=not why,
            reason=why,
        )


def _cut(picture: Picture, face: Detection, spec: ModelSpec) -> Gray | Rgb:
    """The face as a model wants it cut."""
    return crop.cut(picture.rgb, face, spec.crop, colour=spec.inputs.is_colour)


def _as_other_wants(picture: _Seen) -> _Seen:
    """The largest face alone, cut as the second model wants it."""
    faces = (
        replace(face, crop=face.other)
        for face in picture.faces[:1]
        if face.other is not None
    )
    return replace(picture, faces=tuple(faces))


def _box(face: Detection, picture: Picture) -> Box:
    """The detected box in whole original pixels, cut at the picture's edges."""
    x, y, width, height = (value / picture.scale for value in face.box)
    left, top = max(0, round(x)), max(0, round(y))
    right = min(picture.width, round(x + width))
    bottom = min(picture.height, round(y + height))
    return Box(left, top, max(0, right - left), max(0, bottom - top))
