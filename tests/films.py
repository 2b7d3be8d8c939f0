"""Video files of which every picture is known."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np

CODECS = {".avi": "MJPG", ".mp4": "mp4v", ".webm": "VP80"}


def film(path: Path, pictures: Iterable[np.ndarray], *, rate: float = 5) -> Path:
    """Write BGR pictures (h, w, 3), all alike in size, `rate` a second."""
    writer = None
    for picture in pictures:
        if writer is None:
            code = cv2.VideoWriter.fourcc(*CODECS[path.suffix])
            size = picture.shape[1], picture.shape[0]
            writer = cv2.VideoWriter(str(path), code, rate, size)
        writer.write(picture)
    assert writer is not None
    writer.release()
    return path


def gray_film(path: Path, *, seconds: int = 10, rate: int = 5) -> Path:
    """As bright as its time: 20 levels a second."""
    levels = [20 * n // rate for n in range(seconds * rate)]
    return film(path, (np.full((48, 64, 3), n, np.uint8) for n in levels), rate=rate)
