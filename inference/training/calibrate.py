"""Fitting the temperature that makes probabilities mean what they say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from inference.classifier import calibrate

if TYPE_CHECKING:
    from inference.arrays import Ints, Tensor

LOWEST, HIGHEST = 0.2, 5.0
GOLDEN = (5**0.5 - 1) / 2


def fit_temperature(probabilities: Tensor, labels: Ints) -> float:
    """Temperature of least negative log-likelihood on held-out data.

    probabilities: (n, 5) uncalibrated. labels: (n,). Guo et al. 2017, arXiv
    1706.04599, section 4.2; golden-section search over the logarithm of T, in which
    the likelihood has one minimum.
    """

    def loss(log_t: float) -> float:
        scaled = calibrate(probabilities, float(np.exp(log_t)))
        own = scaled[np.arange(len(labels)), labels]
        return float(-np.log(np.maximum(own, 1e-12)).mean())

    low, high = float(np.log(LOWEST)), float(np.log(HIGHEST))
    while high - low > 1e-4:
        left, right = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
        if loss(left) < loss(right):
            high = right
        else:
            low = left
    return float(np.exp((low + high) / 2))
