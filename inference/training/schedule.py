"""How fast a network learns in which epoch, and which of its layers do.

Pure functions of the options and the stored history, so that a resumed run goes on as
an uninterrupted one would have.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

Schedule: TypeAlias = Literal["cosine", "plateau", "constant"]

PLATEAU_FACTOR = 0.8
PLATEAU_PATIENCE = 8
LOWEST = 0.01  # share of the first learning rate


@dataclass(frozen=True, slots=True)
class Phase:
    """Some epochs in which a part of a pretrained backbone learns.

    epochs: how many, 0 for all that are left. unfrozen: share of the backbone's
    layers, counted from the last one, beside the head, which always learns. rate:
    factor of the learning rate.
    """

    epochs: int
    unfrozen: float
    rate: float = 1.0


def phase_of(phases: Sequence[Phase], epoch: int) -> Phase | None:
    """The phase of an epoch counted from 0; None without phases."""
    end = 0
    for phase in phases:
        end += phase.epochs
        if epoch < end or not phase.epochs:
            return phase
    return phases[-1] if phases else None


def cosine(share: float) -> float:
    """Decay at a share of the run (Loshchilov, Hutter 2017, arXiv 1608.03983)."""
    return max(LOWEST, 0.5 * (1 + float(np.cos(np.pi * min(share, 1.0)))))


def plateau(losses: Sequence[float]) -> float:
    """Factor after these validation losses: times 0.8 after eight without a new best.

    Keras's ReduceLROnPlateau with the figures of Varghese, "DeepFER".
    """
    factor, best, waited = 1.0, float("inf"), 0
    for loss in losses:
        waited = 0 if loss < best else waited + 1
        best = min(best, loss)
        if waited == PLATEAU_PATIENCE:
            factor, waited = factor * PLATEAU_FACTOR, 0
    return max(factor, LOWEST)
