"""Data sets for training and evaluation, whatever they look like on the disk."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from inference.classes import CLASS_SETS
from inference.crop import gray
from inference.errors import DataError
from inference.preprocess import to_colour
from inference.training.fer2013 import SIDE, read_fer2013
from inference.training.folders import read_folders
from inference.training.options import LABELS
from inference.types import EMOTIONS

if TYPE_CHECKING:
    import numpy.typing as npt

    from inference.arrays import Gray, Ints, Rgb, Tensor
    from inference.training.rows import Rows

SPLITS = ("train", "validation", "test")
SPLIT_NAMES = {
    **{name: name for name in SPLITS},
    "training": "train",
    "publictest": "validation",
    "privatetest": "test",
    "all": "all",
}


@dataclass(frozen=True, slots=True)
class Source:
    """An auxiliary source for training; `weight` is the factor of its rows' loss."""

    path: str
    weight: float = 1.0
    labels: str = "fer"


@dataclass(frozen=True, slots=True)
class Asked:
    """How to read a training set. classes: 4, 5, 7 or 8 (`CLASS_SETS`).

    colour: keep the colours of pictures in class folders; FER2013 has none.
    """

    labels: str = "fer"
    seed: int = 0
    classes: int = 5
    fer_share: float = 0.0
    extra: tuple[Source, ...] = ()
    colour: bool = False


@dataclass(frozen=True)
class Part:
    """Some labelled crops: images uint8, targets (n, k) summing to 1.

    images: (n, s, s), or (n, s, s, 3) in colour.

    importance: (n,) factor of each row's loss; empty where all weigh the same.
    """

    images: Gray
    targets: Tensor
    importance: Tensor = field(default_factory=lambda: np.empty(0, np.float32))

    def __len__(self) -> int:
        return len(self.images)

    @property
    def weights(self) -> Tensor:
        """Factor of each row's loss (n,)."""
        ones = np.ones(len(self), np.float32)
        return self.importance if len(self.importance) else ones

    @property
    def labels(self) -> Ints:
        return np.asarray(self.targets.argmax(axis=1), np.int64)


@dataclass(frozen=True)
class Dataset:
    """A data set ready for use, and an account of what was left out."""

    parts: dict[str, Part]
    dropped_duplicates: int
    skipped: dict[str, int]
    source: str

    def describe(self) -> dict[str, object]:
        """A JSON-ready description for records and model cards."""
        return {
            "source": self.source,
            "sizes": {name: len(part) for name, part in self.parts.items()},
            "dropped_duplicates": self.dropped_duplicates,
            "skipped": self.skipped,
        }


def find_csv(path: Path) -> Path | None:
    """The fer2013.csv that `path` is or holds; None for a tree of class folders.

    Raises DataError when there is nothing usable at `path`.
    """
    if not path.exists():
        raise DataError(f"{path} does not exist")
    if path.is_file():
        if path.suffix.lower() != ".csv":
            raise DataError(f"{path} is neither a folder nor a csv file")
        return path
    for candidate in (path / "fer2013.csv", path / "fer2013" / "fer2013.csv"):
        if candidate.is_file():
            return candidate
    return None


def read_rows(
    path: Path,
    labels: str = "fer",
    side: int = SIDE,
    classes: tuple[str, ...] = EMOTIONS,
    fer_share: float = 0.0,
) -> Rows:
    """Read `path` (fer2013.csv, a folder with it, or a tree of class folders).

    `fer_share`: see `read_fer2013`. Raises DataError.
    """
    if labels not in LABELS:
        raise DataError(f"labels must be one of {', '.join(LABELS)}, not {labels!r}")
    table = find_csv(path)
    if table is not None:
        return read_fer2013(table, labels, fer_share).only(classes)
    if labels == "ferplus":
        raise DataError(f"FER+ labels exist for fer2013.csv only, and {path} has none")
    return read_folders(path, side, classes).only(classes)


def for_training(path: Path, asked: Asked = Asked(), side: int = SIDE) -> Dataset:
    """Train, validation and test parts, without leaks into the training part.

    A source without splits is divided 8:1:1, each class alike. Training rows that are
    pixel-identical to a validation or test row of any class are dropped, those of the
    auxiliary sources likewise.
    """
    rows = asked_rows(path, asked, side)
    splits = complete_splits(rows, asked.seed)
    known = rows.targets.sum(axis=1) > 0
    leaked = _leaks(rows.images, splits)
    parts = {
        "train": _part(rows, known & (splits == "train") & ~leaked),
        "validation": _part(rows, known & rows.certain & (splits == "validation")),
        "test": _part(rows, known & rows.certain & (splits == "test")),
    }
    for name in ("train", "validation"):
        if len(parts[name]) == 0:
            raise DataError(f"{path}: no pictures are left for {name}")
    dropped = int((leaked & known).sum())
    main = Dataset(parts, dropped, rows.skipped(~known), rows.source)
    held_out = {digest(image) for image in rows.images[np.isin(splits, SPLITS[1:])]}
    for extra in asked.extra:
        rows = asked_rows(
            Path(extra.path), replace(asked, labels=extra.labels, fer_share=0.0), side
        )
        main = _joined(main, extra, held_out, rows)
    return main


