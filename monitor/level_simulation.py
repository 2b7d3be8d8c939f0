"""How often a flag of the kind level is wrong and how soon it is right: pure.

The people are those of `monitor.flag_simulation`, but their ratio stays what it is: it
lies below the level, at it, or above it. What it is compared with is the true mean, not
the usual ratio, which the scatter of days moves towards a half.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from statistics import median
from typing import Any

import numpy as np

from monitor.change_point import Flags, Floats, Ints
from monitor.flag_detectors import Days, follow
from monitor.flag_record import GENERAL
from monitor.flag_rules import POLICY
from monitor.flag_simulation import (
    DAYS,
    MONTH,
    SITE,
    Run,
    Setting,
    invent,
    poisson_interval,
)
from monitor.scoring import DEFAULT_GATES, RHO, Z95, effective_n, wilson

# Points of the true ratio from the level. At the level itself there is nothing to find.
BELOW = (-0.2, -0.1, -0.05, 0.0)
ABOVE = (0.05, 0.1, 0.2, 0.3)
ALIKE = 1e7  # concentration of a Beta distribution whose people are all alike
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(41)


class Level:
    """The verdict of ten working days, three evaluations in a row; see `flag_kinds`."""

    def __init__(self, days: Days, level: float) -> None:
        bins = _window_sums(days.bins.astype(np.float64))
        present = _window_sums((days.bins > 0).astype(np.float64))
        share = _window_sums(days.stress * days.bins) / np.maximum(bins, 1.0)
        n_eff = effective_n(1.0, RHO) * bins
        low, high = _wilson(share, n_eff)
        gates = DEFAULT_GATES
        known = (bins >= gates.bins) & (present >= gates.days) & (n_eff >= gates.n_eff)
        self._above = _in_a_row(known & (low > level))
        self._below = _in_a_row(known & (high < level))

    def enter(self, day: int) -> Flags:
        return self._above[:, day]

    def leave(self, day: int, who: Ints, raised_on: Ints) -> Flags:
        below: Flags = self._below[who, day]
        return below

    def reset(self, who: Ints) -> None:
        """The window is what it is, whatever was closed."""


def level_figures(setting: Setting, run: Run, level: float) -> dict[str, Any]:
    """False episodes below and at the level, detection above it, with intervals.

    A level that leaves no room for a distance has no figures for it.
    """
    false = {GENERAL: _false(_general(setting, run, level), level)}
    for apart in BELOW:
        if 0 < level + apart < 1:
            sites = _alike(setting, run, level + apart, DAYS)
            false[f"{apart:+.2f}"] = _false(sites, level)
    found = {
        f"{apart:+.2f}": _found(
            _alike(setting, run, level + apart, run.within), level, run.sites * SITE
        )
        for apart in ABOVE
        if level + apart < 1
    }
    return {
        "level": level,
        "people": run.sites * SITE,
        "seed": run.seed,
        "within": run.within,
        "evaluations": POLICY.evaluations,
        "recent_working_days": POLICY.recent_working_days,
        "false": false,
        "found": found,
    }


def true_mean(usual: Floats, day_sd: float) -> Floats:
    """Mean ratio of people whose days scatter around these on the logit scale."""
    odds = np.log(usual / (1 - usual))[..., None] + day_sd * NODES
    mean: Floats = (WEIGHTS / (1 + np.exp(-odds))).sum(-1) / WEIGHTS.sum()
    return mean


def usual_of(mean: float, day_sd: float) -> float:
    """The usual ratio that leads to a mean, by bisection."""
    low, high = 0.0, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        if true_mean(np.array(middle), day_sd) < mean:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _alike(setting: Setting, run: Run, mean: float, days: int) -> Iterator[Days]:
    """Sites of people whose true ratios are all `mean`, from their first day on."""
    usual = usual_of(mean, setting.population.day_sd)
    people = replace(setting.population, alpha=usual * ALIKE, beta=(1 - usual) * ALIKE)
    same = replace(setting, population=people)
    for site in range(run.sites):
        rng = np.random.default_rng([run.seed, site, round(1000 * mean), days])
        yield invent(rng, same, days)


def _general(setting: Setting, run: Run, level: float) -> Iterator[Days]:
    """Of a site's people in general those whose true ratios lie below the level."""
    for site in range(run.sites):
        rng = np.random.default_rng([run.seed, site])
        days = invent(rng, setting, DAYS)
        below = true_mean(days.usual, setting.population.day_sd) < level
        yield Days(days.stress[below], days.bins[below], days.usual[below])


def _false(sites: Iterator[Days], level: float) -> dict[str, Any]:
    episodes, days = 0, 0
    for site in sites:
        raised = _raised(site, level)
        episodes += int(raised.sum())
        days += raised.size
    months = days / MONTH
    low, high = (100 * x / months for x in poisson_interval(episodes))
    return {
        "false_episodes_per_100_person_months": 100 * episodes / months,
        "false_episodes_interval": [low, high],
    }


def _found(sites: Iterator[Days], level: float, people: int) -> dict[str, Any]:
    """Flags that rise within the days a person is watched, and after how many."""
    delays: list[int] = []
    for site in sites:
        raised = _raised(site, level)
        delays += (raised.argmax(axis=1)[raised.any(axis=1)] + 1).tolist()
    share = len(delays) / people
    return {
        "detection": share,
        "detection_interval": list(wilson(share, people) or (0, 1)),
        "median_delay_days": median(delays) if delays else None,
    }


def _raised(days: Days, level: float) -> Flags:
    people, length = days.stress.shape
    detector = Level(days, level)
    return follow(detector, people, length, POLICY.cooldown_working_days)[0]


def _window_sums(values: Floats) -> Floats:
    """Of each day and the nine working days before it."""
    total = np.cumsum(values, axis=1)
    width = POLICY.recent_working_days
    total[:, width:] = total[:, width:] - total[:, :-width].copy()
    return total


def _wilson(share: Floats, n_eff: Floats) -> tuple[Floats, Floats]:
    """As `scoring.wilson`, of many at once; without observations it says nothing."""
    square = Z95 * Z95 / np.maximum(n_eff, 1e-9)
    middle = share + square / 2
    spread = np.sqrt(square * (share * (1 - share) + square / 4))
    return (middle - spread) / (1 + square), (middle + spread) / (1 + square)


def _in_a_row(agrees: Flags) -> Flags:
    """Whether the evaluations that end with each day all agree."""
    found = agrees.copy()
    for back in range(1, POLICY.evaluations):
        found[:, back:] &= agrees[:, :-back]
        found[:, :back] = False
    return found
