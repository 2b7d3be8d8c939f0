"""Trying to make out a person by comparing figures of teams.

The attacker knows who was in which team and who had data when; the test keeps book of
that from the inside, with everybody's ratios.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import combinations, product
from random import Random
from statistics import fmean
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User

from bench.isolation import Row, by_chance, gain
from monitor import team_selectors
from monitor.models import Organisation, Person, Team
from monitor.periods import BLOCK, Period
from monitor.services.consent import consent_withdraw
from monitor.services.teams import team_figures_release
from tests.factories import PersonFactory, TeamFactory, UserFactory, block_data
from tests.monitor.conftest import client_of

FIRST = date(2026, 1, 12)
K = 8
PAIRS = 200
FILTERS: list[dict[str, str]] = [
    {},
    {"person": "1"},
    {"number": "F0001"},
    {"team": "2"},
    {"page_size": "1"},
]

Key = tuple[int, date]
Answers = dict[Key, tuple[float, float, float]]  # stress and its interval


@dataclass
class World:
    """Levels of people, and whose ratios were in which team and block."""

    rng: Random
    teams: list[Team]
    levels: dict[int, float] = field(default_factory=dict)
    book: dict[Key, dict[int, float]] = field(default_factory=dict)

    @classmethod
    def of(cls, rng: Random, teams: int, people: int, blocks: int) -> World:
        world = cls(rng, TeamFactory.create_batch(teams))
        for team in world.teams:
            for person in PersonFactory.create_batch(people, team=team):
                world.levels[person.pk] = rng.betavariate(2, 6)
        for n in range(blocks):
            world.live(FIRST + n * BLOCK)
        return world

    def live(self, block: date) -> None:
        """Somebody is away here and there; afterwards one moves, one withdraws."""
        for team in self.teams:
            people = Person.objects.consented().filter(team=team).order_by("pk")
            there = list(people.values_list("pk", flat=True))
            if self.rng.random() < 0.5:
                there.remove(self.rng.choice(there))
            ratios = {pk: self.ratio(pk) for pk in there}
            block_data(ratios, block)
            self.book[team.pk, block] = ratios
        settled = datetime.combine(block + BLOCK + timedelta(days=3), time(), UTC)
        assert team_figures_release(now=settled) == len(self.teams)
        moves, withdraws = self.rng.sample(sorted(self.levels), 2)
        Person.objects.filter(pk=moves).update(team=self.rng.choice(self.teams))
        consent_withdraw(person=Person.objects.get(pk=withdraws))

    def ratio(self, pk: int) -> float:
        return min(1.0, max(0.0, self.rng.gauss(self.levels[pk], 0.03)))


@pytest.fixture(autouse=True)
def quick(organisation: Organisation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.team_scoring.RESAMPLES", 200)


@pytest.fixture
def users(admin: User) -> list[User]:
    manager = UserFactory.create(username="manager")
    manager.user_permissions.add(Permission.objects.get(codename="view_team"))
    return [admin, manager, UserFactory.create(occupational_health=True)]


def by_selector(user: User, team: Team, period: Period) -> Answers:
    rows = team_selectors.team_blocks(user=user, team=team, period=period)
    return {
        (team.pk, row.first_day): (row.stress, *row.stress_interval)
        for row in rows
        if row.first_day and row.stress is not None and row.stress_interval
    }


def by_api(user: User, team: Team, period: Period, filters: dict[str, str]) -> Answers:
    days = {"from": str(period.first_day), "to": str(period.last_day)}
    path = f"/api/v1/teams/{team.pk}/ratios/"
    answer = client_of(user).get(path, days | filters).json()
    return {
        (answer["team"], date.fromisoformat(row["from"])): (
            row["stress"],
            *row["stress_interval"].values(),
        )
        for row in answer.get("blocks", [])
        if row["stress"] is not None
    }


def random_query(world: World, users: list[User]) -> Answers:
    rng = world.rng
    first = FIRST + timedelta(days=rng.randrange(-20, 80))
    last = first + timedelta(days=rng.randrange(60))
    period = Period.days(first, last, Organisation.current().tz)
    user, team = rng.choice(users), rng.choice(world.teams)
    if rng.random() < 0.5:
        return by_selector(user, team, period)
    return by_api(user, team, period, rng.choice(FILTERS))


def may_stand_together(world: World, one: Answers, two: Answers) -> Iterator[bool]:
    """Equal (with equal answers), disjoint in time, or different by at least k."""
    for a, b in product(one, two):
        people, others = world.book[a].keys(), world.book[b].keys()
        same = people == others and one[a] == two[b]
        yield same or a[1] != b[1] or len(people ^ others) >= K


@pytest.mark.no_cover  # much work that others cover
def test_no_pair_of_queries_differs_by_fewer_than_k(users: list[User]) -> None:
    world = World.of(Random(1), teams=4, people=14, blocks=6)
    compared = [
        fine
        for _ in range(PAIRS)
        for fine in may_stand_together(
            world, random_query(world, users), random_query(world, users)
        )
    ]
    assert len(compared) > PAIRS
    assert all(compared)


def released(user: User, world: World) -> Answers:
    days = [block for _, block in world.book]
    period = Period.days(min(days), max(days) + BLOCK, Organisation.current().tz)
    found: Answers = {}
    for team in world.teams:
        found |= by_selector(user, team, period)
    return found


def unguarded(user: User, world: World) -> Answers:
    """The mean of whoever is there: k people, five points, and no more."""
    means = {key: fmean(people.values()) for key, people in world.book.items()}
    rounded = {key: round(20 * mean) / 20 for key, mean in means.items()}
    return {key: (mean, mean, mean) for key, mean in rounded.items()}


def isolating_pairs(world: World, answers: Answers) -> list[Row]:
    """200 random pairs of a team's figures, of groups different by fewer than k.

    With the level of one of those by whom they differ, the mean of both figures, what
    their difference says of that person, and by how much one's interval is wider.
    """
    rows: list[Row] = []
    pairs = [(a, b) for a, b in combinations(sorted(answers), 2) if a[0] == b[0]]
    for a, b in world.rng.sample(pairs, len(pairs)):
        odd = sorted(world.book[a].keys() ^ world.book[b].keys())
        if not 0 < len(odd) < K or len(rows) == PAIRS:
            continue
        person = world.rng.choice(odd)
        one, two = (a, b) if person in world.book[a] else (b, a)
        (x, low, high), (y, bottom, top) = answers[one], answers[two]
        said = len(world.book[one]) * (x - y)
        wider = (high - low) - (top - bottom)
        rows.append((world.levels[person], (x + y) / 2, said, wider))
    return rows


@pytest.mark.no_cover  # much work that others cover
@pytest.mark.parametrize(("way", "tells"), [(released, False), (unguarded, True)])
def test_differences_tell_nothing_about_a_person(
    admin: User, way: Callable[[User, World], Any], tells: bool
) -> None:
    """The best linear guess of a person's level is no better with the differences.

    It is fitted on the very people it is tried on. "Better" is a smaller root mean
    square error by more than a random number in place of the difference would make
    it once in a hundred times (F test). Figures without the guard fail this.
    """
    world = World.of(Random(2), teams=20, people=13, blocks=8)
    rows = isolating_pairs(world, way(admin, world))
    assert len(rows) == PAIRS
    assert (gain(rows, [2]) > by_chance(PAIRS)) is tells
    assert gain(rows, [3]) <= by_chance(PAIRS)
