"""Labelled pictures through a model as serving would read them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from tqdm import tqdm

from inference.classes import CLASS_SETS
from inference.errors import DataError, IncompatibleModel
from inference.spec import ModelSpec, load_spec, model_folder
from inference.training.data import (
    Asked,
    asked_rows,
    choose_split,
    find_csv,
    held_out,
)
from inference.training.folders import scan
from inference.training.scored import Scored
from inference.types import EMOTIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import numpy.typing as npt

    from inference.arrays import Gray, Tensor
    from inference.engine import Engine
    from inference.training.data import Dataset
    from inference.training.folders import LabelledFile
    from inference.types import FaceReading

PHOTOGRAPHS_AT_ONCE = 32


@dataclass(frozen=True)
class Selection:
    """Which labelled pictures to use and how, as on the command line.

    crops: the pictures of a folder are tight face crops. groups: a csv that says
    which group of people each file shows (`inference.training.groups`). classes: 4,
    5, 7 or 8 (`CLASS_SETS`).
    """

    data: Path
    split: str | None = None
    labels: str = "fer"
    crops: bool = False
    groups: Path | None = None
    classes: int = 5

    @property
    def names(self) -> tuple[str, ...]:
        """The classes in the order of their labels."""
        return CLASS_SETS[self.classes]

    @property
    def are_crops(self) -> bool:
        return self.crops or find_csv(self.data) is not None


@dataclass(frozen=True)
class Answers:
    """What a model said, and how it was asked.

    names: the classes. way: "crops" or "photographs". skipped: pictures left out, by
    reason. unusable: share of the faces found that the gate would not count. groups:
    (n,), "" where unknown. crop: the face of picture number i as the model saw it,
    None without one.
    """

    scored: Scored
    spec: ModelSpec
    names: tuple[str, ...]
    split: str
    labels: str
    way: str
    dropped_duplicates: int
    skipped: dict[str, int]
    crop: Callable[[int], Gray | None]
    unusable: float | None = None
    groups: npt.NDArray[np.str_] = field(default_factory=lambda: np.array([], str))


def ask(model: str | Path, source: Selection) -> Answers:
    """Let a model read the pictures. Raises DataError and ModelError.

    fer2013.csv holds crops always. Of a folder of class folders each picture goes
    through detector and crop, unless `source.crops` says that they are face crops.
    """
    folder = model_folder(model)
    spec = load_spec(folder)
    if source.are_crops:
        return ask_crops(folder, spec, source, read_crops(source, spec))
    if source.classes != len(EMOTIONS):
        raise DataError("whole photographs are read in the product's five classes only")
    if source.labels != "fer":
        raise DataError(
            f"FER+ labels exist for fer2013.csv only, and {source.data} has none"
        )
    return _ask_photographs(folder, spec, source)


def read_crops(source: Selection, spec: ModelSpec) -> Dataset:
    """The face crops that were asked for, in the size and colour the model takes."""
    colour = spec.inputs.is_colour
    asked = Asked(source.labels, classes=source.classes, colour=colour)
    rows = asked_rows(source.data, asked, spec.inputs.size)
    return held_out(source.data, rows, source.split)


def ask_crops(
    folder: Path, spec: ModelSpec, source: Selection, dataset: Dataset
) -> Answers:
    """Let a model read face crops that are in memory."""
    from inference.training.groups import groups_of_crops

    ((name, part),) = dataset.parts.items()
    groups = np.full(len(part), "")
    if source.groups is not None:
        groups = groups_of_crops(source.groups, source.data, part.images)
    return Answers(
        scored=Scored(part.labels, probabilities(folder, part.images, source.names)),
        spec=spec,
        names=source.names,
        split=name,
        labels=source.labels,
        way="crops",
        dropped_duplicates=dataset.dropped_duplicates,
        skipped=dataset.skipped,
        crop=lambda number: part.images[number],
        groups=groups,
    )


def probabilities(folder: Path, images: Gray, names: Sequence[str]) -> Tensor:
    """Calibrated probabilities (n, k) of crops in the classes `names`.

    Of the product's five a network may lack some; raises IncompatibleModel where it
    lacks one of another set.
    """
    from inference.classifier import Classifier, calibrate

    classifier = Classifier(folder, threads=2)
    if tuple(names) == EMOTIONS:
        return classifier(images)
    known = classifier.spec.classes
    missing = [name for name in names if name not in known]
    if missing:
        raise IncompatibleModel(
            f"{classifier.spec.name} was not trained for {', '.join(missing)}: "
            "train with --classes 7 or 8, or evaluate fewer classes"
        )
    raw = classifier.raw(images)[:, [known.index(name) for name in names]]
    raw /= np.maximum(raw.sum(axis=1, keepdims=True), 1e-12)
    return calibrate(raw, classifier.spec.temperature)


def _ask_photographs(folder: Path, spec: ModelSpec, source: Selection) -> Answers:
    from inference.engine import Engine
    from inference.training.explain import face_crop
    from inference.training.groups import groups_of_files

    files, split, skipped = labelled_files(source)
    groups = np.full(len(files), "")
    if source.groups is not None:
        groups = groups_of_files(source.groups, source.data, files)
    faces = look(Engine.load(folder), files)
    seen = [face for face in faces if face is not None]
    return Answers(
        scored=Scored(np.array([file.label for file in files], np.int64), rows(faces)),
        spec=spec,
        names=EMOTIONS,
        split=split,
        labels="fer",
        way="photographs",
        dropped_duplicates=0,
        skipped=skipped,
        crop=lambda number: face_crop(files[number].path.read_bytes(), spec),
        unusable=sum(not face.usable for face in seen) / max(1, len(seen)),
        groups=groups,
    )


def labelled_files(
    source: Selection,
) -> tuple[list[LabelledFile], str, dict[str, int]]:
    """The photographs of the asked split, its name and what was passed over."""
    tree = scan(source.data)
    name = choose_split(source.split, {file.split for file in tree.files})
    files = [file for file in tree.files if name in ("all", file.split)]
    return files, name, tree.skipped


def look(engine: Engine, files: Sequence[LabelledFile]) -> list[FaceReading | None]:
    """The largest face of every file, read a batch at a time; None without a face."""
    faces: list[FaceReading | None] = []
    batches = range(0, len(files), PHOTOGRAPHS_AT_ONCE)
    for start in tqdm(batches, desc="photographs", unit="batch"):
        part = files[start : start + PHOTOGRAPHS_AT_ONCE]
        readings = engine.analyse([file.path.read_bytes() for file in part])
        faces += [reading.faces[0] if reading.faces else None for reading in readings]
    return faces


def rows(faces: Sequence[FaceReading | None]) -> np.ndarray:
    """Probabilities (n, 5), zeros where there is no face."""
    out = np.zeros((len(faces), len(EMOTIONS)), np.float32)
    for row, face in zip(out, faces, strict=True):
        if face is not None:
            row[:] = face.probabilities.as_tuple()
    return out
