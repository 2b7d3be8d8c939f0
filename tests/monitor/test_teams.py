"""Figures are released once, for all teams together, and read by everybody alike."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import IntegrityError, transaction

from monitor import checks, team_selectors
from monitor.models import Organisation, Person, Team, TeamFigure
from monitor.periods import BLOCK, Period
from monitor.services.consent import consent_withdraw
from monitor.services.teams import team_figures_release
from tests.factories import PersonFactory, TeamFactory, UserFactory, block_data
from tests.monitor.conftest import client_of

FIRST = date(2026, 2, 23)
SECOND = FIRST + BLOCK


@pytest.fixture(autouse=True)
def setting(organisation: Organisation) -> None:
    """Everything here happens in an organisation."""


@pytest.fixture
def ten() -> list[Person]:
    people = PersonFactory.create_batch(10, team=TeamFactory.create(name="Post"))
    block_data({row.pk: 0.3 for row in people}, FIRST)
    return people


@pytest.fixture
def manager() -> User:
    """May see teams, and nobody in them."""
    user = UserFactory.create(username="manager")
    user.user_permissions.add(Permission.objects.get(codename="view_team"))
    return user


def settled(first: date) -> datetime:
    return datetime(first.year, first.month, first.day, tzinfo=UTC) + timedelta(days=16)


def release(first: date) -> int:
    return team_figures_release(now=settled(first))


def figure(team: Team, first: date = FIRST) -> TeamFigure:
    return TeamFigure.objects.get(team=team, first_day=first)


def test_a_block_is_released_when_it_has_settled(ten: list[Person]) -> None:
    berlin = settled(FIRST) - timedelta(hours=1)  # midnight there
    team_figures_release(now=berlin - timedelta(seconds=1))
    assert not TeamFigure.objects.filter(first_day=FIRST).exists()
    team_figures_release(now=berlin)
    made = figure(ten[0].team)
    assert (made.stress, made.happiness) == pytest.approx((0.3, 0.35))
    assert set(made.people.all()) == set(ten)


def test_nothing_changes_a_figure_once_it_is_released(ten: list[Person]) -> None:
    assert release(FIRST) == 1
    block_data({row.pk: 1.0 for row in ten}, FIRST + timedelta(days=5))
    consent_withdraw(person=ten[0])
    Person.objects.filter(pk=ten[1].pk).update(team=TeamFactory.create())
    assert release(FIRST) == 0
    assert figure(ten[0].team).stress == pytest.approx(0.3)


def test_a_team_made_later_has_no_figures_of_the_block(ten: list[Person]) -> None:
    release(FIRST)
    team = TeamFactory.create()
    Person.objects.filter(pk__in=[row.pk for row in ten[:9]]).update(team=team)
    release(FIRST)
    assert not team.figures.exists()


def test_a_deleted_team_frees_no_block(ten: list[Person], admin: User) -> None:
    release(FIRST)
    old = ten[0].team
    Person.objects.update(team=TeamFactory.create())
    old.delete()
    assert release(FIRST) == 0
    assert {row.stress for row in team_selectors.team_rows(user=admin)} == {None}


def test_a_block_that_was_missed_is_not_made_up_for(ten: list[Person]) -> None:
    release(SECOND)
    assert release(FIRST) == 0
    assert not TeamFigure.objects.filter(first_day=FIRST).exists()


def test_the_next_block_is_linked_without_those_who_left(ten: list[Person]) -> None:
    release(FIRST)
    block_data({row.pk: 0.5 for row in ten[1:]}, SECOND)
    newcomer = PersonFactory.create(team=ten[0].team)
    block_data({newcomer.pk: 1.0}, SECOND)
    release(SECOND)
    made = figure(ten[0].team, SECOND)
    assert not made.is_base
    assert made.stress == pytest.approx(0.5)


def test_a_team_split_off_goes_on_from_the_old_level(ten: list[Person]) -> None:
    release(FIRST)
    team = TeamFactory.create()
    Person.objects.filter(pk__in=[row.pk for row in ten[1:]]).update(team=team)
    block_data({row.pk: 0.4 for row in ten}, SECOND)
    release(SECOND)
    assert figure(team, SECOND).stress == pytest.approx(0.4)
    assert not figure(team, SECOND).is_base
    assert figure(ten[0].team, SECOND).reason


def test_people_without_consent_are_in_no_figure(ten: list[Person]) -> None:
    for person in ten[:3]:
        consent_withdraw(person=person)
    release(FIRST)
    assert figure(ten[0].team).reason == "fewer than 8 people have enough data"


def test_people_with_thin_data_are_in_no_figure(ten: list[Person]) -> None:
    thin = PersonFactory.create(team=ten[0].team)
    block_data({thin.pk: 1.0}, FIRST, bins=9)
    release(FIRST)
    assert thin not in figure(ten[0].team).people.all()


def test_the_database_keeps_two_figures_of_a_block_out(ten: list[Person]) -> None:
    release(FIRST)
    row = figure(ten[0].team)
    row.pk = None
    with transaction.atomic(), pytest.raises(IntegrityError):
        row.save(force_insert=True)


def test_whoever_may_see_a_team_sees_the_same(
    ten: list[Person], admin: User, manager: User
) -> None:
    release(FIRST)
    seen = [team_selectors.team_rows(user=user) for user in (admin, manager)]
    assert seen[0] == seen[1]
    assert (seen[0][0].stress, seen[0][0].people_at_least) == (0.3, 8)


def test_others_see_no_team(ten: list[Person], stranger: User) -> None:
    release(FIRST)
    assert team_selectors.team_rows(user=stranger) == []
    team = ten[0].team
    assert team_selectors.team_blocks(user=stranger, team=team, period=None) == []


def test_an_inactive_account_sees_no_team(ten: list[Person], admin: User) -> None:
    admin.is_active = False
    assert team_selectors.team_rows(user=admin) == []


@pytest.mark.parametrize(
    ("first", "last", "blocks"),
    [
        (FIRST, FIRST + timedelta(days=13), [FIRST]),
        (FIRST + timedelta(days=1), FIRST + timedelta(days=26), []),
        (FIRST + timedelta(days=1), FIRST + timedelta(days=27), [SECOND]),
        (FIRST - timedelta(days=9), FIRST + timedelta(days=40), [FIRST, SECOND]),
    ],
)
def test_a_period_gives_the_blocks_inside_it(
    ten: list[Person], admin: User, first: date, last: date, blocks: list[date]
) -> None:
    release(FIRST)
    release(SECOND)
    period = Period.days(first, last, Organisation.current().tz)
    rows = team_selectors.team_blocks(user=admin, team=ten[0].team, period=period)
    assert [row.first_day for row in rows] == blocks


def test_the_api_gives_the_last_block(ten: list[Person], manager: User) -> None:
    release(FIRST)
    team = ten[0].team
    answer = client_of(manager).get(f"/api/v1/teams/{team.pk}/ratios/").json()
    (block,) = answer["blocks"]
    assert (block["from"], block["to"]) == ("2026-02-23", "2026-03-08")
    assert (block["stress"], block["people_at_least"]) == (0.3, 8)
    assert block["stress_interval"] == {"low": 0.3, "high": 0.3}


def test_the_api_withholds_with_a_reason(ten: list[Person], manager: User) -> None:
    Person.objects.filter(pk__in=[row.pk for row in ten[:3]]).delete()
    release(FIRST)
    path = f"/api/v1/teams/{ten[9].team_id}/ratios/"
    (block,) = client_of(manager).get(path).json()["blocks"]
    assert (block["stress"], block["people_at_least"]) == (None, None)
    assert block["reason"] == "fewer than 8 people have enough data"


def test_the_api_refuses_a_period_without_a_block(
    ten: list[Person], manager: User
) -> None:
    release(FIRST)
    path = f"/api/v1/teams/{ten[0].team_id}/ratios/"
    answer = client_of(manager).get(path, {"from": "2026-02-24", "to": "2026-03-08"})
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "no_whole_block"


def test_who_sees_teams_sees_nobody_in_them(ten: list[Person], manager: User) -> None:
    assert list(Person.objects.visible_to(manager)) == []
    answer = client_of(manager).get(f"/api/v1/people/{ten[0].pk}/ratios/")
    assert answer.status_code == 404


def test_a_team_size_below_five_stops_the_start(settings: Any) -> None:
    settings.TEAM_SIZE = 5
    assert checks.team_size() == []
    settings.TEAM_SIZE = 4
    assert [found.id for found in checks.team_size()] == ["monitor.E002"]
