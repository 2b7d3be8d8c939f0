"""The flag rule and its rivals on many people at once, for the simulation: pure.

Days are working days; arrays have people first. A detector says for the end of a day
whether a flag should rise and whether an open one should be left; `follow` keeps the
flags, with cooldown, as the product does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from monitor.change_point import (
    Belief,
    Flags,
    Floats,
    Ints,
    Population,
    day_mean,
    day_variance,
    likelihoods,
    prior,
)
from monitor.flag_rules import FlagPolicy
from monitor.scoring import Z95, effective_n

WEEK = 5  # working days


class Days(NamedTuple):
    """Working days of people: day means and bins (people, days), 0 bins for no data.

    usual: (people,), the usual ratio that a simulation gave them.
    """

    stress: Floats
    bins: Ints
    usual: Floats


class Detector(Protocol):
    """A rule that looks at people at the end of a working day."""

    def enter(self, day: int) -> Flags:
        """Whose flag should rise: (people,). Called once for each day, in order."""

    def leave(self, day: int, who: Ints, raised_on: Ints) -> Flags:
        """Which open flags, of these people and raised then, should be left."""

    def reset(self, who: Ints) -> None:
        """The flags of these people were closed on the day last seen."""


def follow(
    detector: Detector, people: int, days: int, cooldown: int
) -> tuple[Flags, Flags]:
    """Which flags rise, and which are open, on each day: (people, days) each.

    cooldown: working days from a close, its own included, without a new flag.
    """
    raised, is_open = (np.zeros((people, days), bool) for _ in range(2))
    raised_on = np.full(people, -1)
    closed_on = np.full(people, -cooldown)
    for day in range(days):
        enter = detector.enter(day)
        opened = np.flatnonzero(raised_on >= 0)
        if len(opened):
            close = opened[detector.leave(day, opened, raised_on[opened])]
            raised_on[close], closed_on[close] = -1, day
            detector.reset(close)
        rests = day - closed_on < cooldown
        start = enter & (raised_on < 0) & ~rests
        raised_on[start] = day
        raised[:, day], is_open[:, day] = start, raised_on >= 0
    return raised, is_open


class Windows:
    """Sums over the last working days, as the rules ask for them."""

    def __init__(self, stress: Floats, bins: Ints, policy: FlagPolicy) -> None:
        self.seen = bins > 0
        self.policy = policy
        self.length = policy.recent_working_days
        self.days = self.recent(self.seen)
        self.mean = self.recent(stress * self.seen) / np.maximum(self.days, 1)

    def recent(self, values: npt.ArrayLike) -> Floats:
        """Sum over the recent window that ends with each day: (people, days)."""
        return _rolling(values, self.length)

    def earlier(self, values: npt.ArrayLike, length: int | None = None) -> Floats:
        """Sum over `length` days (all) before the recent window: (people, days)."""
        sums = _rolling(values, length or self.seen.shape[1])
        shifted = np.zeros_like(sums)
        shifted[:, self.length :] = sums[:, : -self.length]
        return shifted


class ChangePoint:
    """The product's rule, monitor.flag_rules."""

    def __init__(self, days: Days, policy: FlagPolicy) -> None:
        stress, bins, population = days.stress, days.bins, policy.population
        self.policy, self.windows = policy, Windows(stress, bins, policy)
        self.bins, self.population = bins, population
        windows, seen = self.windows, self.windows.seen
        self.may_begin = seen & (seen.cumsum(axis=1) > policy.head_days)
        self.days = _likelihoods(stress, bins, population)
        self.belief = Belief(prior(len(stress), population))
        self.mean, self.variance = np.zeros(stress.shape), np.zeros(stress.shape)
        enough = windows.days >= policy.recent_days_present
        enough &= windows.earlier(seen) >= policy.baseline_days_present
        enough &= windows.earlier(bins) >= policy.baseline_bins
        self.ripe = enough & (_calendar_days(seen) >= policy.baseline_calendar_days)

    def enter(self, day: int) -> Flags:
        self.belief.see(self.days(day), self.may_begin[:, day])
        self.mean[:, day], self.variance[:, day] = self.moments()
        found = self.belief.evidence() >= self.policy.enter_evidence
        return found & self.ripe[:, day]

    def leave(self, day: int, who: Ints, raised_on: Ints) -> Flags:
        base = np.maximum(raised_on - self.windows.length, 0)
        mean, variance = self.mean[who, base], self.variance[who, base]
        usual = day_mean(mean, self.population)
        calm = np.ones(len(who), bool)
        for look in range(day, day - self.policy.evaluations, -1):
            days = self.windows.days[who, look]
            bins = self.bins[who, max(0, look - self.windows.length + 1) : look + 1]
            spread = day_variance(mean[:, None], bins, self.population)
            noise = np.where(bins > 0, spread, 0).sum(axis=1)
            error = np.sqrt(variance + noise / np.maximum(days, 1) ** 2)
            rise = self.windows.mean[who, look] - usual
            calm &= days >= self.policy.recent_days_present
            calm &= rise <= self.policy.leave_z * error
        return calm

    def reset(self, who: Ints) -> None:
        self.belief.risen[who] = 0

    def moments(self) -> tuple[Floats, Floats]:
        return self.belief.moments()


