"""Figures of a team in which nobody can be made out: pure functions."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import fmean, stdev

from monitor.scoring import Z95, Interval, Ratios, Verdict


@dataclass(frozen=True, slots=True)
class TeamFigures:
    """Figures of a group, or the reason why they must not be shown."""

    people: int
    reason: str
    stress: float | None = None
    happiness: float | None = None
    stress_interval: Interval | None = None
    happiness_interval: Interval | None = None


def team_figures(people: Iterable[Ratios], *, k: int) -> TeamFigures:
    """Means over people, each weighing the same, where nobody can be made out.

    Only people who have enough data of their own are in it, at least `k` of them (k
    against identification: Sweeney 2002, Int. J. Uncertain. Fuzz. 10, 557-570), none
    with more than a third of all observations (the dominance rule of statistical
    offices: Hundepool et al. 2012, "Statistical Disclosure Control"), and rounded
    to five points.
    """
    rows = [row for row in people if row.verdict is not Verdict.NOT_ENOUGH]
    if len(rows) < k:
        reason = f"{len(rows)} of {k} people needed have enough data"
        return TeamFigures(len(rows), reason)
    bins = [row.bins for row in rows]
    if 3 * max(bins) > sum(bins):
        reason = "more than a third of the observations are of one person"
        return TeamFigures(len(rows), reason)
    stress = [row.stress for row in rows if row.stress is not None]
    happiness = [row.happiness for row in rows if row.happiness is not None]
    return TeamFigures(
        people=len(rows),
        reason="",
        stress=_five_points(fmean(stress)),
        happiness=_five_points(fmean(happiness)),
        stress_interval=_mean_interval(stress),
        happiness_interval=_mean_interval(happiness),
    )


def t_quantile(freedom: int, z: float = Z95) -> float:
    """Two-sided 95 % quantile of Student's t, off by less than 0.002 from 4 on.

    The expansion in 1 / freedom of Abramowitz and Stegun 1964, 26.7.5.
    """
    terms = (
        z,
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return math.fsum(term / freedom**power for power, term in enumerate(terms))


def _mean_interval(values: list[float]) -> Interval:
    """Student's t interval of a mean (1908, Biometrika 6, 1-25), rounded outwards."""
    half = t_quantile(len(values) - 1) * stdev(values) / math.sqrt(len(values))
    low, high = fmean(values) - half, fmean(values) + half
    return Interval(
        max(0.0, math.floor(low * 20) / 20), min(1.0, math.ceil(high * 20) / 20)
    )


def _five_points(value: float) -> float:
    return round(value * 20) / 20
