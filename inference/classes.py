"""The class sets of networks, and the way from each to the five of the product."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from inference.types import EMOTIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inference.arrays import Tensor

ALL_CLASSES = (*EMOTIONS, "disgust", "fear", "contempt")
CLASS_SETS: dict[int, tuple[str, ...]] = {
    4: EMOTIONS[:4],
    5: EMOTIONS,
    7: ALL_CLASSES[:7],
    8: ALL_CLASSES,
}


def restrict(
    probabilities: Tensor, classes: Sequence[str] = ALL_CLASSES
) -> tuple[Tensor, Tensor]:
    """The five emotions' probabilities (n, 5), and the mass on other classes (n,).

    probabilities: (n, k) in the order of `classes`. The five are renormalised, which
    is the softmax over their logits alone; a class that the network lacks has 0.
    """
    five = np.zeros((len(probabilities), len(EMOTIONS)), np.float32)
    for column, name in enumerate(classes):
        if name in EMOTIONS:
            five[:, EMOTIONS.index(name)] = probabilities[:, column]
    mass = five.sum(axis=1)
    other = np.clip(probabilities.sum(axis=1) - mass, 0, 1)
    return five / np.maximum(mass, 1e-12)[:, None], other
