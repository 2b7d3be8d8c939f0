"""From probabilities to ratios, intervals and verdicts: pure functions.

Nothing here knows the database, the clock or the settings. `FORMULA` names the built-in
numbers; sites may add formulas with others (`monitor.models.Formula`). Every stored
result carries the name of its formula.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from inference import EMOTIONS

if TYPE_CHECKING:
    from monitor.correction import Correction

FORMULA = "1"
RHO = 0.6
Z95 = 1.959963984540054
ANGRY, HAPPY, NEUTRAL, SAD, SURPRISE = range(len(EMOTIONS))

Five = tuple[float, float, float, float, float]
ZERO: Five = (0.0, 0.0, 0.0, 0.0, 0.0)


class Verdict(StrEnum):
    STRESSED = "stressed"
    NOT_STRESSED = "not stressed"
    INCONCLUSIVE = "inconclusive"
    NOT_ENOUGH = "not enough data"


class Interval(NamedTuple):
    """Bounds of a 95 % interval."""

    low: float
    high: float


class Bin(NamedTuple):
    """Five minutes of one person: mean probabilities and shares of labels."""

    number: int
    readings: int
    means: Five
    hard: Five


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each emotion counts as stress, 0 to 1.

    Only with the default does stress + happiness + neutral + surprise make 1.
    """

    angry: float = 1.0
    happy: float = 0.0
    neutral: float = 0.0
    sad: float = 1.0
    surprise: float = 0.0

    def __post_init__(self) -> None:
        if not all(0 <= weight <= 1 for weight in self.as_tuple()):
            raise ValueError(f"weights lie between 0 and 1: {self}")

    def as_tuple(self) -> Five:
        return (self.angry, self.happy, self.neutral, self.sad, self.surprise)

    def stress(self, shares: Iterable[float]) -> float:
        pairs = zip(self.as_tuple(), shares, strict=True)
        return sum(weight * share for weight, share in pairs)


DEFAULT_WEIGHTS = Weights()


class View(NamedTuple):
    """Through which camera a day was seen mostly; None is none of the site's.

    renewed: when it was last exchanged, or put up elsewhere, before or on that day.
    """

    camera: int | None = None
    renewed: date | None = None


NO_CAMERA = View()


class DayTotals(NamedTuple):
    """One stored day of one person under one model and formula."""

    day: date
    model: str
    formula: str
    bins: int
    counted: int
    unsure: int
    sums: Five
    hard: Five
    weights: Weights = DEFAULT_WEIGHTS
    view: View = NO_CAMERA

    @property
    def version(self) -> tuple[str, str]:
        return (self.model, self.formula)

    @property
    def stress(self) -> float | None:
        """None on a day without counted readings."""
        if not self.bins:
            return None
        return min(1.0, self.weights.stress(self.sums) / self.bins)


