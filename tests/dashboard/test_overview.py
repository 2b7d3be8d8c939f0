from __future__ import annotations

from datetime import date

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from monitor.models import Flag, Person
from monitor.services.teams import team_figures_release
from tests.factories import (
    FRIDAY,
    MODEL,
    NOON,
    PersonFactory,
    block_data,
    reading_series,
)


def names(client: Client, question: str = "") -> list[str]:
    """People of the table, in its order."""
    rows = client.get(f"/?{question}").context["rows"]
    return [row.person.name for row in rows]


def flag(person: Person) -> Flag:
    return Flag.objects.create(
        person=person,
        raised_on=FRIDAY,
        recent_ratio=0.6,
        baseline_ratio=0.2,
        z=4,
        model=MODEL,
        formula="1",
    )


@pytest.fixture
def three(stressed: Person) -> list[Person]:
    calm = PersonFactory.create(name="Ben Calm", team__name="Yard")
    reading_series(calm, stress=[0.05] * 10)
    silent = PersonFactory.create(name="Cleo Silent")
    return [stressed, calm, silent]


def test_every_ratio_has_its_interval_n_and_coverage(
    client_health: Client, stressed: Person
) -> None:
    page = client_health.get("/").content.decode()
    assert "stress 80%, 95% interval 63–90%" in page
    assert "n\u202f120 · 10/10\u202fdays" in page


def test_thin_data_shows_no_ratio(client_health: Client, ada: Person) -> None:
    reading_series(ada, stress=[0.8], per_day=3)
    page = client_health.get("/").content.decode()
    assert "Not enough data" in page
    assert "80%" not in page


def test_silence_is_stale(client_health: Client, ada: Person) -> None:
    reading_series(ada, stress=[0.1] * 5 + [None] * 5)
    page = client_health.get("/").content.decode()
    assert "badge-stale" in page
    assert "11 Mar" not in page
    assert "13 Mar 2026" in page


def test_open_flags_come_first(client_health: Client, three: list[Person]) -> None:
    flag(three[1])
    assert names(client_health)[0] == "Ben Calm"
    assert "Flag raised" in client_health.get("/").content.decode()


def test_many_flags_are_cut_to_nine_cards(client_health: Client) -> None:
    for person in PersonFactory.create_batch(11):
        flag(person)
    page = client_health.get("/")
    assert len(page.context["flagged"]) == 9
    assert "2 more open flags" in page.content.decode()


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("q=cleo", ["Cleo Silent"]),
        ("q=P001", ["Ada Example"]),
        ("q=yard", ["Ben Calm"]),
        ("verdict=stressed", ["Ada Example"]),
        ("verdict=not+stressed", ["Ben Calm"]),
        ("verdict=stale", ["Cleo Silent"]),
        ("verdict=flagged", []),
        ("sort=name", ["Ada Example", "Ben Calm", "Cleo Silent"]),
        ("sort=stress", ["Ada Example", "Ben Calm", "Cleo Silent"]),
        ("sort=last", ["Cleo Silent", "Ada Example", "Ben Calm"]),
    ],
)
def test_it_filters_and_sorts(
    client_health: Client, three: list[Person], question: str, found: list[str]
) -> None:
    assert names(client_health, question) == found


def test_it_filters_by_team(client_health: Client, three: list[Person]) -> None:
    assert names(client_health, f"team={three[1].team_id}") == ["Ben Calm"]


def test_an_unknown_filter_is_named_and_ignored(
    client_health: Client, three: list[Person]
) -> None:
    page = client_health.get("/?verdict=nonsense")
    assert len(page.context["rows"]) == 3
    assert "it is not used" in page.content.decode()


def test_htmx_gets_the_table_alone(client_health: Client, ada: Person) -> None:
    response = client_health.get("/?q=ada", headers={"HX-Request": "true"})
    page = response.content.decode()
    assert page.startswith('<div id="people"')
    assert "HX-Request" in response.headers["Vary"]


def test_a_small_team_is_not_shown(client_health: Client, stressed: Person) -> None:
    assert "Not shown:" in client_health.get("/").content.decode()


def test_a_team_shows_which_days_it_covers(client_health: Client, ada: Person) -> None:
    people = [ada, *PersonFactory.create_batch(7, team=ada.team)]
    block_data({person.pk: 0.3 for person in people}, date(2026, 2, 23))
    team_figures_release(now=NOON)
    page = client_health.get("/").content.decode()
    assert "23 Feb 2026 to 8 Mar 2026, 8 or more people" in page
    assert "Not shown:" not in page


def test_a_demonstration_says_so(client_health: Client, ada: Person) -> None:
    from monitor.models import Organisation

    assert "Demonstration data" not in client_health.get("/").content.decode()
    Organisation.objects.update(demonstration=True)
    assert "Demonstration data" in client_health.get("/").content.decode()


def test_names_cannot_carry_markup(client_health: Client, ada: Person) -> None:
    PersonFactory.create(name="<script>alert(1)</script>")
    assert "<script>alert" not in client_health.get("/").content.decode()


@pytest.mark.parametrize("people", [2, 12])
def test_it_asks_the_database_equally_often_for_any_number_of_people(
    client_health: Client,
    django_assert_max_num_queries: DjangoAssertNumQueries,
    people: int,
) -> None:
    for person in PersonFactory.create_batch(people):
        reading_series(person, stress=[0.2] * 3, per_day=2)
    client_health.get("/")
    with django_assert_max_num_queries(18):
        client_health.get("/")
