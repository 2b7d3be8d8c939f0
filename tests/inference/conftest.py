"""A network that nobody would use, trained and exported in a few seconds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from inference.training.fit import FitConfig
from inference.training.train import train
from tests.inference.sets import write_csv
from tests.inference.shared import blobs

TINY = FitConfig(epochs=1, batch_size=16, seed=7)


def tiny_rows(per_class: int = 8) -> list[tuple[int, np.ndarray, str]]:
    """Pictures whose brightest quarter or centre tells their class."""
    corners = {0: (0, 0), 3: (0, 24), 6: (24, 0), 4: (24, 24), 5: (12, 12)}
    rows = []
    images = iter(blobs(per_class * 5 * 3, seed=4) // 4)
    for usage in ("Training", "PublicTest", "PrivateTest"):
        for emotion, (y, x) in corners.items():
            for _ in range(per_class):
                image = next(images)
                image[y : y + 24, x : x + 24] += 150
                rows.append((emotion, image, usage))
    return rows


@pytest.fixture(scope="session")
def tiny_csv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_csv(tmp_path_factory.mktemp("data"), tiny_rows())


@pytest.fixture(scope="session")
def tiny_model(tiny_csv: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with model.keras, model.tflite, spec.json, record.json and card.md."""
    out = tmp_path_factory.mktemp("models") / "tiny-1"
    train(tiny_csv, out, TINY, command="manage.py train --arch dcnn")
    return out
