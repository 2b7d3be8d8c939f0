"""Reader of pictures kept in folders named by class."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from inference.classes import ALL_CLASSES
from inference.crop import whole
from inference.decode import decode
from inference.errors import DataError, UnreadableImage
from inference.pictures import SUFFIXES
from inference.training.rows import Rows
from inference.types import EMOTIONS

if TYPE_CHECKING:
    from inference.arrays import Gray, Rgb

SYNONYMS = {
    "angry": ("angry", "anger"),
    "happy": ("happy", "happiness", "joy", "joyful"),
    "neutral": ("neutral", "normal", "neutrality"),
    "sad": ("sad", "sadness", "cry", "crying"),
    "surprise": ("surprise", "surprised"),
    "disgust": ("disgust", "disgusted"),
    "fear": ("fear", "fearful", "afraid", "scared"),
    "contempt": ("contempt", "contemptuous"),
}
CLASS_OF = {name: emotion for emotion, names in SYNONYMS.items() for name in names}
SPLIT_OF = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(
        ("validation", "valid", "val", "public_test", "publictest"), "validation"
    ),
    **dict.fromkeys(("test", "testing", "private_test", "privatetest"), "test"),
}


@dataclass(frozen=True, slots=True)
class LabelledFile:
    """A picture file with its class and split ("" where the tree has none).

    label: index in ALL_CLASSES, whose first five are EMOTIONS.
    """

    path: Path
    label: int
    split: str


@dataclass(frozen=True)
class Tree:
    """All labelled pictures under a folder, and what was passed over."""

    files: tuple[LabelledFile, ...]
    skipped: dict[str, int]


def scan(root: Path, classes: tuple[str, ...] = EMOTIONS) -> Tree:
    """Find pictures under `root`/CLASS or `root`/SPLIT/CLASS, at any depth.

    Those of other classes are counted in `skipped`. Raises DataError when there are
    no pictures or none of a known class.
    """
    files, skipped, unknown = [], dict[str, int](), set[str]()
    for folder, split in _class_folders(root):
        name = folder.name.lower()
        found = sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES)
        if CLASS_OF.get(name) in classes:
            label = ALL_CLASSES.index(CLASS_OF[name])
            files += [LabelledFile(path, label, split) for path in found]
        elif found:
            skipped[name] = skipped.get(name, 0) + len(found)
            if name not in CLASS_OF:
                unknown.add(folder.name)
    if files:
        return Tree(tuple(files), skipped)
    if unknown:
        raise DataError(
            f"{root}: no folder is named like one of {', '.join(classes)}; "
            f"found {', '.join(sorted(unknown))}"
        )
    raise DataError(f"{root} holds no pictures of {', '.join(classes)}")


def _class_folders(root: Path) -> list[tuple[Path, str]]:
    out = []
    for folder in sorted(p for p in root.iterdir() if p.is_dir()):
        split = SPLIT_OF.get(folder.name.lower())
        if split is None:
            out.append((folder, ""))
        else:
            out += [(p, split) for p in sorted(folder.iterdir()) if p.is_dir()]
    return out


def read_folders(
    root: Path,
    side: int,
    classes: tuple[str, ...] = ALL_CLASSES,
    *,
    colour: bool = False,
) -> Rows:
    """Pictures under `root` as crops of side x side pixels, gray or in colour.

    Unreadable pictures are counted in `skipped`, not fatal.
    """
    tree = scan(root, classes)
    images, files, skipped = [], [], dict(tree.skipped)
    for file in tree.files:
        try:
            images.append(read_picture(file.path, side, colour=colour))
            files.append(file)
        except UnreadableImage as error:
            key = f"unreadable: {error.code}"
            skipped[key] = skipped.get(key, 0) + 1
    if not files:
        raise DataError(f"{root}: not one picture could be read")
    labels = np.array([file.label for file in files])
    return Rows(
        images=np.stack(images),
        targets=np.eye(len(ALL_CLASSES), dtype=np.float32)[labels],
        certain=np.ones(len(files), bool),
        splits=np.array([file.split for file in files]),
        reasons=np.full(len(files), ""),
        unread=skipped,
        source=f"folder {root.name}",
    )


def read_picture(path: Path, side: int, *, colour: bool = False) -> Gray | Rgb:
    """One picture as a square (side, side), in colour (side, side, 3).

    Raises UnreadableImage.
    """
    return whole(decode(path.read_bytes()).rgb, side, colour=colour)
