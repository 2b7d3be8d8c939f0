"""The whole of `manage.py evaluate`: a model and labelled pictures in, figures out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from tqdm import tqdm

from inference.errors import DataError
from inference.spec import ModelSpec, load_spec, model_folder
from inference.training.data import choose_split, find_csv, for_evaluation
from inference.training.folders import scan
from inference.training.metrics import Figures, figures, table
from inference.types import EMOTIONS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy.typing as npt

    from inference.arrays import Ints, Tensor
    from inference.engine import Engine
    from inference.training.folders import LabelledFile

PHOTOGRAPHS_AT_ONCE = 32


@dataclass(frozen=True)
class Report:
    """An evaluation and how it was made.

    way: "crops" or "photographs". skipped: pictures left out, by reason.
    unusable: share of the faces found that the quality gate would not count.
    """

    figures: Figures
    model: str
    split: str
    labels: str
    way: str
    dropped_duplicates: int
    skipped: dict[str, int]
    unusable: float | None = None

    def text(self) -> str:
        """The paper's table with what was left out above it."""
        skipped = ", ".join(f"{count} {name}" for name, count in self.skipped.items())
        head = [
            f"{self.model} on {self.way}, split {self.split}, labels {self.labels}",
            f"left out: {self.dropped_duplicates} identical to a training picture"
            + (f", {skipped}" if skipped else ""),
        ]
        if self.unusable is not None:
            head.append(f"faces that the quality gate refuses: {self.unusable:.1%}")
        return "\n".join([*head, "", table(self.figures)])

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready, the figures' own keys first."""
        return {
            **self.figures.as_dict(),
            "model": self.model,
            "split": self.split,
            "labels": self.labels,
            "way": self.way,
            "dropped_duplicates": self.dropped_duplicates,
            "skipped": self.skipped,
            "unusable": self.unusable,
        }


def evaluate(
    model: str | Path,
    data: Path,
    *,
    split: str | None = None,
    labels: str = "fer",
    crops: bool = False,
) -> Report:
    """Score a model on labelled pictures.

    fer2013.csv holds crops always. Of a folder of class folders each picture goes
    through detector and crop, and one without a face counts as wrong, unless `crops`
    says that the pictures are tight face crops. Raises DataError and ModelError.
    """
    folder = model_folder(model)
    spec = load_spec(folder)
    if crops or find_csv(data) is not None:
        return _on_crops(folder, spec, data, split, labels)
    if labels != "fer":
        raise DataError(f"FER+ labels exist for fer2013.csv only, and {data} has none")
    return _on_photographs(folder, spec, data, split)


def _on_crops(
    folder: Path, spec: ModelSpec, data: Path, split: str | None, labels: str
) -> Report:
    from inference.classifier import Classifier

    dataset = for_evaluation(data, labels, split, spec.inputs.size)
    ((name, part),) = dataset.parts.items()
    probabilities = Classifier(folder, threads=2)(part.images)
    return Report(
        figures=figures(part.labels, probabilities, not_found=part.labels[:0]),
        model=spec.version,
        split=name,
        labels=labels,
        way="crops",
        dropped_duplicates=dataset.dropped_duplicates,
        skipped=dataset.skipped,
    )


def _on_photographs(
    folder: Path, spec: ModelSpec, data: Path, split: str | None
) -> Report:
    from inference.engine import Engine

    tree = scan(data)
    name = choose_split(split, {file.split for file in tree.files})
    files = [file for file in tree.files if name in ("all", file.split)]
    seen = _look(Engine.load(folder), files)
    return Report(
        figures=figures(
            seen.labels[seen.found], seen.rows, not_found=seen.labels[~seen.found]
        ),
        model=spec.version,
        split=name,
        labels="fer",
        way="photographs",
        dropped_duplicates=0,
        skipped=tree.skipped,
        unusable=seen.unusable / max(1, len(seen.rows)),
    )


@dataclass(frozen=True)
class _Looked:
    """labels (n,) of all pictures, found (n,), rows (k, 5) of those with a face."""

    labels: Ints
    found: npt.NDArray[np.bool_]
    rows: Tensor
    unusable: int


def _look(engine: Engine, files: Sequence[LabelledFile]) -> _Looked:
    """Read the largest face of every file, a batch at a time."""
    found, rows, unusable = [], [], 0
    batches = range(0, len(files), PHOTOGRAPHS_AT_ONCE)
    for start in tqdm(batches, desc="photographs", unit="batch"):
        part = files[start : start + PHOTOGRAPHS_AT_ONCE]
        for reading in engine.analyse([file.path.read_bytes() for file in part]):
            found.append(bool(reading.faces))
            if reading.faces:
                rows.append(reading.faces[0].probabilities.as_tuple())
                unusable += not reading.faces[0].usable
    return _Looked(
        labels=np.array([file.label for file in files], np.int64),
        found=np.array(found, bool),
        rows=np.array(rows, np.float32).reshape(-1, len(EMOTIONS)),
        unusable=unusable,
    )
