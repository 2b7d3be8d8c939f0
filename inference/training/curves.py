"""Does a model know when it is wrong? Reliability and risk against coverage."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from inference.training.metrics import ECE_BINS, calibration_error

if TYPE_CHECKING:
    import numpy.typing as npt

    from inference.arrays import Tensor
    from inference.training.scored import Scored

    Values = npt.NDArray[np.float64]

HEADLINE_COVERAGE = 0.8
CURVE_POINTS = 101


@dataclass(frozen=True)
class Reliability:
    """A reliability diagram (Guo et al. 2017, arXiv 1706.04599, section 2).

    Per bin of confidence that holds a picture: its mean confidence, the share that is
    right and the number of pictures. ece: expected calibration error.
    """

    ece: float
    confidence: tuple[float, ...]
    accuracy: tuple[float, ...]
    count: tuple[int, ...]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def reliability(scored: Scored) -> Reliability:
    """The diagram of the pictures with a face, in 15 equal bins of confidence."""
    seen = scored.where(scored.found)
    bins = np.minimum((seen.confidence * ECE_BINS).astype(int), ECE_BINS - 1)
    count = np.bincount(bins, minlength=ECE_BINS)
    used = count > 0
    sums = np.bincount(bins, weights=seen.confidence, minlength=ECE_BINS)
    hits = np.bincount(bins, weights=seen.right, minlength=ECE_BINS)
    return Reliability(
        ece=calibration_error(seen.labels, seen.probabilities),
        confidence=tuple((sums[used] / count[used]).tolist()),
        accuracy=tuple((hits[used] / count[used]).tolist()),
        count=tuple(count[used].tolist()),
    )


@dataclass(frozen=True)
class RiskCoverage:
    """Accuracy when only the surest share of the pictures is answered.

    coverage, accuracy: the curve. area: mean share of mistakes over all coverages
    (Geifman et al. 2019, arXiv 1805.08206), 0 is best. at_80: accuracy of the surest
    80 % (El-Yaniv and Wiener 2010; Geifman and El-Yaniv 2017, arXiv 1705.08500).
    """

    coverage: tuple[float, ...]
    accuracy: tuple[float, ...]
    area: float
    at_80: float

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def risk_coverage(scored: Scored, order_by: Tensor | None = None) -> RiskCoverage:
    """The curve over `order_by` (n,), by default the confidence.

    Pictures without a face come last and count as mistakes. Equally sure pictures
    are answered in random order, so that the order of the data does not matter.
    """
    if len(scored) == 0:
        return RiskCoverage((), (), 0.0, 0.0)
    sure = scored.confidence if order_by is None else order_by
    hits = _hits(sure, scored.right.astype(float))
    ranks = np.arange(1, len(scored) + 1)
    shares = np.linspace(1 / CURVE_POINTS, 1, CURVE_POINTS)
    return RiskCoverage(
        coverage=tuple(shares.tolist()),
        accuracy=tuple(_accuracy(hits, shares).tolist()),
        area=float(np.mean(1 - hits / ranks)),
        at_80=float(_accuracy(hits, np.array([HEADLINE_COVERAGE]))[0]),
    )


def _hits(sure: Tensor, right: Values) -> Values:
    """Expected number of right answers (n,) among the surest 1, 2, ..., n."""
    order = np.argsort(-sure, kind="stable")
    ordered, total = sure[order], np.cumsum(right[order])
    ends = np.append(np.flatnonzero(np.diff(ordered)), len(ordered) - 1)
    hits: Values = np.interp(
        np.arange(1, len(ordered) + 1),
        np.append(0, ends + 1),
        np.append(0, total[ends]),
    )
    return hits


def _accuracy(hits: Values, shares: Values) -> Values:
    n = len(hits)
    answered = np.maximum(shares * n, 1)
    found: Values = np.interp(answered, np.arange(n + 1), np.append(0, hits)) / answered
    return found
