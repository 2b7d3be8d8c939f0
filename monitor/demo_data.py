"""Invented people and what their cameras would have read: pure, from a seed alone.

The generator, so that what pages and rules show can be compared with what was put in:

* Each person has a usual stress ratio, Beta(2, 6) (mean 0.25). A day moves it by a
  normal deviate with a standard deviation of 0.45 on the logit scale.
* A *shifted* person's ratio is 0.30 or 0.20 higher from a day on that lies 15 to 25
  working days before the end, and stays there. Only people with a usual ratio between
  0.10 and 0.22 are chosen, the smaller shifts for the lowest of them, because there
  days differ least and a demonstration should show a rise that is found.
* About 16 pictures a day, normal with sd 4, at even chances over eight working hours.
* Within a day a person is in the stressed state or not. From picture to picture the
  state stays with probability 0.6 and is drawn anew otherwise, which makes its lag-1
  autocorrelation 0.6. The chance of the state is chosen such that the expected stress
  ratio is the day's.
* A state shows one of its emotions; the five probabilities are drawn from a Dirichlet
  distribution around it, again until the greatest is at least one half.
* 12 % of the pictures are unsure, for one of the reasons; those that are `uncertain`
  have no probability of one half. In 3 % no face is found.
* Every third person says on half of the days how stressed they feel, 0 to 4: 1.5, plus
  3 for each whole that the day's ratio lies above their usual one, plus a normal
  deviate of 1, rounded.
* Leave of one or two weeks, single days off, cameras that were broken for a while.
  *Silent* people have a camera that broke near the end, *new* people have two days,
  *withdrawn* people took back their consent three weeks before the end.

Days are counted back from the last one, so everything but the dates is the same for
every last day.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from itertools import groupby
from random import Random
from statistics import fmean
from typing import NamedTuple

from inference import EmotionScores

# fmt: off
GIVEN_NAMES = [
    "Amara", "Anders", "Aylin", "Bao", "Chiara", "Dario", "Efua", "Elif", "Farid",
    "Greta", "Hana", "Henrik", "Imani", "Ines", "Jonas", "Kaito", "Kofi", "Leila",
    "Lucia", "Mateo", "Mei", "Milan", "Nadia", "Noor", "Oluwa", "Priya", "Rafael",
    "Rosa", "Samir", "Sanna", "Tomas", "Yuki",
]
FAMILY_NAMES = [
    "Adeyemi", "Almeida", "Bakker", "Castel", "Demir", "Eriksen", "Farouk",
    "Greenhill", "Haddad", "Ishida", "Janssen", "Kaplan", "Lindqvist", "Mensah",
    "Moretti", "Nakano", "Novotny", "Okoro", "Olsen", "Petrov", "Quispe", "Rahimi",
    "Sandoval", "Sharma", "Tanaka", "Varga", "Weber", "Xu", "Yildiz", "Zhou",
]
# fmt: on
TEAM_NAMES = (
    "Customer service",
    "Logistics",
    "Software",
    "Accounting",
    "Production planning",
    "Quality",
)

USUAL_RATIO = (2.0, 6.0)
DAY_SD = 0.45
PERSISTENCE = 0.6
PICTURES_A_DAY = (16.0, 4.0)
UNSURE = 0.12
NO_FACE = 0.03
REPORTED = 0.5
SHIFTS = (0.30, 0.30, 0.30, 0.30, 0.20, 0.20)
SHIFTED_FROM = (0.10, 0.22)
SHIFT_BACK = (15, 25)
# Expected p(angry) + p(sad) in either state, from 100,000 draws per emotion.
CALM_STRESS = 0.077
STRESSED_STRESS = 0.870

REASONS = ("uncertain", "blurred", "turned", "too_dark", "too_small")
REASON_WEIGHTS = (40, 20, 20, 12, 8)
# Dirichlet parameters around each emotion, in the order angry to surprise.
AROUND = {
    "angry": (6.0, 0.15, 0.6, 0.9, 0.25),
    "happy": (0.15, 7.0, 0.7, 0.15, 0.3),
    "neutral": (0.35, 0.4, 6.0, 0.45, 0.3),
    "sad": (0.8, 0.15, 0.9, 6.0, 0.15),
    "surprise": (0.3, 0.5, 0.7, 0.2, 6.0),
}
FLAT = (1.6,) * 5
SAD_WHEN_STRESSED = 0.6
SURPRISED_WHEN_CALM = 0.08

# Start and seconds of the two halves of a day.
MORNING = (time(8, 30), 210 * 60)
AFTERNOON = (time(13, 0), 270 * 60)


class Role(StrEnum):
    USUAL = "usual"
    SHIFTED = "shifted"
    SILENT = "silent"
    NEW = "new"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Plan:
    """One invented person. Days are counted back from the end, 0 is the last one."""

    index: int
    name: str
    team: int
    usual: float
    cheerful: float
    role: Role = Role.USUAL
    shift: float = 0.0
    shift_back: int = -1
    first_back: int = 10_000
    last_back: int = -1
    away: frozenset[int] = frozenset()

    @property
    def number(self) -> str:
        return f"D{self.index + 1:03d}"

    def is_there(self, back: int) -> bool:
        return self.last_back < back <= self.first_back and back not in self.away


class Picture(NamedTuple):
    """What became of one picture; `scores` is None when no face was found."""

    taken_at: datetime
    scores: EmotionScores | None
    reason: str


def plans(*, people: int, teams: int, days: int, seed: int) -> list[Plan]:
    """Everybody, with the special roles spread over them by chance."""
    rng = Random(f"{seed}:people")  # noqa: S311
    pairs = [f"{given} {family}" for given in GIVEN_NAMES for family in FAMILY_NAMES]
    names = rng.sample(pairs, people)
    found = [_person(rng, i, names[i], _team(i, people, teams)) for i in range(people)]
    order = rng.sample(range(people), people)
    low, high = SHIFTED_FROM
    middle = [i for i in order if low <= found[i].usual <= high]
    shifted = middle[: _of_sixty(len(SHIFTS), people)]
    shifted.sort(key=lambda i: -found[i].usual)
    rest = [i for i in order if i not in shifted]
    for n, i in enumerate(shifted):
        found[i] = _shifted(rng, found[i], SHIFTS[n % len(SHIFTS)])
    for n in range(_of_sixty(3, people)):
        found[i] = _silent(found[i := rest.pop()], n)
    for _ in range(_of_sixty(2, people)):
        found[i] = replace(found[i := rest.pop()], role=Role.NEW, first_back=0)
    i = rest.pop()
    found[i] = replace(found[i], role=Role.WITHDRAWN, last_back=14)
    return [_with_gaps(Random(f"{seed}:{p.index}:gaps"), p, days) for p in found]  # noqa: S311


def pictures(
    plan: Plan, *, days: Sequence[date], morning: date | None, tz: tzinfo, seed: int
) -> Iterator[Picture]:
    """All pictures of a person over working `days`, and of the morning after them."""
    rng = Random(f"{seed}:{plan.index}:days")  # noqa: S311
    for n, day in enumerate(days):
        back = len(days) - 1 - n
        seen = list(_day(rng, plan, back, day, tz))
        if plan.is_there(back):
            yield from seen
    if morning and plan.role not in (Role.SILENT, Role.WITHDRAWN):
        noon = datetime.combine(morning, time(12), tz)
        today = _day(rng, plan, 0, morning, tz)
        yield from (picture for picture in today if picture.taken_at < noon)


def self_reports(
    seen: Iterable[Picture], plan: Plan, *, seed: int
) -> Iterator[tuple[datetime, int]]:
    """When the person answers, at the last picture of a day, and what: 0 to 4."""
    rng = Random(f"{seed}:{plan.index}:reports")  # noqa: S311
    for _, rows in groupby(seen, key=lambda picture: picture.taken_at.date()):
        day = [picture for picture in rows if picture.scores]
        stress = [row.scores.angry + row.scores.sad for row in day if row.scores]
        if plan.index % 3 == 0 and stress and rng.random() < REPORTED:
            felt = 1.5 + 3 * (fmean(stress) - plan.usual) + rng.gauss(0, 1)
            yield day[-1].taken_at, min(4, max(0, round(felt)))


def draw(rng: Random, around: Sequence[float], *, sure: bool) -> EmotionScores:
    """Probabilities from a Dirichlet distribution, with or without a clear one."""
    while True:
        parts = [rng.gammavariate(alpha, 1.0) for alpha in around]
        total = sum(parts)
        if total and (max(parts) >= total / 2) is sure:
            return EmotionScores.from_array([part / total for part in parts])


def _person(rng: Random, index: int, name: str, team: int) -> Plan:
    usual = rng.betavariate(*USUAL_RATIO)
    cheerful = rng.betavariate(4, 8)
    return Plan(index, name, team, min(0.9, max(0.02, usual)), cheerful)


def _team(index: int, people: int, teams: int) -> int:
    """Teams of one size, but the last is small, so that its figures are withheld."""
    small = math.ceil(0.6 * people / teams)
    if teams == 1 or index >= people - small:
        return teams - 1
    return index % (teams - 1)


def _of_sixty(n: int, people: int) -> int:
    return max(1, round(n * people / 60))


def _shifted(rng: Random, plan: Plan, shift: float) -> Plan:
    back = rng.randint(*SHIFT_BACK)
    return replace(plan, role=Role.SHIFTED, shift=shift, shift_back=back - 1)


def _silent(plan: Plan, n: int) -> Plan:
    return replace(plan, role=Role.SILENT, last_back=(3, 5, 13)[n % 3])


def _with_gaps(rng: Random, plan: Plan, days: int) -> Plan:
    """Leave, broken cameras and single days off; no special role is hidden by any."""
    if plan.role in (Role.NEW, Role.SILENT):
        return plan
    newest = 60 if plan.role is Role.SHIFTED else 0
    away: set[int] = set()
    for chance, lengths in ((0.6, (5, 10)), (0.15, (3, 6))):
        length = rng.choice(lengths)
        start = rng.randrange(newest, max(newest + 1, days - length))
        if rng.random() < chance:
            away.update(range(start, start + length))
    away.update(n for n in range(newest, days) if rng.random() < 0.02)
    return replace(plan, away=frozenset(away))


def _day(
    rng: Random, plan: Plan, back: int, day: date, tz: tzinfo
) -> Iterator[Picture]:
    odds = math.log(plan.usual / (1 - plan.usual)) + rng.gauss(0, DAY_SD)
    ratio = 1 / (1 + math.exp(-odds))
    if back <= plan.shift_back:
        ratio += plan.shift
    chance = (ratio - CALM_STRESS) / (STRESSED_STRESS - CALM_STRESS)
    moments = _moments(rng, day, tz)
    emotion = _state(rng, plan, chance)
    for moment in moments:
        if rng.random() >= PERSISTENCE:
            emotion = _state(rng, plan, chance)
        yield _picture(rng, moment, emotion)


def _moments(rng: Random, day: date, tz: tzinfo) -> list[datetime]:
    count = max(1, round(rng.gauss(*PICTURES_A_DAY)))
    (early, morning), (late, afternoon) = MORNING, AFTERNOON
    starts = [datetime.combine(day, start, tz) for start in (early, late)]
    seconds = sorted(rng.randrange(morning + afternoon) for _ in range(count))
    return [
        starts[0] + timedelta(seconds=second)
        if second < morning
        else starts[1] + timedelta(seconds=second - morning)
        for second in seconds
    ]


def _state(rng: Random, plan: Plan, chance: float) -> str:
    """The emotion that a fresh draw of the state shows."""
    stressed, which = rng.random() < chance, rng.random()
    if stressed:
        return "sad" if which < SAD_WHEN_STRESSED else "angry"
    if which < SURPRISED_WHEN_CALM:
        return "surprise"
    cheerful = SURPRISED_WHEN_CALM + (1 - SURPRISED_WHEN_CALM) * plan.cheerful
    return "happy" if which < cheerful else "neutral"


def _picture(rng: Random, moment: datetime, emotion: str) -> Picture:
    fate = rng.random()
    if fate < NO_FACE:
        return Picture(moment, None, "")
    if fate >= NO_FACE + UNSURE:
        return Picture(moment, draw(rng, AROUND[emotion], sure=True), "")
    reason = rng.choices(REASONS, REASON_WEIGHTS)[0]
    if reason == "uncertain":
        return Picture(moment, draw(rng, FLAT, sure=False), reason)
    return Picture(moment, draw(rng, AROUND[emotion], sure=True), reason)
