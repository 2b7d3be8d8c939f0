"""Evidence that a person's usual ratio has risen: pure functions on arrays of days.

The model of a day: a person has a usual ratio, the day moves it by a normal deviate
on the logit scale, and the day's mean is that of `n` correlated looks. Whether, when
and by how much the usual ratio rose is unknown, and so is the usual ratio itself; all
of it is integrated out on a grid. What is left is the Shiryaev-Roberts statistic: the
sum, over the days on which the rise may have begun, of the likelihood ratio "rose then"
against "never rose" (Shiryaev 1963, Theory Probab. Appl. 8, 22-46; Roberts 1966,
Technometrics 8, 411-430). Without a rise it grows by 1 a day on average, whatever the
person, so that a threshold A is crossed at most once in A days on average (Pollak 1985,
Ann. Stat. 13, 206-227); that is why one threshold serves few and many pictures alike.

Arrays have people first; `stress` is a share, `bins` the number of looks of that day,
0 for a day without any.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from monitor.scoring import RHO

Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]
Flags: TypeAlias = npt.NDArray[np.bool_]

SHIFTS = np.array([0.2, 0.3])  # rises that are looked for, each as likely as the other
HIGHEST = 0.98  # of a shifted ratio
GRID = np.linspace(-5.5, 3.5, 46)  # usual ratios, logit scale
RATIOS = 1 / (1 + np.exp(-GRID))
NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(7)
WEIGHTS = _WEIGHTS / _WEIGHTS.sum()
LARGEST = 1e200

# Estimating a population.
FEWEST_PEOPLE, FEWEST_DAYS, SPAN = 8, 10, (2.0, 60.0)
RHO_GRID = np.arange(0.0, 0.96, 0.01)


@dataclass(frozen=True, slots=True)
class Population:
    """People in general, before anything is seen of one of them.

    Usual ratios follow Beta(alpha, beta). day_sd: of a person's days, on the logit
    scale. rho: lag-1 autocorrelation of the looks of a day.
    """

    alpha: float = 2.0
    beta: float = 6.0
    day_sd: float = 0.45
    rho: float = RHO


DEFAULT = Population()
# Of the lack of happiness: as little is known of happiness as of stress.
LACK = Population(DEFAULT.beta, DEFAULT.alpha)


def effective_looks(bins: npt.ArrayLike, rho: float) -> Floats:
    """Independent looks that vary as much in their mean as `bins` correlated ones.

    n / (1 + 2 sum_k (1 - k/n) rho^k), the exact form of n (1 - rho) / (1 + rho), which
    is too strict for a day's few looks (Bayley and Hammersley 1946, J. R. Stat. Soc.
    Suppl. 8, 184-197). 0 for 0.
    """
    n = np.asarray(bins, np.float64)
    some = np.maximum(n, 1)
    ends = 2 * rho * (1 - rho**some) / (some * (1 - rho) ** 2)
    looks: Floats = n / ((1 + rho) / (1 - rho) - ends)
    return looks


def day_mean(ratio: Floats, population: Population) -> Floats:
    """Expected mean of a day of somebody with that usual ratio, a little nearer 1/2."""
    mean: Floats = _days(ratio, population) @ WEIGHTS
    return mean


def day_variance(ratio: Floats, bins: npt.ArrayLike, population: Population) -> Floats:
    """Variance of a day's mean: of its looks, and of the day around `ratio`."""
    share = _days(ratio, population)
    mean, square = share @ WEIGHTS, share**2 @ WEIGHTS
    looks = np.maximum(effective_looks(bins, population.rho), 1e-9)
    variance: Floats = (mean - square) / looks + square - mean**2
    return variance


def _days(ratio: Floats, population: Population) -> Floats:
    """The ratios that days take, one for each node: (..., nodes)."""
    odds = np.log(ratio / (1 - ratio))[..., None] + population.day_sd * NODES
    return 1 / (1 + np.exp(-odds))


