"""Two models on the same faces: where they agree, and whose flags would change.

Pure functions over pairs of readings. Nothing here knows the database or the clock.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, tzinfo
from typing import Any, NamedTuple

from inference import EMOTIONS
from monitor import flag_rules
from monitor.flag_rules import POLICY, DayValue, Decision, day_values
from monitor.periods import bin_of, last_working_days, local_day, working_days
from monitor.scoring import (
    DEFAULT_WEIGHTS,
    FORMULA,
    ZERO,
    DayTotals,
    Five,
    Weights,
    bins_of,
)

STEPS = 10
SMALLEST_SHARE = 1e-4  # of an empty step, which would make the index infinite
STRESS = "stress"


class Look(NamedTuple):
    """What one model made of a face; `counts` when it is not unsure."""

    scores: Five
    counts: bool

    @property
    def label(self) -> int:
        return self.scores.index(max(self.scores))

    def stress(self, weights: Weights) -> float:
        return min(1.0, weights.stress(self.scores))


class Pair(NamedTuple):
    """One face as both models read it."""

    taken_at: datetime
    live: Look
    shadow: Look


class Episode(NamedTuple):
    """A flag from the day it is raised to the day it is closed, None while open."""

    raised: date
    closed: date | None


@dataclass(frozen=True, slots=True)
class PersonFigures:
    """Stress ratio of the same pictures under both models, and their flags."""

    live: float | None
    shadow: float | None
    days: int
    live_flags: tuple[Episode, ...]
    shadow_flags: tuple[Episode, ...]

    @property
    def flags_change(self) -> bool:
        return self.live_flags != self.shadow_flags

    @property
    def difference(self) -> float | None:
        if self.live is None or self.shadow is None:
            return None
        return self.shadow - self.live

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {
            "live_flags": [row._asdict() for row in self.live_flags],
            "shadow_flags": [row._asdict() for row in self.shadow_flags],
            "flags_change": self.flags_change,
        }


@dataclass
class Tally:
    """Sums over pairs. Agreement and drift look at faces that both models count."""

    pairs: int = 0
    both: int = 0
    agree: int = 0
    live_unsure: int = 0
    shadow_unsure: int = 0
    stress_difference: float = 0.0
    live: list[list[int]] = field(default_factory=lambda: _steps())
    shadow: list[list[int]] = field(default_factory=lambda: _steps())
    live_sums: list[float] = field(default_factory=lambda: [0.0] * len(EMOTIONS))
    shadow_sums: list[float] = field(default_factory=lambda: [0.0] * len(EMOTIONS))
    weights: Weights = DEFAULT_WEIGHTS

    def add(self, pair: Pair) -> None:
        live, shadow = pair.live, pair.shadow
        self.pairs += 1
        self.live_unsure += not live.counts
        self.shadow_unsure += not shadow.counts
        if not (live.counts and shadow.counts):
            return
        self.both += 1
        self.agree += live.label == shadow.label
        stress = live.stress(self.weights), shadow.stress(self.weights)
        self.stress_difference += abs(stress[0] - stress[1])
        _note(self.live, self.live_sums, (*live.scores, stress[0]))
        _note(self.shadow, self.shadow_sums, (*shadow.scores, stress[1]))

    def figures(self) -> dict[str, Any]:
        """Shares and means; None where nothing was seen."""
        both, pairs = self.both or math.nan, self.pairs or math.nan
        drift = {
            name: {
                "live_mean": _or_none(self.live_sums[n] / both),
                "shadow_mean": _or_none(self.shadow_sums[n] / both),
                "psi": stability_index(self.live[n], self.shadow[n]),
            }
            for n, name in enumerate(EMOTIONS)
        }
        return {
            "pairs": self.pairs,
            "both_usable": self.both,
            "agreement": _or_none(self.agree / both),
            "stress_difference": _or_none(self.stress_difference / both),
            "live_unsure": _or_none(self.live_unsure / pairs),
            "shadow_unsure": _or_none(self.shadow_unsure / pairs),
            "stress_psi": stability_index(self.live[-1], self.shadow[-1]),
            "classes": drift,
        }


def stability_index(live: Sequence[int], shadow: Sequence[int]) -> float | None:
    """Population stability index of two histograms: sum (s - l) ln(s / l).

    Siddiqi 2006, "Credit Risk Scorecards"; by custom below 0.1 is little, above 0.25
    much. None when one of them is empty.
    """
    if not sum(live) or not sum(shadow):
        return None
    pairs = zip(_shares(live), _shares(shadow), strict=True)
    return sum((s - n) * math.log(s / n) for n, s in pairs)


def person_figures(
    pairs: Iterable[Pair], tz: tzinfo, weights: Weights = DEFAULT_WEIGHTS
) -> PersonFigures:
    """Ratios and flags of one person from the same pictures under both models."""
    rows = list(pairs)
    live = _days([(row.taken_at, row.live) for row in rows], tz, weights)
    shadow = _days([(row.taken_at, row.shadow) for row in rows], tz, weights)
    return PersonFigures(
        live=_ratio(live),
        shadow=_ratio(shadow),
        days=len({local_day(row.taken_at, tz) for row in rows}),
        live_flags=episodes(day_values(live)),
        shadow_flags=episodes(day_values(shadow)),
    )


def episodes(values: Sequence[DayValue]) -> tuple[Episode, ...]:
    """Flags that the rule would have raised and closed, evening by evening."""
    if not values:
        return ()
    found: list[Episode] = []
    opened: date | None = None
    for day in working_days(values[0].day, values[-1].day):
        since = opened or (found[-1].closed if found else None)
        decision = flag_rules.decide(
            values, day, POLICY, is_open=opened is not None, since=since
        )
        if decision is Decision.OPEN and not _rests(found, day):
            opened = day
        elif decision is Decision.CLOSE and opened is not None:
            found.append(Episode(opened, day))
            opened = None
    if opened is not None:
        found.append(Episode(opened, None))
    return tuple(found)


def _rests(found: list[Episode], day: date) -> bool:
    since = last_working_days(POLICY.cooldown_working_days, until=day)[0]
    return any(row.closed is not None and row.closed >= since for row in found)


def _days(
    looks: list[tuple[datetime, Look]], tz: tzinfo, weights: Weights
) -> list[DayTotals]:
    """Day summaries as the product stores them."""
    days: dict[date, list[tuple[datetime, Look]]] = defaultdict(list)
    for taken_at, look in looks:
        days[local_day(taken_at, tz)].append((taken_at, look))
    return [_day(day, rows, weights) for day, rows in sorted(days.items())]


def _day(day: date, rows: list[tuple[datetime, Look]], weights: Weights) -> DayTotals:
    counted = [(bin_of(at), look.scores) for at, look in rows if look.counts]
    bins = bins_of(counted)
    sums = [sum(row.means[n] for row in bins) for n in range(len(EMOTIONS))]
    angry, happy, neutral, sad, surprise = sums
    return DayTotals(
        day=day,
        model="",
        formula=FORMULA,
        bins=len(bins),
        counted=len(counted),
        unsure=len(rows) - len(counted),
        sums=(angry, happy, neutral, sad, surprise),
        hard=ZERO,
        weights=weights,
    )


def _ratio(days: list[DayTotals]) -> float | None:
    bins = sum(day.bins for day in days)
    total = sum(day.weights.stress(day.sums) for day in days)
    return min(1.0, total / bins) if bins else None


def _steps() -> list[list[int]]:
    return [[0] * STEPS for _ in (*EMOTIONS, STRESS)]


def _note(steps: list[list[int]], sums: list[float], values: tuple[float, ...]) -> None:
    """values: the five, then stress, of which no sum is kept."""
    for n, value in enumerate(values):
        steps[n][min(STEPS - 1, int(value * STEPS))] += 1
    for n, value in enumerate(values[: len(sums)]):
        sums[n] += value


def _shares(counts: Sequence[int]) -> list[float]:
    total = sum(counts)
    return [max(count / total, SMALLEST_SHARE) for count in counts]


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else value