class FirstSign(ChangePoint):
    """When the product notes a sign of a flag, as if none were ever raised."""

    def enter(self, day: int) -> Flags:
        super().enter(day)
        self.sign = self.belief.evidence() >= self.policy.sign_evidence
        return self.sign & self.ripe[:, day]

    def leave(self, day: int, who: Ints, raised_on: Ints) -> Flags:
        return ~self.sign[who]

    def reset(self, who: Ints) -> None:
        """What had been seen still counts."""


class Limit(ChangePoint):
    """The same, told everybody's usual ratio (people,): what no rule can know."""

    def __init__(self, days: Days, policy: FlagPolicy) -> None:
        super().__init__(days, policy)
        usual = np.clip(days.usual, 1e-4, 1 - 1e-4)
        known = np.stack(
            [
                likelihoods(stress, bins, policy.population, np.array([ratio]))
                for stress, bins, ratio in zip(
                    days.stress, days.bins, usual, strict=True
                )
            ]
        )
        self.usual = usual
        self.days = lambda day: known[:, day]
        self.belief = Belief(np.ones((len(usual), 1)))

    def moments(self) -> tuple[Floats, Floats]:
        return self.usual, np.zeros(len(self.usual))


class Cusum:
    """The floor: a one-sided CUSUM (Page 1954, Biometrika 41, 100-115), k = 0.5.

    Days are standardised by the person's first `days`, with variances shrunk to the
    pooled one as if it had been seen on 20 more days. Left when the sum is back at 0.
    """

    K, PSEUDO, DAYS = 0.5, 20, 35

    def __init__(self, days: Days, limit: float) -> None:
        seen, self.limit = days.bins > 0, limit
        self.sum = np.zeros(len(seen))
        first = seen[:, : self.DAYS]
        n = np.maximum(first.sum(axis=1), 2)
        values = days.stress[:, : self.DAYS]
        mean = (values * first).sum(axis=1) / n
        square = np.where(first, values - mean[:, None], 0) ** 2
        variance = square.sum(axis=1) / (n - 1)
        shrunk = (n - 1) * variance + self.PSEUDO * variance.mean()
        sd = np.sqrt(shrunk / (n - 1 + self.PSEUDO))
        z = (days.stress - mean[:, None]) / sd[:, None]
        self.steps = np.where(seen, z - self.K, 0)

    def enter(self, day: int) -> Flags:
        if day >= self.DAYS:
            self.sum = np.maximum(0, self.sum + self.steps[:, day])
        return self.sum > self.limit

    def leave(self, day: int, who: Ints, raised_on: Ints) -> Flags:
        return self.sum[who] <= 0

    def reset(self, who: Ints) -> None:
        self.sum[who] = 0


