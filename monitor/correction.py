"""Ratios corrected by how the model that made them errs: pure functions.

A site that has measured the model on pictures of its own (`manage.py calibrate_site`)
sees corrected ratios first and those as read beside them. Elsewhere it is the other way
round: the matrix that travels with the model comes from other pictures, and on some
kinds of pictures makes the error larger (docs/ratios.md has the measurements).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from monitor.scoring import (
    DEFAULT_WEIGHTS,
    HAPPY,
    NEUTRAL,
    RHO,
    SURPRISE,
    Interval,
    Ratios,
    Totals,
    Weights,
    effective_n,
    verdict_of,
)

if TYPE_CHECKING:
    from inference.quantify import Floats, Quantifier

SEED = 1
# People corrected at once: draws of some 5 MB.
AT_ONCE = 250


class Matrix(StrEnum):
    """Who measured how the model errs."""

    SHIPPED = "shipped"
    SITE = "site"


class Known(NamedTuple):
    """How a model errs, and who says so."""

    matrix: Matrix
    quantifier: Quantifier


class Estimate(NamedTuple):
    """The four ratios of a window, counted in one way."""

    stress: float
    happiness: float
    neutral: float
    surprise: float
    stress_interval: Interval
    happiness_interval: Interval


@dataclass(frozen=True, slots=True)
class Correction:
    """Both ways to count a window, and which of them leads.

    fits: False where the matrix cannot explain the readings; then `corrected` means
    nothing and is not to be shown.
    """

    matrix: Matrix
    fits: bool
    raw: Estimate
    corrected: Estimate

    @property
    def leads(self) -> bool:
        return self.fits and self.matrix is Matrix.SITE


def corrections(
    windows: Sequence[tuple[Totals, Ratios]],
    known: Known,
    *,
    level: float,
    rho: float = RHO,
    weights: Weights = DEFAULT_WEIGHTS,
) -> list[Ratios]:
    """The ratios with their correction; windows without data stay as they are.

    All windows are of the one model that `known` speaks of, and of one formula. The
    same windows give the same draws, hence the same intervals.
    """
    made = [ratios for _, ratios in windows]
    seen = [n for n, (totals, _) in enumerate(windows) if totals.bins]
    for start in range(0, len(seen), AT_ONCE):
        part = seen[start : start + AT_ONCE]
        found = _estimates([windows[n][0] for n in part], known, rho, weights)
        for n, (estimate, fits) in zip(part, found, strict=True):
            made[n] = _with(made[n], known.matrix, estimate, fits, level)
    return made


def _estimates(
    windows: Sequence[Totals], known: Known, rho: float, weights: Weights
) -> Iterator[tuple[Estimate, bool]]:
    import numpy as np

    from inference.quantify import HAPPINESS, interval
    from inference.regularised import correct

    sums = np.array([totals.sums for totals in windows])
    found = correct(
        known.quantifier,
        sums / sums.sum(axis=1, keepdims=True),
        np.array([effective_n(totals.bins, rho) for totals in windows]),
        np.random.default_rng(SEED),
    )
    stress = interval(found.draws, np.array(weights.as_tuple()))
    happiness = interval(found.draws, HAPPINESS)
    for n, shares in enumerate(found.shares.tolist()):
        ratio = min(1.0, weights.stress(shares))
        estimate = Estimate(
            stress=ratio,
            happiness=shares[HAPPY],
            neutral=shares[NEUTRAL],
            surprise=shares[SURPRISE],
            stress_interval=_around(ratio, stress, n),
            happiness_interval=_around(shares[HAPPY], happiness, n),
        )
        yield estimate, bool(found.fits[n])


def _around(share: float, bounds: tuple[Floats, Floats], n: int) -> Interval:
    """The central draws; with few of them off the edge their mean may lie outside."""
    low, high = bounds
    return Interval(
        max(0.0, min(float(low[n]), share)), min(1.0, max(float(high[n]), share))
    )


def _with(
    ratios: Ratios, matrix: Matrix, estimate: Estimate, fits: bool, level: float
) -> Ratios:
    made = Correction(matrix, fits, _raw(ratios), estimate)
    if not made.leads:
        return replace(ratios, correction=made)
    return replace(
        ratios,
        **estimate._asdict(),
        verdict=verdict_of(estimate.stress_interval, level, ratios.missing),
        correction=made,
    )


def _raw(ratios: Ratios) -> Estimate:
    return Estimate(
        stress=ratios.stress or 0.0,
        happiness=ratios.happiness or 0.0,
        neutral=ratios.neutral or 0.0,
        surprise=ratios.surprise or 0.0,
        stress_interval=ratios.stress_interval or Interval(0.0, 1.0),
        happiness_interval=ratios.happiness_interval or Interval(0.0, 1.0),
    )
