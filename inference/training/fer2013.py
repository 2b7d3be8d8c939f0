"""Reader of Kaggle's fer2013.csv and of Microsoft's fer2013new.csv beside it."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import numpy as np

from inference.classes import ALL_CLASSES
from inference.errors import DataError
from inference.training.rows import KEPT_MASS, Rows

if TYPE_CHECKING:
    from pathlib import Path

    from inference.arrays import Gray, Tensor

SIDE = 48
USAGES = {"Training": "train", "PublicTest": "validation", "PrivateTest": "test"}
# Kaggle's numbers 0..6 are angry, disgust, fear, happy, sad, surprise, neutral;
# these are their places in ALL_CLASSES.
KAGGLE_TO_OURS = (0, 5, 6, 1, 3, 4, 2)
# Columns of fer2013new.csv in the order of ALL_CLASSES, and two that are no class.
VOTE_COLUMNS = ("anger", "happiness", "neutral", "sadness", "surprise")
ALL_VOTES = (*VOTE_COLUMNS, "disgust", "fear", "contempt", "unknown", "NF")


def read_fer2013(path: Path, labels: str, fer_share: float = 0.0) -> Rows:
    """Rows of the csv at `path`; `labels` is "fer" or "ferplus".

    With "ferplus" the targets are shares of the annotators' votes (Barsoum et al.
    2016, arXiv 1608.01041); votes cast only once are noise and dropped, as in the
    paper's own code. A row is `certain` when one class has more than half of all ten
    votes. `fer_share` of a training row's target is then taken from FER2013's label.
    """
    images, classes, splits = _read_csv(path)
    ours = np.array(KAGGLE_TO_OURS)[classes]
    targets = np.eye(len(ALL_CLASSES), dtype=np.float32)[ours]
    certain = np.ones(len(images), bool)
    reasons = np.full(len(images), "", "<U32")
    if labels == "ferplus":
        hard = targets
        targets, certain, reasons = _votes(path, len(images))
        blended = (splits == "train") & (targets.sum(axis=1) >= KEPT_MASS)
        share = fer_share * blended[:, None]
        targets = ((1 - share) * targets + share * hard).astype(np.float32)
    source = f"{path.name}, labels {labels}"
    source += f" with {fer_share:g} of FER2013's" if fer_share else ""
    return Rows(images, targets, certain, splits, reasons, {}, source)


def _read_csv(path: Path) -> tuple[Gray, np.ndarray, np.ndarray]:
    images, classes, splits = [], [], []
    with path.open(newline="", encoding="utf-8", errors="replace") as file:
        reader = csv.reader(file)
        if [name.strip() for name in next(reader, [])] != [
            "emotion",
            "pixels",
            "Usage",
        ]:
            raise DataError(f"{path}: the first line is not 'emotion,pixels,Usage'")
        for row in reader:
            number = reader.line_num
            try:
                emotion, pixels, usage = row
                classes.append(range(7)[int(emotion)])
                splits.append(USAGES[usage.strip()])
                images.append(_pixels(pixels))
            except (ValueError, KeyError, IndexError) as error:
                raise DataError(f"{path}, line {number}: {error!r}") from error
    if not images:
        raise DataError(f"{path} holds no rows")
    return np.stack(images), np.array(classes), np.array(splits)


def _pixels(text: str) -> Gray:
    values = np.fromstring(text, dtype=np.int64, sep=" ")
    if values.size != SIDE * SIDE:
        raise ValueError(f"{values.size} pixels instead of {SIDE * SIDE}")
    if values.min() < 0 or values.max() > 255:
        raise ValueError("a pixel is not between 0 and 255")
    return values.astype(np.uint8).reshape(SIDE, SIDE)


def _votes(path: Path, n: int) -> tuple[Tensor, np.ndarray, np.ndarray]:
    votes_path = path.with_name("fer2013new.csv")
    if not votes_path.is_file():
        raise DataError(
            f"--labels ferplus needs Microsoft's fer2013new.csv beside {path}"
        )
    with votes_path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        try:
            votes = np.array(
                [[int(row[name]) for name in ALL_VOTES] for row in reader], np.float32
            )
        except (KeyError, ValueError, TypeError) as error:
            raise DataError(
                f"{votes_path}, line {reader.line_num}: {error!r}"
            ) from error
    if len(votes) != n:
        raise DataError(f"{votes_path} has {len(votes)} rows, {path.name} has {n}")
    return _targets(votes, _exact_rows(path, n))


def _targets(votes: Tensor, exact: np.ndarray) -> tuple[Tensor, np.ndarray, np.ndarray]:
    classes = len(ALL_CLASSES)
    certain = exact & (votes[:, :classes].max(axis=1) > votes.sum(axis=1) / 2)
    clean = np.where(votes > 1, votes, 0)
    shares = clean[:, :classes] / np.maximum(clean.sum(axis=1, keepdims=True), 1)
    targets = np.where(exact[:, None], shares, 0)
    reasons = np.where(certain, "", "no majority")
    reasons = np.where(exact, reasons, "row position not certain")
    return targets.astype(np.float32), certain, reasons


def _exact_rows(path: Path, n: int) -> np.ndarray:
    """Which rows are surely the ones that the votes are about."""
    flags_path = path.with_name("row_exact.txt")
    if not flags_path.is_file():
        return np.ones(n, bool)
    flags = np.array(flags_path.read_text(encoding="utf-8").split())
    if len(flags) != n:
        raise DataError(f"{flags_path} has {len(flags)} rows, {path.name} has {n}")
    return np.asarray(flags == "1")
