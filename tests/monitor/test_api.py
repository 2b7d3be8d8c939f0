"""Reading through the API: who sees what, in which form, and the trail of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient

from monitor import vault
from monitor.models import AccessEntry, Person, Reading, Snapshot, SnapshotImage
from monitor.services import analysis
from monitor.services.consent import consent_withdraw
from tests.fakes import FakeEngine
from tests.monitor.conftest import client_of

V1 = "/api/v1"


@pytest.fixture
def snapshot(person: Person, engine: FakeEngine) -> Snapshot:
    """An analysed picture of the person, a sad one."""
    now = timezone.now()
    row = Snapshot.objects.create(
        person=person, taken_at=now, received_at=now, source="api"
    )
    SnapshotImage.objects.create(snapshot=row, sealed=vault.seal(b"x"))
    analysis.analyse_waiting()
    row.refresh_from_db()
    return row


def looks() -> list[tuple[str, str]]:
    rows = AccessEntry.objects.order_by("pk")
    return list(rows.values_list("person__number", "action"))


def test_a_result_is_read_by_id(api: APIClient, snapshot: Snapshot) -> None:
    answer = api.get(f"{V1}/snapshots/{snapshot.pk}/").json()
    assert (answer["status"], answer["is_finished"]) == ("done", True)
    reading = answer["readings"][0]
    assert (reading["label"], reading["box"]) == ("sad", [10, 20, 120, 120])
    assert sum(reading["probabilities"].values()) == pytest.approx(1)
    assert looks() == [("P001", "snapshot")]


def test_ratios_come_with_interval_and_counts(
    api: APIClient, snapshot: Snapshot
) -> None:
    answer = api.get(f"{V1}/people/{snapshot.person_id}/ratios/").json()
    assert answer["stress"] == pytest.approx(0.8)
    interval = answer["stress_interval"]
    assert 0 < interval["low"] < 0.8 < interval["high"] < 1
    assert (answer["bins"], answer["verdict"]) == (1, "not enough data")
    assert answer["missing"]
    assert looks() == [("P001", "api")]


def test_ratios_of_an_empty_period_are_null(api: APIClient, snapshot: Snapshot) -> None:
    url = f"{V1}/people/{snapshot.person_id}/ratios/?from=2020-01-01&to=2020-01-31"
    answer = api.get(url).json()
    assert (answer["from"], answer["to"]) == ("2020-01-01", "2020-01-31")
    assert (answer["stress"], answer["stress_interval"], answer["bins"]) == (
        None,
        None,
        0,
    )


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("from=2026-02-01&to=2026-01-01", "from"),
        ("from=never", "from"),
        ("to=31.12.2026", "to"),
        ("from=2999-01-01", "from"),
    ],
)
def test_impossible_periods_are_refused(
    api: APIClient, person: Person, query: str, field: str
) -> None:
    answer = api.get(f"{V1}/people/{person.pk}/ratios/?{query}")
    assert answer.status_code == 400
    assert answer.json()["error"]["field"] == field


def test_readings_are_newest_first_and_filtered(
    api: APIClient, snapshot: Snapshot
) -> None:
    Reading.objects.update(taken_at=timezone.now() - timedelta(days=40))
    url = f"{V1}/people/{snapshot.person_id}/readings/"
    assert api.get(url).json()["count"] == 1
    today = timezone.now().date().isoformat()
    assert api.get(f"{url}?from={today}").json()["count"] == 0
    assert api.get(f"{url}?usable=false").json()["count"] == 0


def test_people_are_listed_by_name_without_results(
    api: APIClient, person: Person
) -> None:
    assert api.get(f"{V1}/people/").json()["results"] == [
        {
            "id": person.pk,
            "number": "P001",
            "name": "Ada Example",
            "team": "Post room",
            "team_id": person.team_id,
        }
    ]


def test_flags_list_is_empty_at_first(api: APIClient, person: Person) -> None:
    assert api.get(f"{V1}/flags/").json()["results"] == []


ONE_PERSON = ("people/{}/", "people/{}/ratios/", "people/{}/readings/")


@pytest.mark.parametrize("path", ONE_PERSON)
def test_nobody_sees_a_stranger(person: Person, stranger: User, path: str) -> None:
    answer = client_of(stranger).get(f"{V1}/{path.format(person.pk)}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
    assert looks() == []


@pytest.mark.parametrize("path", ONE_PERSON)
def test_employees_see_themselves(person: Person, employee: User, path: str) -> None:
    assert client_of(employee).get(f"{V1}/{path.format(person.pk)}").status_code == 200


@pytest.mark.parametrize("path", ONE_PERSON)
def test_withdrawal_hides_at_once(
    api: APIClient, snapshot: Snapshot, path: str
) -> None:
    assert snapshot.person
    consent_withdraw(person=snapshot.person)
    assert api.get(f"{V1}/{path.format(snapshot.person_id)}").status_code == 404
    assert api.get(f"{V1}/snapshots/{snapshot.pk}/").status_code == 404
    assert api.get(f"{V1}/people/").json()["count"] == 0


@pytest.mark.parametrize("path", ["people/", "teams/", "flags/", "snapshots/1/"])
def test_everything_needs_a_login(db: None, path: str) -> None:
    answer = APIClient().get(f"{V1}/{path}")
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "not_authenticated"


def test_employees_see_no_teams(employee: User, person: Person) -> None:
    client = client_of(employee)
    assert client.get(f"{V1}/teams/").json()["results"] == []
    ratios = client.get(f"{V1}/teams/{person.team_id}/ratios/")
    assert ratios.status_code == 404


def test_a_token_is_given_for_name_and_password(person: Person) -> None:
    user = User.objects.create_user("device", password="long enough 42")
    client = APIClient()
    login: dict[str, Any] = {"username": "device", "password": "long enough 42"}
    answer = client.post(f"{V1}/token/", login)
    assert answer.json() == {"token": Token.objects.get(user=user).key}
    login["password"] = "wrong"
    assert client.post(f"{V1}/token/", login).status_code == 400


def test_a_wrong_token_is_refused(db: None) -> None:
    client = APIClient(HTTP_AUTHORIZATION="Token nonsense")
    answer = client.get(f"{V1}/people/")
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "authentication_failed"


def test_the_schema_names_every_way(api: APIClient) -> None:
    answer = api.get(f"{V1}/schema/", HTTP_ACCEPT="application/json")
    assert answer.status_code == 200
    for path in ("/snapshots/", "/people/{id}/ratios/", "/teams/{id}/ratios/"):
        assert f"{V1}{path}" in answer.content.decode()