@dataclass(frozen=True, slots=True)
class Gates:
    """What must be there before a verdict is spoken."""

    bins: int = 30
    days: int = 3
    n_eff: float = 7.0
    unsure_rate: float = 0.4


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over the days of a window, all of one model and formula.

    covered_hours: those of the expected hours that belong to days with data.
    """

    bins: int = 0
    counted: int = 0
    unsure: int = 0
    days: int = 0
    expected_days: int = 0
    expected_hours: float = 0.0
    covered_hours: float = 0.0
    sums: Five = ZERO
    hard: Five = ZERO
    model: str = ""
    formula: str = FORMULA
    weights: Weights = DEFAULT_WEIGHTS

    @classmethod
    def of(cls, days: Iterable[DayTotals], *, expected: Mapping[date, float]) -> Totals:
        """Add up the days of the newest model; days of older ones do not count.

        expected: hours that the person should work in the window, by day.
        """
        rows = newest_days(days)
        hours = {day: each for day, each in expected.items() if each > 0}
        due = cls(expected_days=len(hours), expected_hours=sum(hours.values()))
        if not rows:
            return due
        return replace(
            due,
            covered_hours=sum(hours.get(row.day, 0.0) for row in rows if row.bins),
            bins=sum(row.bins for row in rows),
            counted=sum(row.counted for row in rows),
            unsure=sum(row.unsure for row in rows),
            days=sum(row.bins > 0 for row in rows),
            sums=add(row.sums for row in rows),
            hard=add(row.hard for row in rows),
            model=rows[-1].model,
            formula=rows[-1].formula,
            weights=rows[-1].weights,
        )


@dataclass(frozen=True, slots=True)
class Ratios:
    """What a window says about a person, with all that is needed to judge it.

    `missing` tells in words what a verdict would still need. Where `correction` leads,
    the four ratios, their intervals and the verdict are corrected; `shares` never are.
    """

    stress: float | None
    happiness: float | None
    neutral: float | None
    surprise: float | None
    stress_interval: Interval | None
    happiness_interval: Interval | None
    bins: int
    n_eff: float
    days: int
    counted: int
    unsure: int
    unsure_rate: float | None
    expected_days: int
    expected_hours: float
    coverage: float
    shares: dict[str, float]
    hard_shares: dict[str, float]
    hard_stress: float | None
    hard_happiness: float | None
    verdict: Verdict
    missing: tuple[str, ...]
    model: str
    formula: str
    correction: Correction | None = None
    weights: Weights = DEFAULT_WEIGHTS

    @property
    def hours(self) -> float:
        """Working time seen: five minutes for each bin."""
        return self.bins / 12


DEFAULT_GATES = Gates()


def bins_of(readings: Iterable[tuple[int, Five]]) -> list[Bin]:
    """One value per five-minute bin: the mean of its readings, in order of time.

    Neighbouring pictures of one face say nearly the same, so a video or a burst must
    not weigh as thousands of observations. `readings` are bin numbers (see
    `periods.bin_of`) with the five probabilities.
    """
    grouped: dict[int, list[Five]] = {}
    for number, probabilities in readings:
        grouped.setdefault(number, []).append(probabilities)
    return [
        Bin(number, len(rows), _scale(add(rows), len(rows)), _label_shares(rows))
        for number, rows in sorted(grouped.items())
    ]


def newest_days(days: Iterable[DayTotals]) -> list[DayTotals]:
    """The days, in order, that were made by the newest model and formula.

    The probabilities of two models are not comparable, so a change of model starts a
    person anew. On the day of the change both have a row; the model that came later
    is the one whose first day is later.
    """
    rows = sorted(days, key=lambda row: row.day)
    if not rows:
        return []
    newest = version_order(rows)[-1]
    return [row for row in rows if row.version == newest]


def version_order(days: Iterable[DayTotals]) -> list[tuple[str, str]]:
    """Models (with formula) by the last day they have, then by the first."""
    spans: dict[tuple[str, str], tuple[date, date]] = {}
    for row in days:
        last, first = spans.get(row.version, (row.day, row.day))
        spans[row.version] = (max(last, row.day), min(first, row.day))
    return sorted(spans, key=lambda version: spans[version])


def effective_n(n: float, rho: float = RHO) -> float:
    """Number of independent observations that say as much as `n` correlated ones.

    n (1 - rho) / (1 + rho) for a first-order autoregressive series (Bayley and
    Hammersley 1946, J. R. Stat. Soc. Suppl. 8, 184-197). Anticorrelation is not allowed
    to add observations.
    """
    if not rho < 1:
        raise ValueError(f"the autocorrelation must lie below 1, not {rho}")
    rho = max(0.0, rho)
    return n * (1 - rho) / (1 + rho)


def wilson(share: float, n_eff: float, z: float = Z95) -> Interval | None:
    """Score interval of a share, 95 % by default; None without observations.

    Wilson 1927, J. Am. Stat. Assoc. 22, 209-212. `n_eff` need not be whole.
    """
    if n_eff <= 0:
        return None
    # Stored probabilities may sum to a hair more than 1.
    share = min(1.0, max(0.0, share))
    square = z * z / n_eff
    middle = share + square / 2
    spread = z * math.sqrt((share * (1 - share) + square / 4) / n_eff)
    scale = 1 + square
    low, high = (middle - spread) / scale, (middle + spread) / scale
    # Rounding may carry a bound a hair past the share it encloses, or past 0 and 1.
    return Interval(max(0.0, min(low, share)), min(1.0, max(high, share)))


def ratios_of(
    totals: Totals,
    *,
    level: float,
    rho: float = RHO,
    gates: Gates = DEFAULT_GATES,
) -> Ratios:
    """Ratios of a window, their intervals, and the verdict against `level`."""
    n, n_eff = totals.bins, effective_n(totals.bins, rho)
    shares = _scale(totals.sums, n) if n else None
    hard = _scale(totals.hard, n) if n else None
    stress = min(1.0, totals.weights.stress(shares)) if shares else None
    interval = None if stress is None else wilson(stress, n_eff)
    missing = _missing(totals, n_eff, gates)
    return Ratios(
        stress=stress,
        happiness=shares[HAPPY] if shares else None,
        neutral=shares[NEUTRAL] if shares else None,
        surprise=shares[SURPRISE] if shares else None,
        stress_interval=interval,
        happiness_interval=wilson(shares[HAPPY], n_eff) if shares else None,
        bins=n,
        n_eff=n_eff,
        days=totals.days,
        counted=totals.counted,
        unsure=totals.unsure,
        unsure_rate=_unsure_rate(totals),
        expected_days=totals.expected_days,
        expected_hours=totals.expected_hours,
        coverage=_coverage(totals),
        shares=dict(zip(EMOTIONS, shares or (), strict=bool(shares))),
        hard_shares=dict(zip(EMOTIONS, hard or (), strict=bool(hard))),
        hard_stress=min(1.0, totals.weights.stress(hard)) if hard else None,
        hard_happiness=hard[HAPPY] if hard else None,
        verdict=verdict_of(interval, level, missing),
        missing=missing,
        model=totals.model,
        formula=totals.formula,
        weights=totals.weights,
    )


def _missing(totals: Totals, n_eff: float, gates: Gates) -> tuple[str, ...]:
    rate = _unsure_rate(totals)
    reasons = []
    if totals.bins < gates.bins:
        reasons.append(f"{totals.bins} of {gates.bins} five-minute bins")
    elif n_eff < gates.n_eff:
        found, needed = f"{n_eff:.1f}", f"{gates.n_eff:g}"
        reasons.append(f"{found} of {needed} independent observations")
    if totals.days < gates.days:
        reasons.append(f"{totals.days} of {gates.days} days with data")
    if rate is not None and rate > gates.unsure_rate:
        limit = f"at most {gates.unsure_rate:.0%}"
        reasons.append(f"{rate:.0%} of the readings are unsure, {limit} may be")
    return tuple(reasons)


def verdict_of(
    interval: Interval | None, level: float, missing: tuple[str, ...]
) -> Verdict:
    """Spoken only when nothing is missing and the interval is clear of `level`."""
    if missing or interval is None:
        return Verdict.NOT_ENOUGH
    if interval.low > level:
        return Verdict.STRESSED
    if interval.high < level:
        return Verdict.NOT_STRESSED
    return Verdict.INCONCLUSIVE


def _unsure_rate(totals: Totals) -> float | None:
    looked_at = totals.counted + totals.unsure
    return totals.unsure / looked_at if looked_at else None


def _coverage(totals: Totals) -> float:
    """Share of the expected hours whose days have data; work nobody expected adds none.

    Not the share of the hours that were looked at: a few pictures tell of a day.
    """
    if not totals.expected_hours:
        return 1.0 if totals.days else 0.0
    return min(1.0, totals.covered_hours / totals.expected_hours)


def _label_shares(rows: list[Five]) -> Five:
    """Shares of the most probable labels, the count that the paper uses."""
    counts = [0.0] * len(EMOTIONS)
    for row in rows:
        counts[row.index(max(row))] += 1 / len(rows)
    return five(counts)


def add(rows: Iterable[Five]) -> Five:
    return five(map(sum, zip(*rows, strict=True)))


def _scale(values: Five, by: float) -> Five:
    return five(min(1.0, value / by) for value in values)


def five(values: Iterable[float]) -> Five:
    angry, happy, neutral, sad, surprise = values
    return (angry, happy, neutral, sad, surprise)
