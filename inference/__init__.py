"""Pixels in, frozen values out: faces and their emotions, usable from anywhere.

    >>> import inference
    >>> inference.analyse([Path("photo.jpg").read_bytes()])  # doctest: +SKIP

Importing this package is light. OpenCV, Pillow and the model load at the first
analysis.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from inference.errors import ModelError, UnreadableImage
from inference.types import (
    EMOTIONS,
    Box,
    EmotionScores,
    FaceReading,
    FrameReading,
    Quality,
)

if TYPE_CHECKING:
    from inference.engine import Engine

__all__ = [
    "EMOTIONS",
    "Box",
    "EmotionScores",
    "FaceReading",
    "FrameReading",
    "ModelError",
    "Quality",
    "UnreadableImage",
    "analyse",
]


def analyse(images: list[bytes], *, engine: Engine | None = None) -> list[FrameReading]:
    """One reading per picture, in order; faces largest first.

    A picture that cannot be read has its code in `error` and no faces. All faces of
    the call are classified together, so larger lists cost less per picture. `engine`
    defaults to the process's own; raises ModelError when that cannot be loaded.
    """
    if engine is None:
        from inference.runtime import get_engine

        engine = get_engine()
    return engine.analyse(images)
