"""How often the flag rule is wrong and how soon it is right, on invented people: pure.

Each person has a usual stress ratio and, from one working day on, perhaps a higher one.
A day moves it by a normal deviate on the logit scale; of the day's pictures each shows
the state of the one before it with probability rho and a new one otherwise, which makes
rho the lag-1 autocorrelation; the reader mistakes some of them. People come in sites of
50, from whose first weeks the rule learns what it is told of people in general.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from statistics import median
from typing import Any, NamedTuple

import numpy as np

from monitor.change_point import (
    DEFAULT,
    HIGHEST,
    LACK,
    Flags,
    Floats,
    Ints,
    Population,
    estimate_population,
)
from monitor.flag_detectors import (
    ChangePoint,
    Cusum,
    Days,
    Detector,
    FirstSign,
    Limit,
    TwoWindows,
    follow,
)
from monitor.flag_rules import POLICY, FlagPolicy
from monitor.scoring import (
    ANGRY,
    HAPPY,
    NEUTRAL,
    SAD,
    SURPRISE,
    Z95,
    Interval,
    wilson,
)

SITE = 50  # people
WARM_UP = 25  # working days, 35 calendar days
DAYS = 130  # working days that a false flag may rise in, warm-up included
MONTH = 365.25 / 12 * 5 / 7  # working days
PAST = 55  # working days before a rise
WITHIN = 20  # working days in which it should be found
SHIFTS = (0.1, 0.2, 0.3)
WEEK = np.array([1.0, 0.5, 0.0, -0.5, -1.0])  # Monday to Friday


class Rule(NamedTuple):
    """How to watch days with a threshold, the usual one, and those of its curve."""

    watch: Callable[[Days, FlagPolicy, float], Detector]
    threshold: float
    curve: tuple[float, ...]


EVIDENCE = (POLICY.enter_evidence, (9.5, 8.75, 8.2, 7.75, 7.0, 6.0, 5.0))
RULES = {
    "change-point": Rule(
        lambda days, policy, at: ChangePoint(days, replace(policy, enter_evidence=at)),
        *EVIDENCE,
    ),
    "cusum": Rule(
        lambda days, _, at: Cusum(days, at),
        10.5,
        (16.0, 13.0, 10.5, 8.5, 7.0, 5.5),
    ),
    "two-windows": Rule(TwoWindows, 3.0, (4.5, 4.0, 3.5, 3.0, 2.5, 2.0)),
    "limit": Rule(
        lambda days, policy, at: Limit(days, replace(policy, enter_evidence=at)),
        *EVIDENCE,
    ),
}


class Reader(NamedTuple):
    """How often a stressed and a calm picture is read as stressed."""

    hit: float = 1.0
    false_alarm: float = 0.0


@dataclass(frozen=True, slots=True)
class Setting:
    """A world to try a rule in.

    week: how much Monday lies above Wednesday, and Friday below it, on the logit scale.
    missing: share of days without data. leave: working days away, once. camera: the
    reader from the middle of the time on; the rule is told (the baseline restarts) if
    `told`. past: working days before a rise. day_sds: a person's own day_sd is drawn
    between them.
    """

    name: str
    population: Population = DEFAULT
    pictures: int = 18
    week: float = 0.0
    missing: float = 0.0
    leave: int = 0
    reader: Reader = Reader()
    camera: Reader | None = None
    told: bool = True
    past: int = PAST
    day_sds: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """What to simulate: how many people, under which rule, and which rises.

    threshold: another one than the rule's own. within: working days.
    """

    rule: str = "change-point"
    people: int = 2000
    seed: int = 2
    threshold: float | None = None
    shifts: tuple[float, ...] = SHIFTS
    within: int = WITHIN

    @property
    def sites(self) -> int:
        return max(1, self.people // SITE)


class Found(NamedTuple):
    """Rises of one size: those that could be found, and the days it took for some."""

    people: int
    delays: list[int]


@dataclass(frozen=True, slots=True)
class Figures:
    """What came out of one setting."""

    episodes: int
    months: float
    found: dict[float, Found]

    @property
    def false_rate(self) -> float:
        """False episodes per 100 person-months."""
        return 100 * self.episodes / self.months

    def detection(self, shift: float) -> float:
        found = self.found[shift]
        return len(found.delays) / max(found.people, 1)

    def as_dict(self) -> dict[str, Any]:
        low, high = (100 * x / self.months for x in poisson_interval(self.episodes))
        found = {f"{shift:.2f}": row for shift, row in self.found.items()}
        return {
            "false_episodes_per_100_person_months": self.false_rate,
            "false_episodes_interval": [low, high],
            "detection": {s: self.detection(float(s)) for s in found},
            "detection_interval": {
                s: list(wilson(self.detection(float(s)), row.people) or (0, 1))
                for s, row in found.items()
            },
            "median_delay_days": {
                s: median(row.delays) if row.delays else None
                for s, row in found.items()
            },
        }


def reader_of(matrix: Sequence[Sequence[float]], counts: Sequence[float]) -> Reader:
    """From a model's mean probabilities per true emotion, in the order of EMOTIONS.

    matrix: (5, 5), rows are true. counts: (5,), the emotions of its pictures, which
    here weigh those of a calm and those of a stressed person.
    """
    found = []
    for rows in ((ANGRY, SAD), (HAPPY, NEUTRAL, SURPRISE)):
        read = sum(counts[r] * (matrix[r][ANGRY] + matrix[r][SAD]) for r in rows)
        found.append(read / sum(counts[r] for r in rows))
    return Reader(*found)


def settings_of(reader: Reader) -> list[Setting]:
    """The settings that a rule has to be stable in; `reader`: the shipped model's.

    The first is the one that thresholds are set in.
    """
    people = partial(replace, DEFAULT)
    poor = Reader(max(0.0, reader.hit - 0.05), reader.false_alarm + 0.05)
    return [
        Setting("standard"),
        Setting("rise right after the warm-up", past=WARM_UP),
        Setting("rise after 110 days", past=110),
        Setting("autocorrelation 0.3", people(rho=0.3)),
        Setting("autocorrelation 0.8", people(rho=0.8)),
        Setting("6 pictures a day", pictures=6),
        Setting("12 pictures a day", pictures=12),
        Setting("30 pictures a day", pictures=30),
        Setting("45 pictures a day", pictures=45),
        Setting("day sd 0.2", people(day_sd=0.2)),
        Setting("day sd 0.7", people(day_sd=0.7)),
        Setting("day sd 0.2 to 0.7 by person", day_sds=(0.2, 0.7)),
        Setting("weekly rhythm", week=0.3),
        Setting("gaps and leave", missing=0.2, leave=10),
        Setting("read by the model", reader=reader),
        Setting("mostly unhappy, a drop", LACK),
        Setting("changed camera", reader=reader, camera=poor),
        Setting("changed camera, not told", reader=reader, camera=poor, told=False),
    ]


def simulate(setting: Setting, run: Run) -> Figures:
    """Figures of a rule in a setting; the same for the same seed."""
    episodes, days = 0, 0
    found: dict[float, Found] = {shift: Found(0, []) for shift in run.shifts}
    for site in range(run.sites):
        rng = np.random.default_rng([run.seed, site])
        for world in _worlds(rng, setting):
            raised, _ = _follow(world, run)
            episodes += int(raised[:, WARM_UP:].sum())
            days += raised[:, WARM_UP:].size
        for shift in run.shifts:
            rng = np.random.default_rng([run.seed, site, round(1000 * shift)])
            total, delays = found[shift]
            people, more = _detect(rng, setting, shift, run)
            found[shift] = Found(total + people, delays + more)
    return Figures(episodes, days / MONTH, found)


def sign_rate(setting: Setting, run: Run) -> float:
    """First signs in people who stay as they are, per 100 person-months."""
    signs, days = 0, 0
    for site in range(run.sites):
        for world in _worlds(np.random.default_rng([run.seed, site]), setting):
            watch = FirstSign(world, _policy(world))
            noted, _ = follow(watch, SITE, world.stress.shape[1], cooldown=0)
            signs += int(noted[:, WARM_UP:].sum())
            days += noted[:, WARM_UP:].size
    return 100 * signs / (days / MONTH)


def _worlds(rng: np.random.Generator, setting: Setting) -> Iterator[Days]:
    """Spans of days without a rise over which a rule runs without a restart."""
    if setting.camera is None or not setting.told:
        yield invent(rng, setting, DAYS)
        return
    before = replace(setting, camera=None)
    for part in (before, replace(before, reader=setting.camera)):
        yield invent(rng, part, DAYS // 2)


def _detect(
    rng: np.random.Generator, setting: Setting, shift: float, run: Run
) -> tuple[int, list[int]]:
    """People without an open flag when the rise comes; days until their flags rise."""
    if setting.camera is not None:
        setting = replace(setting, reader=setting.camera, camera=None)
    raised, is_open = _follow(
        invent(rng, setting, setting.past + run.within, shift), run
    )
    free = ~is_open[:, setting.past - 1]
    after = raised[free, setting.past :]
    delays = after.argmax(axis=1)[after.any(axis=1)] + 1
    return int(free.sum()), delays.tolist()


def _follow(days: Days, run: Run) -> tuple[Flags, Flags]:
    rule = RULES[run.rule]
    threshold = rule.threshold if run.threshold is None else run.threshold
    watch = rule.watch(days, _policy(days), threshold)
    length = days.stress.shape[1]
    return follow(watch, SITE, length, POLICY.cooldown_working_days)


def _policy(days: Days) -> FlagPolicy:
    known = slice(WARM_UP)
    population = estimate_population(days.stress[:, known], days.bins[:, known])
    return replace(POLICY, population=population)


def invent(
    rng: np.random.Generator, setting: Setting, days: int, shift: float = 0.0
) -> Days:
    """Days of one site, from `setting.past` on with usual ratios higher by `shift`."""
    true, shape = setting.population, (SITE, days)
    usual = np.clip(rng.beta(true.alpha, true.beta, SITE), 1e-4, HIGHEST)
    ratio = np.tile(usual[:, None], days)
    ratio[:, setting.past :] = np.minimum(ratio[:, setting.past :] + shift, HIGHEST)
    day_sd = np.full((SITE, 1), true.day_sd)
    if setting.day_sds:
        day_sd = rng.uniform(*setting.day_sds, (SITE, 1))
    odds = np.log(ratio / (1 - ratio)) + setting.week * WEEK[np.arange(days) % 5]
    chance = 1 / (1 + np.exp(-odds - day_sd * rng.standard_normal(shape)))
    stressed = _states(rng, chance, setting.pictures, true.rho)
    read = _read(rng, stressed, setting)
    bins = np.full(shape, setting.pictures)
    bins[rng.random(shape) < setting.missing] = 0
    if setting.leave:
        start = rng.integers(0, days - setting.leave, SITE)[:, None]
        day = np.arange(days)
        bins[(day >= start) & (day < start + setting.leave)] = 0
    return Days(np.where(bins > 0, read / setting.pictures, 0.0), bins, usual)


def _states(
    rng: np.random.Generator, chance: Floats, pictures: int, rho: float
) -> Ints:
    """Stressed pictures of each day."""
    state = rng.random(chance.shape) < chance
    count = state.astype(np.int64)
    for _ in range(pictures - 1):
        fresh = rng.random(chance.shape) < chance
        state = np.where(rng.random(chance.shape) < rho, state, fresh)
        count += state
    return count


def _read(rng: np.random.Generator, stressed: Ints, setting: Setting) -> Ints:
    """Pictures that are read as stressed, by the camera of the day."""
    half = stressed.shape[1] // 2
    parts = []
    for part, reader in (
        (stressed[:, :half], setting.reader),
        (stressed[:, half:], setting.camera or setting.reader),
    ):
        hits = rng.binomial(part, reader.hit)
        parts.append(hits + rng.binomial(setting.pictures - part, reader.false_alarm))
    return np.concatenate(parts, axis=1)


def poisson_interval(events: int) -> Interval:
    """95 % interval of an expected count.

    Byar's approximation (Breslow and Day 1987, "Statistical Methods in Cancer
    Research" II, IARC, 69).
    """
    if not events:
        return Interval(0.0, -math.log(0.025))
    low = events * (1 - 1 / (9 * events) - Z95 / (3 * math.sqrt(events))) ** 3
    more = events + 1
    return Interval(low, more * (1 - 1 / (9 * more) + Z95 / (3 * math.sqrt(more))) ** 3)