class TwoWindows:
    """The first rule: z of the recent window against the 25 days before, 3 times."""

    SIGMA, RISE = 0.05, 0.15

    def __init__(self, days: Days, policy: FlagPolicy, enter_z: float) -> None:
        stress, bins, self.enter_z = days.stress, days.bins, enter_z
        self.policy, windows = policy, Windows(stress, bins, policy)
        seen, length = windows.seen, policy.baseline_calendar_days // 7 * WEEK
        known = windows.earlier(seen, length)
        some = np.maximum(known, 2)
        self.mean = windows.earlier(stress * seen, length) / some
        square = windows.earlier(stress**2 * seen, length) - some * self.mean**2
        self.sd = np.maximum(self.SIGMA, np.sqrt(np.maximum(square, 0) / (some - 1)))
        self.known, self.windows = some, windows
        enough = windows.days >= policy.recent_days_present
        enough &= known >= policy.baseline_days_present
        self.enough = enough & (windows.earlier(bins, length) >= policy.baseline_bins)
        looked = windows.recent(bins)
        share = windows.recent(stress * bins) / np.maximum(looked, 1)
        self.low = _wilson_low(share, effective_n(1) * looked)

    def enter(self, day: int) -> Flags:
        who = np.arange(len(self.mean))
        found = np.ones(len(who), bool)
        for look in range(day, day - self.policy.evaluations, -1):
            z, rise = self._z(look, who, look)
            found &= self.enough[:, look] & (z >= self.enter_z) & (rise >= self.RISE)
            found &= self.low[:, look] > self.mean[:, look]
        return found

    def leave(self, day: int, who: Ints, raised_on: Ints) -> Flags:
        calm = np.ones(len(who), bool)
        for look in range(day, day - self.policy.evaluations, -1):
            z, _ = self._z(look, who, raised_on)
            calm &= z <= self.policy.leave_z
        return calm

    def reset(self, who: Ints) -> None:
        """Nothing is remembered."""

    def _z(self, look: int, who: Ints, base: Ints | int) -> tuple[Floats, Floats]:
        rise = self.windows.mean[who, look] - self.mean[who, base]
        recent = np.maximum(self.windows.days[who, look], 1)
        error = np.sqrt(1 / recent + 1 / self.known[who, base])
        return rise / (self.sd[who, base] * error), rise


def _likelihoods(
    stress: Floats, bins: Ints, population: Population
) -> Callable[[int], Floats]:
    """`likelihoods` of a day of all people, computed once for days that are alike."""
    pairs = np.stack([stress.ravel(), bins.ravel()], axis=1)
    alike, index = np.unique(pairs, axis=0, return_inverse=True)
    table = likelihoods(alike[:, 0], alike[:, 1], population)
    index = index.reshape(stress.shape)
    return lambda day: table[index[:, day]]


def _rolling(values: npt.ArrayLike, length: int) -> Floats:
    """Sum of the last `length` columns, fewer at the start: (people, days)."""
    sums = np.asarray(values, np.float64).cumsum(axis=1)
    sums[:, length:] -= sums[:, :-length].copy()
    return sums


def _calendar_days(seen: Flags) -> Ints:
    """Calendar days since the first day seen, weeks from Monday: (people, days)."""
    day = np.arange(seen.shape[1])
    calendar = day // WEEK * 7 + day % WEEK
    ever = seen.any(axis=1)
    first = np.where(ever, calendar[seen.argmax(axis=1)], calendar[-1])
    since: Ints = calendar - first[:, None]
    return since


def _wilson_low(share: Floats, n_eff: Floats) -> Floats:
    """Lower bound of `scoring.wilson` on arrays."""
    square = Z95**2 / np.maximum(n_eff, 1e-9)
    spread = np.sqrt(square * (share * (1 - share) + square / 4))
    low: Floats = (share + square / 2 - spread) / (1 + square)
    return low
