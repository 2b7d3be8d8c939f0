"""Figures of rooms are released with those of teams, beside none of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User

from monitor import team_selectors
from monitor.models import (
    Camera,
    Organisation,
    Person,
    RoomDay,
    RoomFigure,
    Team,
    TeamFigure,
)
from monitor.periods import BLOCK
from monitor.rooms import crew_of
from monitor.scoring import FORMULA, Weights
from monitor.services import recompute
from monitor.services.consent import consent_withdraw
from monitor.services.formulas import Numbers, formula_add, formula_forget
from monitor.services.recompute import Asked
from monitor.services.room_figures import BESIDE
from tests.factories import (
    MODEL,
    NOON,
    CameraFactory,
    PersonFactory,
    TeamFactory,
    UserFactory,
    block_data,
)
from tests.monitor.conftest import client_of
from tests.monitor.test_room_days import rebuild, seen
from tests.monitor.test_teams import FIRST, SECOND, figure, release

THIRD = SECOND + BLOCK


@pytest.fixture(autouse=True)
def setting(organisation: Organisation) -> None:
    """Everything here happens in an organisation."""


@pytest.fixture
def team() -> Team:
    """Nine people without cameras at their desks, and one in their room."""
    made: Team = TeamFactory.create(name="Post")
    PersonFactory.create_batch(9, team=made)
    CameraFactory.create(person=None, team=made)
    return made


@pytest.fixture
def manager() -> User:
    user = UserFactory.create(username="manager")
    user.user_permissions.add(Permission.objects.get(codename="view_team"))
    return user


def room_data(
    team: Team, stress: float, first: date, *, days: int = 5, **fields: Any
) -> None:
    """Days of ten bins with five faces each; what is not stress is half happy."""
    values = {"crew": crew_of(team.pk).mark, "model": MODEL, "formula_id": FORMULA}
    RoomDay.objects.bulk_create(
        RoomDay(
            team=team,
            day=first + timedelta(days=n),
            bins=10,
            pictures=10,
            faces=50,
            unsure=0,
            weight_sum=2.0,
            angry_sum=0.0,
            happy_sum=5 * (1 - stress),
            neutral_sum=5 * (1 - stress),
            sad_sum=10 * stress,
            surprise_sum=0.0,
            **(values | fields),
        )
        for n in range(days)
    )


def the_room(team: Team, first: date = FIRST) -> RoomFigure:
    return RoomFigure.objects.get(team=team, first_day=first)


def desks(people: Iterable[Person], first: date = FIRST) -> None:
    block_data({row.pk: 0.3 for row in people}, first)


def test_a_room_is_released_with_the_teams(team: Team) -> None:
    room_data(team, 0.4, FIRST)
    release(FIRST)
    made = the_room(team)
    assert (made.reason, made.days, made.expected_days) == ("", 5, 10)
    assert (made.stress, made.happiness) == pytest.approx((0.4, 0.3))
    assert made.is_base
    assert made.people.count() == 9


def test_it_is_written_once_and_never_changed(team: Team) -> None:
    room_data(team, 0.4, FIRST)
    release(FIRST)
    RoomDay.objects.all().delete()
    for person in team.people.all():
        consent_withdraw(person=person)
    release(FIRST)
    assert the_room(team).stress == pytest.approx(0.4)


def test_a_team_without_a_room_has_no_figure_of_one(team: Team, admin: User) -> None:
    Camera.objects.update(active=False)
    release(FIRST)
    assert not RoomFigure.objects.exists()
    assert [row.room for row in team_selectors.team_rows(user=admin)] == [None]


@pytest.mark.parametrize("consented", [True, False])
def test_a_changed_team_has_no_figure_of_the_block(team: Team, consented: bool) -> None:
    room_data(team, 0.4, FIRST)
    PersonFactory.create(team=team, consented=consented)
    release(FIRST)
    reason = "somebody joined or left" if consented else "each of whom consents"
    assert reason in the_room(team).reason


def test_withdrawal_stops_the_release(team: Team) -> None:
    room_data(team, 0.4, FIRST)
    person = team.people.first()
    assert person
    consent_withdraw(person=person)
    release(FIRST)
    made = the_room(team)
    assert made.reason == "it needs 8 or more people, each of whom consents"
    assert (made.stress, made.shift) == (None, None)


def test_no_room_stands_beside_the_figure_of_its_people(team: Team) -> None:
    """9 room - 8 team would be about the ninth, who has no camera at the desk."""
    people = list(team.people.all())
    desks(people[1:])
    room_data(team, 0.4, FIRST)
    release(FIRST)
    assert figure(team).reason == ""
    made = the_room(team)
    assert (made.reason, made.level, made.shift) == (BESIDE, None, None)


def test_a_room_is_no_base_for_people_who_are_in_one_of_a_team(team: Team) -> None:
    desks(list(team.people.all())[1:])
    release(FIRST)
    room_data(team, 0.4, SECOND)
    release(SECOND)
    assert "fewer than 8 of its people" in the_room(team, SECOND).reason


def test_a_team_is_no_base_for_people_who_are_in_one_of_a_room(team: Team) -> None:
    room_data(team, 0.4, FIRST)
    release(FIRST)
    desks(list(team.people.all())[1:], SECOND)
    release(SECOND)
    assert "in an earlier figure together" in figure(team, SECOND).reason
    assert RoomFigure.objects.filter(first_day=SECOND).exists()


def test_the_very_same_people_may_have_one_after_the_other(team: Team) -> None:
    room_data(team, 0.4, FIRST)
    release(FIRST)
    desks(team.people.all(), SECOND)
    release(SECOND)
    assert figure(team, SECOND).is_base
    room_data(team, 0.2, THIRD)
    release(THIRD)
    assert the_room(team, THIRD).stress == pytest.approx(0.2)


def test_who_leaves_moves_no_level(team: Team) -> None:
    room_data(team, 0.4, FIRST)
    release(FIRST)
    Person.objects.filter(pk=team.people.all()[0].pk).update(team=TeamFactory.create())
    room_data(team, 0.1, SECOND)
    release(SECOND)
    room_data(team, 0.2, THIRD)
    release(THIRD)
    assert "goes on from here" in the_room(team, SECOND).reason
    assert the_room(team, THIRD).stress == pytest.approx(0.5)


def test_a_deleted_team_leaves_its_people_in_their_base(team: Team) -> None:
    room_data(team, 0.4, FIRST)
    release(FIRST)
    other = TeamFactory.create()
    Person.objects.update(team=other)
    Camera.objects.update(team=other)
    team.delete()
    assert RoomFigure.objects.get().people.count() == 9
    assert not RoomDay.objects.exists()


def test_whoever_may_see_the_team_sees_it_rounded(team: Team, manager: User) -> None:
    room_data(team, 0.42, FIRST)
    release(FIRST)
    answer = client_of(manager).get(f"/api/v1/teams/{team.pk}/ratios/").json()
    (block,) = answer["blocks"]
    assert block["stress"] is None
    room = block["room"]
    assert (room["stress"], room["happiness"], room["reason"]) == (0.4, 0.3, "")
    assert room["stress_interval"] == {"low": 0.4, "high": 0.45}
    assert (room["days"], room["coverage"], room["people_at_least"]) == (5, 0.5, 8)


def test_days_of_a_formula_that_pages_do_not_read_are_left_out(team: Team) -> None:
    from monitor.models import Formula

    Formula.objects.create(name="other", since=FIRST)
    room_data(team, 0.9, FIRST, formula_id="other")
    room_data(team, 0.4, FIRST)
    release(FIRST)
    assert the_room(team).stress == pytest.approx(0.4)


def test_a_recomputation_sums_up_rooms_and_is_undone(team: Team) -> None:
    other = formula_add(name="2", numbers=Numbers(Weights(), 0.3), by="me")
    for n in range(3):
        seen(team, NOON, usable=n < 2)
    asked = Asked(other, None, "me")
    run = recompute.recomputation_start(asked=asked, now=NOON)
    list(recompute.recomputation_pursue(run=run))
    assert RoomDay.objects.get(formula="2").faces == 9
    assert rebuild() == 1
    assert RoomDay.objects.get(formula=FORMULA).faces == 6
    formula_forget(formula=other)
    assert not RoomDay.objects.filter(formula="2").exists()


def test_the_query_count_does_not_grow_with_rooms(
    team: Team, admin: User, django_assert_num_queries: Any
) -> None:
    for _ in range(3):
        other = TeamFactory.create()
        PersonFactory.create_batch(8, team=other)
        room_data(other, 0.4, FIRST)
    release(FIRST)
    assert TeamFigure.objects.count() == 4
    with django_assert_num_queries(3):
        rows = team_selectors.team_rows(user=admin)
    assert [bool(row.room) for row in rows] == [True] * 4
