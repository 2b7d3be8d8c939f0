"""Whether two measures of the same people move together: pure functions.

Bakdash and Marusich 2017, "Repeated Measures Correlation", Front. Psychol. 8:456. One
slope is fitted for all people, each with a level of their own (analysis of covariance);
differences between people therefore say nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean

from monitor.scoring import Z95, Interval

Pair = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Agreement:
    """A correlation within people, -1 to 1, None where there is none to be had.

    people and pairs: those of people with at least two pairs. interval: 95 %.
    """

    correlation: float | None
    interval: Interval | None
    people: int
    pairs: int


def repeated_measures_correlation(people: Iterable[Sequence[Pair]]) -> Agreement:
    """The common correlation within people: one sequence of pairs (x, y) per person.

    sqrt(SS_measure / (SS_measure + SS_error)) with the sign of the slope, which is the
    correlation of deviations from each person's own means. It has N - k - 1 degrees of
    freedom (N pairs, k people) and the interval of Fisher's z for an effective sample
    of two more. People with one pair add nothing. Days are taken as independent within
    a person; where they are not, the interval is too narrow.
    """
    rows = [pairs for pairs in people if len(pairs) > 1]
    xs, ys = _deviations(rows, 0), _deviations(rows, 1)
    n, k = len(xs), len(rows)
    freedom = n - k - 1
    spread = math.sqrt(sum(x * x for x in xs) * sum(y * y for y in ys))
    if freedom < 2 or not spread:
        return Agreement(None, None, k, n)
    r = sum(x * y for x, y in zip(xs, ys, strict=True)) / spread
    r = max(-1.0, min(1.0, r))
    # Fisher's z of a perfect correlation is infinite; its interval is a point.
    z = math.atanh(r) if abs(r) < 1 else math.copysign(math.inf, r)
    half = Z95 / math.sqrt(freedom - 1)
    return Agreement(r, Interval(math.tanh(z - half), math.tanh(z + half)), k, n)


def _deviations(people: Sequence[Sequence[Pair]], column: int) -> list[float]:
    return [
        pair[column] - mean
        for pairs in people
        for mean in [fmean(pair[column] for pair in pairs)]
        for pair in pairs
    ]
