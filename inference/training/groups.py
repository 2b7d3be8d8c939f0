"""Which group of people a picture shows, told by a csv beside the pictures."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from inference.errors import DataError, UnreadableImage
from inference.training.data import digest, find_csv
from inference.training.folders import read_picture, scan

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from inference.arrays import Gray
    from inference.training.folders import LabelledFile


def read_groups(path: Path) -> dict[str, str]:
    """The columns `file` (or `path`) and `group` of a csv; others are ignored.

    Raises DataError for a missing file, missing columns or an empty table.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read: {error}") from error
    column = next((name for name in ("file", "path") if name in (rows or [{}])[0]), "")
    if not column or "group" not in rows[0]:
        raise DataError(
            f"{path}: needs a first line with the columns file and group, and rows"
        )
    return {
        Path(row[column]).as_posix(): row["group"].strip()
        for row in rows
        if row[column] and row["group"]
    }


def groups_of_files(
    table: Path, root: Path, files: Sequence[LabelledFile]
) -> npt.NDArray[np.str_]:
    """Group (n,) of each file by its path below `root`, or by its bare name.

    "" where the table does not name it. Raises DataError when it names none of them.
    """
    named = read_groups(table)
    found = np.array(
        [
            named.get(file.path.relative_to(root).as_posix(), named.get(file.path.name))
            or ""
            for file in files
        ],
        str,
    )
    if not (found != "").any():
        raise DataError(f"{table} names none of the pictures under {root}")
    return found


def groups_of_crops(table: Path, root: Path, images: Gray) -> npt.NDArray[np.str_]:
    """Group (n,) of crops (n, s, s[, 3]) that were read from the folder `root`.

    Crops are known by their content; one that two groups share has none.
    """
    if find_csv(root) is not None:
        raise DataError(f"groups need files with names, and {root} is a csv of pixels")
    files = scan(root).files
    by_content: dict[bytes, str] = {}
    for file, group in zip(files, groups_of_files(table, root, files), strict=True):
        try:
            crop = read_picture(file.path, images.shape[1], colour=images.ndim == 4)
            key = digest(crop)
        except UnreadableImage:
            continue
        by_content[key] = str(group) if by_content.get(key, group) == group else ""
    return np.array([by_content.get(digest(image), "") for image in images], str)
