"""How far a figure could be off because these pictures were measured and not others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from inference.training.curves import HEADLINE_COVERAGE
from inference.training.metrics import ECE_BINS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from inference.training.scored import Scored

    Values = npt.NDArray[np.float64]

RESAMPLES = 1000
SEED = 1
Z = 1.96
AT_ONCE = 50  # resamples held in memory
RECALL = "recall "


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with the ends of its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def intervals(scored: Scored, names: Sequence[str]) -> dict[str, Interval]:
    """Interval of every headline figure; keys as in `figures_of`.

    Percentile bootstrap over pictures (Efron and Tibshirani 1993, chapter 13), moved
    by its estimated bias (chapter 10): a resample repeats pictures, so that its
    calibration error is larger than that of the data. A recall of 0 or 1 is the same
    in every resample, so it gets Wilson's interval (1927) instead.
    """
    if len(scored) == 0:
        return {}
    own = figures_of(scored, names)
    drawn = bootstrap(scored, names)
    counts = {
        RECALL + name: int((scored.labels == label).sum())
        for label, name in enumerate(names)
    } | {"accuracy": len(scored)}
    return {name: _interval(own[name], drawn[name], counts.get(name)) for name in own}


def _interval(value: float, drawn: Values, n: int | None) -> Interval:
    """`n`: pictures behind a share, None for a figure that is none."""
    if n is not None and value in (0, 1):
        reach = Z**2 / (n + Z**2)
        return Interval(value, *((0.0, reach) if value == 0 else (1 - reach, 1.0)))
    low, middle, high = np.nanpercentile(drawn, [2.5, 50, 97.5]) - value
    bottom, top = np.clip([value + low - middle, value + high - middle], 0, 1)
    return Interval(value, float(bottom), float(top))


def figures_of(scored: Scored, names: Sequence[str]) -> dict[str, float]:
    """The headline figures: accuracy, balanced_accuracy, ece, selective_accuracy (at
    80 % coverage) and "recall NAME" of each class that has pictures.
    """
    once = np.ones((1, len(scored)))
    return {name: float(row[0]) for name, row in _measure(scored, names, once).items()}


def bootstrap(scored: Scored, names: Sequence[str]) -> dict[str, Values]:
    """Each headline figure in 1,000 resamples (1000,), always the same ones.

    Two models on the same pictures therefore meet the same resamples, and the
    differences of their figures are those of a paired bootstrap.
    """
    parts = [_measure(scored, names, counts) for counts in _resamples(len(scored))]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _resamples(n: int) -> Iterator[Values]:
    """How often each picture was drawn, (50, n) at a time."""
    generator = np.random.default_rng(SEED)
    rows = np.arange(AT_ONCE)[:, None] * n
    for _ in range(RESAMPLES // AT_ONCE):
        drawn = generator.integers(0, n, (AT_ONCE, n)) + rows
        counts = np.bincount(drawn.ravel(), minlength=AT_ONCE * n)
        yield counts.reshape(AT_ONCE, n).astype(float)


def _measure(scored: Scored, names: Sequence[str], counts: Values) -> dict[str, Values]:
    """The figures of resamples given as counts (b, n), each (b,)."""
    right = scored.right.astype(float)
    n = len(scored)
    out = {"accuracy": counts @ right / n}
    recalls = {}
    for label, name in enumerate(names):
        own = (scored.labels == label).astype(float)
        if own.any():
            recalls[RECALL + name] = _ratio(counts @ (own * right), counts @ own)
    out["balanced_accuracy"] = np.nanmean(list(recalls.values()), axis=0)
    out["ece"] = _ece(scored, counts)
    out["selective_accuracy"] = _selective(scored, counts)
    return out | recalls


def _ratio(part: Values, whole: Values) -> Values:
    """NaN where a resample drew nothing of a class."""
    empty = np.full_like(part, np.nan)
    return np.divide(part, whole, out=empty, where=whole > 0)


def _ece(scored: Scored, counts: Values) -> Values:
    sure, found = scored.confidence, scored.found
    bins = np.minimum((sure * ECE_BINS).astype(int), ECE_BINS - 1)
    gaps = np.zeros((len(scored), ECE_BINS))
    gaps[np.arange(len(scored)), bins] = np.where(found, sure - scored.right, 0)
    seen = counts @ found.astype(float)
    total: Values = np.abs(counts @ gaps).sum(axis=1) / np.maximum(seen, 1)
    return total


def _selective(scored: Scored, counts: Values) -> Values:
    """Accuracy of the surest 80 %; equally sure pictures share what is left."""
    order = np.argsort(-scored.confidence, kind="stable")
    sure = scored.confidence[order]
    wanted = HEADLINE_COVERAGE * len(scored)
    starts = np.flatnonzero(np.append(True, np.diff(sure) != 0))
    ordered = counts[:, order]
    sizes = np.add.reduceat(ordered, starts, axis=1)
    hits = np.add.reduceat(ordered * scored.right[order], starts, axis=1)
    before = np.cumsum(sizes, axis=1) - sizes
    taken = np.clip(wanted - before, 0, sizes)
    share = np.divide(taken, sizes, out=np.zeros_like(taken), where=sizes > 0)
    answered: Values = (hits * share).sum(axis=1) / wanted
    return answered


def as_json(found: dict[str, Interval]) -> dict[str, Any]:
    """{"accuracy": [low, high], ..., "recall": {"angry": [low, high], ...}}."""
    out: dict[str, Any] = {
        name: [one.low, one.high]
        for name, one in found.items()
        if not name.startswith(RECALL)
    }
    out["recall"] = {
        name.removeprefix(RECALL): [one.low, one.high]
        for name, one in found.items()
        if name.startswith(RECALL)
    }
    return out
