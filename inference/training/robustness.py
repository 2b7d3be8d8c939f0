"""How a model and its quality gate fare on damaged pictures."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from inference.decode import decode
from inference.training.answers import labelled_files, rows
from inference.training.corruptions import CORRUPTIONS, Face, whole_face
from inference.training.curves import risk_coverage
from inference.training.data import for_evaluation
from inference.training.scored import Scored

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from inference.arrays import Gray, Ints, Rgb
    from inference.detector import Detector
    from inference.engine import Engine
    from inference.training.answers import Selection
    from inference.types import FaceReading, FrameReading

CLEAN = "clean"
DOUBT = ("", "uncertain", "other_emotion")  # said by the classifier, not by the picture


@dataclass(frozen=True, slots=True)
class Robustness:
    """Figures under one kind of damage.

    accuracy: every picture must be answered; no face found is wrong. unsure: share
    that the gate refuses or where no face is found. accuracy_answered: of the rest,
    None when nothing is left. selective_accuracy: of the surest 80 %, pictures that
    the gate refuses last. reasons: of the refusals, shares of all pictures.
    """

    corruption: str
    level: int
    n: int
    accuracy: float
    unsure: float
    accuracy_answered: float | None
    selective_accuracy: float
    reasons: dict[str, float]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Pictures:
    """Labelled pictures with the square of the face in each.

    images: (h, w) crops or (h, w, 3) photographs, uint8. read: the engine's way for
    them, from encoded pictures.
    """

    images: Sequence[Gray | Rgb]
    faces: Sequence[Face]
    labels: Ints
    read: Callable[[Sequence[bytes]], list[FrameReading]]


def crops(engine: Engine, source: Selection, limit: int) -> Pictures:
    """The first `limit` crops of every class, 0 for all."""
    dataset = for_evaluation(source.data, source.labels, source.split)
    ((_, part),) = dataset.parts.items()
    chosen = _first(part.labels, limit)
    images = part.images[chosen]
    faces = [whole_face(image) for image in images]
    return Pictures(list(images), faces, part.labels[chosen], engine.analyse_crops)


def photographs(
    engine: Engine, detector: Detector, source: Selection, limit: int
) -> Pictures:
    """The first `limit` photographs of every class, 0 for all.

    Where the face is comes from the undamaged photograph; one without a face keeps
    its place with the whole picture as the face.
    """
    files, _, _ = labelled_files(source)
    chosen = _first(np.array([file.label for file in files], np.int64), limit)
    files = [files[number] for number in chosen.tolist()]
    images = [decode(file.path.read_bytes()).rgb for file in files]
    faces = []
    for rgb in images:
        found = detector.detect(rgb)
        box = max((one.box for one in found), key=lambda b: b[2] * b[3], default=None)
        faces.append(_square(box) if box else whole_face(rgb))
    labels = np.array([file.label for file in files], np.int64)
    return Pictures(images, faces, labels, engine.analyse)


def _square(box: tuple[float, float, float, float]) -> Face:
    x, y, width, height = box
    side = float(np.sqrt(width * height))
    return Face(x + (width - side) / 2, y + (height - side) / 2, side)


def _first(labels: Ints, limit: int) -> Ints:
    """Positions of the first `limit` of each class, in the order of the data."""
    if not limit:
        return np.arange(len(labels))
    own = [np.flatnonzero(labels == label)[:limit] for label in np.unique(labels)]
    return np.sort(np.concatenate(own))


def conditions() -> list[tuple[str, int]]:
    """("clean", 0), then every corruption with its levels 1 to 3."""
    return [(CLEAN, 0)] + [
        (name, level) for name in CORRUPTIONS for level in range(1, 4)
    ]


def under(pictures: Pictures, corruption: str, level: int) -> Robustness:
    """Figures of all pictures damaged in one way; level as in `conditions`."""
    faces: list[FaceReading | None] = []
    for start in range(0, len(pictures.images), 64):
        numbers = range(start, min(start + 64, len(pictures.images)))
        data = [_damaged(pictures, number, corruption, level) for number in numbers]
        faces += [one.faces[0] if one.faces else None for one in pictures.read(data)]
    return summary(pictures.labels, faces, corruption, level)


def _damaged(pictures: Pictures, number: int, corruption: str, level: int) -> bytes:
    """Picture number `number`, damaged, as a lossless file for the engine."""
    image, face = pictures.images[number], pictures.faces[number]
    if corruption != CLEAN:
        image = CORRUPTIONS[corruption](image, face, level - 1, seed=number)
    return as_png(image)


def as_png(image: Gray | Rgb) -> bytes:
    """A lossless file, quickly written."""
    if image.ndim == 3:
        image = np.ascontiguousarray(image[..., ::-1])
    options = [cv2.IMWRITE_PNG_COMPRESSION, 1]
    data: bytes = cv2.imencode(".png", image, options)[1].tobytes()
    return data


def summary(
    labels: Ints, faces: Sequence[FaceReading | None], corruption: str, level: int
) -> Robustness:
    """Figures of the largest face of each picture, None where none was found."""
    scored = Scored(labels, rows(faces))
    reasons = ["not_found" if face is None else face.reason for face in faces]
    answered = np.array([reason == "" for reason in reasons])
    trusted = np.array([reason in DOUBT for reason in reasons])
    n = len(labels)
    return Robustness(
        corruption=corruption,
        level=level,
        n=n,
        accuracy=float(scored.right.mean()),
        unsure=float(1 - answered.mean()),
        accuracy_answered=(
            float(scored.right[answered].mean()) if answered.any() else None
        ),
        selective_accuracy=risk_coverage(
            scored, scored.confidence + trusted.astype(np.float32)
        ).at_80,
        reasons={
            reason: count / n
            for reason, count in Counter(reasons).most_common()
            if reason
        },
    )


def mean_damage(found: Sequence[Robustness]) -> dict[str, float]:
    """The figures averaged over all damaged conditions, each weighing the same."""
    damaged = [one for one in found if one.corruption != CLEAN]
    answered = [one.accuracy_answered for one in damaged]
    return {
        "accuracy": float(np.mean([one.accuracy for one in damaged])),
        "unsure": float(np.mean([one.unsure for one in damaged])),
        "accuracy_answered": float(
            np.mean([value for value in answered if value is not None])
        ),
        "selective_accuracy": float(
            np.mean([one.selective_accuracy for one in damaged])
        ),
    }
