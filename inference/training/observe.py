"""Labelled pictures through the product's own engine, once each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from tqdm import tqdm

from inference.errors import DataError
from inference.training.data import choose_split, find_csv, for_evaluation
from inference.training.folders import scan
from inference.training.simulate import Observed
from inference.types import EMOTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from inference.arrays import Ints
    from inference.engine import Engine
    from inference.types import FrameReading

AT_ONCE = 32


def observe(
    engine: Engine,
    data: Path,
    *,
    split: str | None = None,
    labels: str = "fer",
    crops: bool = False,
) -> tuple[Observed, str]:
    """What `engine` reads in the labelled pictures at `data`, and the split used.

    Whole photographs go through detector and crop, and their largest face counts.
    `crops`: the pictures are tight face crops; those of fer2013.csv always are. Rows
    of fer2013.csv that are identical to a training row are left out. Raises DataError.
    """
    if find_csv(data) is not None:
        return _csv(engine, data, split, labels)
    if labels != "fer":
        raise DataError(f"FER+ labels exist for fer2013.csv only, and {data} has none")
    files = scan(data).files
    name = choose_split(split, {file.split for file in files})
    chosen = [
        file
        for file in files
        if name in ("all", file.split) and file.label < len(EMOTIONS)
    ]
    if not chosen:
        raise DataError(f"{data} holds no pictures of {', '.join(EMOTIONS)}")
    contents = (file.path.read_bytes() for file in chosen)
    truth = np.array([file.label for file in chosen], np.int64)
    return _observe(engine, contents, truth, crops), name


def _csv(
    engine: Engine, data: Path, split: str | None, labels: str
) -> tuple[Observed, str]:
    """Rows of fer2013.csv, each as a picture file, so that nothing is left out."""
    ((name, part),) = for_evaluation(data, labels, split).parts.items()
    wanted = part.labels < len(EMOTIONS)
    images, truth = part.images[wanted], part.labels[wanted]
    return _observe(engine, map(_png, images), truth, crops=True), name


def _png(image: np.ndarray) -> bytes:
    import cv2

    return cv2.imencode(".png", image)[1].tobytes()


def _observe(
    engine: Engine, contents: Iterator[bytes], truth: Ints, crops: bool
) -> Observed:
    analyse = engine.analyse_crops if crops else engine.analyse
    readings: list[FrameReading] = []
    for start in tqdm(range(0, len(truth), AT_ONCE), desc="pictures", unit="batch"):
        number = min(AT_ONCE, len(truth) - start)
        readings += analyse([next(contents) for _ in range(number)])
    none = (0.0,) * len(EMOTIONS)
    faces = [reading.faces[0] if reading.faces else None for reading in readings]
    return Observed(
        labels=truth,
        probabilities=np.array(
            [face.probabilities.as_tuple() if face else none for face in faces]
        ),
        found=np.array([face is not None for face in faces]),
        usable=np.array([face is not None and face.usable for face in faces]),
    )