def likelihoods(
    stress: npt.ArrayLike,
    bins: npt.ArrayLike,
    population: Population,
    ratios: Floats = RATIOS,
) -> Floats:
    """Of each day given each usual ratio without and with each rise, to a factor.

    stress, bins: (...). Result: (..., 1 + rises, ratios), all 1 for a day without bins.
    The binomial likelihood of the effective looks, integrated over the day's deviate.
    """
    looks = effective_looks(bins, population.rho)[..., None, None, None]
    share = np.asarray(stress, np.float64)[..., None, None, None]
    raised = np.minimum(ratios + SHIFTS[:, None], HIGHEST)
    ratio = np.vstack([ratios, raised])[..., None]
    odds = np.log(ratio / (1 - ratio)) + population.day_sd * NODES
    # log p = odds - log(1 + exp(odds)), log(1 - p) = -log(1 + exp(odds))
    log = looks * (share * odds - np.logaddexp(0, odds))
    result: Floats = np.exp(log - log.max(axis=(-3, -2, -1), keepdims=True)) @ WEIGHTS
    return result


def prior(people: int, population: Population) -> Floats:
    """Probabilities of the usual ratios of the grid: (people, grid)."""
    log = population.alpha * np.log(RATIOS) + population.beta * np.log(1 - RATIOS)
    usual = np.exp(log - log.max())
    return np.tile(usual / usual.sum(), (people, 1))


class Belief:
    """What the days seen so far say of each person; `see` adds a day.

    usual: (people, grid), the posterior of the usual ratio if it never rose. risen:
    (people, rises, grid), the same for a rise, summed over the days on which it may
    have begun, in units of "it never rose".
    """

    def __init__(self, usual: Floats) -> None:
        people, grid = usual.shape
        self.usual = usual
        self.risen = np.zeros((people, len(SHIFTS), grid))

    def see(self, day: Floats, may_begin: npt.ArrayLike) -> None:
        """One day more, with its `likelihoods` (people, 1 + rises, grid).

        may_begin: (people,), whether a rise may have begun on that day.
        """
        begun = self.usual * np.asarray(may_begin)[:, None]
        self.risen = (self.risen + begun[:, None]) * day[:, 1:]
        self.usual = self.usual * day[:, 0]
        scale = self.usual.sum(axis=1)[:, None]
        self.usual /= scale
        self.risen = np.minimum(self.risen / scale[:, None], LARGEST)

    def evidence(self) -> Floats:
        """Natural logarithm of the Shiryaev-Roberts statistic: (people,)."""
        total = self.risen.sum(axis=2).mean(axis=1)
        log: Floats = np.log(np.maximum(total, 1 / LARGEST))
        return log

    def moments(self) -> tuple[Floats, Floats]:
        """Mean and variance of the usual ratio if it never rose: (people,) each."""
        mean: Floats = self.usual @ RATIOS
        square: Floats = self.usual @ RATIOS**2
        return mean, square - mean**2


def estimate_population(
    stress: Floats, bins: Ints, default: Population = DEFAULT
) -> Population:
    """The population of a site from days of its people, by moments (empirical Bayes).

    stress, bins: (people, days). Only people with 10 days count; with fewer than 8 of
    them `default` is returned. rho is such that the days scatter around each
    person's mean as much as they should; the days of a site cannot tell it from
    day_sd, which stays, and the rule only needs what both make together. The Beta
    distribution has the mean of the people and their variance, less what comes from
    their few days.
    """
    seen = bins > 0
    days = seen.sum(axis=1)
    keep = days >= FEWEST_DAYS
    if keep.sum() < FEWEST_PEOPLE:
        return default
    stress, bins, seen, days = stress[keep], bins[keep], seen[keep], days[keep]
    mean = (stress * seen).sum(axis=1) / days
    square = np.where(seen, stress - mean[:, None], 0) ** 2
    found = square.sum(axis=1) / (days - 1)
    ratio = np.clip(mean, 0.02, 0.98)[:, None]

    def miss(rho: float) -> float:
        spread = day_variance(ratio, bins, Population(rho=rho))
        expected = np.where(seen, spread, 0).sum(axis=1) / days
        return abs(float(np.mean(found - expected)))

    middle = float(mean.mean())
    spread = max(float(mean.var(ddof=1) - np.mean(found / days)), 1e-6)
    size = float(np.clip(middle * (1 - middle) / spread - 1, *SPAN))
    rho = float(min(RHO_GRID, key=miss))
    return Population(middle * size, (1 - middle) * size, rho=rho)
