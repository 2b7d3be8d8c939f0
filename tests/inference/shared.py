"""Where the data sets lie that are never part of this repository."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]


def shared_data(*parts: str) -> Path:
    """A path in the shared data; skips the test where it is absent."""
    folder = Path(os.environ.get("SHARED_DATA", ROOT.parent / "shared" / "data"))
    path = folder.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"needs {path}: set SHARED_DATA to the folder of the data sets")
    return path


def blobs(n: int, side: int = 48, seed: int = 0) -> np.ndarray:
    """Random smooth gray pictures (n, side, side), all different."""
    generator = np.random.default_rng(seed)
    small = generator.integers(0, 256, (n, side // 8, side // 8), dtype=np.uint8)
    return small.repeat(8, axis=1).repeat(8, axis=2)