def asked_rows(path: Path, asked: Asked, side: int) -> Rows:
    """Rows of one source, in colour where that is wanted and to be had."""
    classes = CLASS_SETS[asked.classes]
    in_folders = asked.labels == "fer" and find_csv(path) is None
    if asked.colour and in_folders:
        return read_folders(path, side, classes, colour=True).only(classes)
    return read_rows(path, asked.labels, side, classes, asked.fer_share)


def _joined(
    main: Dataset,
    extra: Source,
    held_out: set[bytes],
    rows: Rows,
) -> Dataset:
    """`main` with the usable rows of an auxiliary source in its training part."""
    known = rows.targets.sum(axis=1) > 0
    if rows.images.shape[1] != main.parts["train"].images.shape[1]:
        raise DataError(f"{extra.path} has pictures of another size than {main.source}")
    leaked = np.array([digest(image) in held_out for image in rows.images], bool)
    more = _part(rows, known & ~leaked)
    train = main.parts["train"]
    joined = Part(
        _together(train.images, more.images),
        np.concatenate([train.targets, more.targets]),
        np.concatenate(
            [train.weights, np.full(len(more), extra.weight, np.float32)],
        ),
    )
    return replace(
        main,
        parts={**main.parts, "train": joined},
        dropped_duplicates=main.dropped_duplicates + int((leaked & known).sum()),
        source=f"{main.source}; {len(more)} x {extra.weight:g} of {rows.source}",
    )


def _together(one: Gray | Rgb, two: Gray | Rgb) -> Gray | Rgb:
    """All crops in one array; gray ones get equal planes beside colour ones."""
    if one.ndim != two.ndim:
        one, two = to_colour(one), to_colour(two)
    return np.concatenate([one, two])


def for_evaluation(
    path: Path,
    labels: str = "fer",
    split: str | None = None,
    side: int = SIDE,
    classes: tuple[str, ...] = EMOTIONS,
) -> Dataset:
    """The part to evaluate, under the key "all" or the name of the split.

    Default: the test split, or everything where the source has no splits. Test or
    validation rows that are pixel-identical to a training row are dropped.
    """
    return held_out(path, read_rows(path, labels, side, classes), split)


def held_out(path: Path, rows: Rows, split: str | None) -> Dataset:
    """The part of `rows`, which are those at `path`, that `for_evaluation` says."""
    name = choose_split(split, set(rows.splits.tolist()))
    wanted = rows.certain & (rows.targets.sum(axis=1) > 0)
    if name != "all":
        wanted &= rows.splits == name
    leaked = np.zeros(len(wanted), bool)
    if name in ("validation", "test"):
        leaked = wanted & _equal_to_any(rows.images, rows.splits == "train")
    part = _part(rows, wanted & ~leaked)
    skipped = rows.skipped(~wanted & (np.isin(rows.splits, name) | (name == "all")))
    if len(part) == 0:
        raise DataError(f"{path}: no pictures in the split {name!r}")
    return Dataset({name: part}, int(leaked.sum()), skipped, rows.source)


def choose_split(asked: str | None, present: set[str]) -> str:
    """Our name of the split to use; raises DataError when the source lacks it."""
    if asked is None:
        return "test" if "test" in present else "all"
    name = SPLIT_NAMES.get(asked.lower().replace("_", ""))
    if name is None:
        raise DataError(f"unknown split {asked!r}; use train, validation, test or all")
    if name != "all" and name not in present:
        raise DataError(f"this data set has no {asked} split")
    return name


def complete_splits(rows: Rows, seed: int) -> npt.NDArray[np.str_]:
    """Splits of all rows; sources without any are divided 8:1:1 per class."""
    splits = rows.splits.astype("<U10")
    if (splits == "validation").any():
        return splits
    generator = np.random.default_rng(seed)
    free = splits != "test"
    shares = (0.8, 0.1, 0.1) if free.all() else (0.9, 0.1, 0.0)
    free &= rows.targets.sum(axis=1) > 0
    for label in range(rows.targets.shape[1]):
        own = free & (rows.targets.argmax(axis=1) == label)
        members = generator.permutation(np.flatnonzero(own))
        ends = np.round(np.cumsum(shares) * len(members)).astype(int)
        splits[members[: ends[0]]] = "train"
        splits[members[ends[0] : ends[1]]] = "validation"
        splits[members[ends[1] :]] = "test"
    return splits


def _part(rows: Rows, chosen: npt.NDArray[np.bool_]) -> Part:
    return Part(rows.images[chosen], rows.targets[chosen])


def digest(image: Gray) -> bytes:
    """A content hash of one picture's gray pixels, whether it has colours or not."""
    return hashlib.blake2b(gray(image).tobytes(), digest_size=16).digest()


def _equal_to_any(images: Gray, others: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    keys = [digest(image) for image in images]
    pool = {key for key, chosen in zip(keys, others.tolist(), strict=True) if chosen}
    return np.array([key in pool for key in keys])


def _leaks(images: Gray, splits: npt.NDArray[np.str_]) -> npt.NDArray[np.bool_]:
    held_out = (splits == "validation") | (splits == "test")
    leaked = _equal_to_any(images, held_out)
    leaked &= splits == "train"
    return leaked
