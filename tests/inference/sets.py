"""Small data sets in the forms that people have."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from PIL import Image

from tests.inference.shared import blobs

VOTES = (
    "Usage,Image name,neutral,happiness,surprise,sadness,anger,"
    "disgust,fear,contempt,unknown,NF"
)


def write_csv(
    folder: Path, rows: list[tuple[int, np.ndarray, str]], name: str = "fer2013.csv"
) -> Path:
    """Kaggle's format: (emotion 0..6, picture 48x48, usage) per row."""
    path = folder / name
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("emotion", "pixels", "Usage"))
        for emotion, image, usage in rows:
            writer.writerow((emotion, " ".join(map(str, image.ravel())), usage))
    return path


def write_votes(folder: Path, votes: list[tuple[int, ...]]) -> None:
    """FER+: votes in the file's own order, neutral first."""
    lines = [f"Training,x,{','.join(map(str, row))}" for row in votes]
    (folder / "fer2013new.csv").write_text("\n".join([VOTES, *lines]) + "\n")


def write_tree(root: Path, counts: dict[str, int], side: int = 48) -> Path:
    """Folders as named, with so many different pictures in each."""
    images = iter(blobs(sum(counts.values()), side, seed=len(counts)))
    for name, count in counts.items():
        folder = root / name
        folder.mkdir(parents=True, exist_ok=True)
        for number in range(count):
            Image.fromarray(next(images)).save(folder / f"{number}.png")
    return root
