"""A flag's life through the API, and who is refused on the way."""

from __future__ import annotations

from datetime import date

import pytest
import time_machine
from django.contrib.auth.models import User
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from monitor.models import AccessEntry, Flag, Person
from monitor.services import flags
from monitor.services.flags import Rise
from tests.factories import MODEL, NOON, PersonFactory, reading_series
from tests.monitor.conftest import client_of

V1 = "/api/v1"
FRIDAY = date(2026, 3, 20)
RISE = Rise(recent=0.6, baseline=0.2, z=4.0, model=MODEL, formula="1")
CONCLUSION = {
    "outcome": "other",
    "found": "A move.",
    "agreed": "Nothing.",
    "reason": "We talked.",
}
INPUTS = {
    "acknowledge": {"note": "Seen."},
    "review": {"note": "Will talk."},
    "conclude": CONCLUSION,
    "answer": {"text": "I moved house."},
}


@pytest.fixture
def flag(person: Person) -> Flag:
    return flags.flag_raise(person_id=person.pk, on=FRIDAY, rise=RISE)[0]


def test_a_flag_is_reviewed_step_by_step(api: APIClient, flag: Flag) -> None:
    url = f"{V1}/flags/{flag.pk}/"
    seen = [
        api.post(f"{url}{step}/", INPUTS[step]).json()["status"]
        for step in ("acknowledge", "review", "conclude")
    ]
    assert seen == ["acknowledged", "in_review", "closed"]
    answer = api.get(url).json()
    assert (answer["outcome"], answer["agreed"]) == ("other", "Nothing.")
    assert [event["new"] for event in answer["events"]] == ["raised", *seen]


def test_the_person_answers(employee: User, flag: Flag) -> None:
    sent = client_of(employee).post(f"{V1}/flags/{flag.pk}/answer/", INPUTS["answer"])
    assert sent.status_code == 200
    assert sent.json()["events"][-1]["answer"] == "I moved house."


@pytest.mark.parametrize("step", ["acknowledge", "review", "conclude"])
def test_the_person_does_not_review(employee: User, flag: Flag, step: str) -> None:
    sent = client_of(employee).post(f"{V1}/flags/{flag.pk}/{step}/", INPUTS[step])
    assert sent.status_code == 403
    assert flag.events.count() == 1


def test_a_reviewer_does_not_answer(api: APIClient, flag: Flag) -> None:
    sent = api.post(f"{V1}/flags/{flag.pk}/answer/", INPUTS["answer"])
    assert (sent.status_code, sent.json()["error"]["code"]) == (409, "change_refused")


def test_a_change_that_is_not_allowed_is_refused(api: APIClient, flag: Flag) -> None:
    url = f"{V1}/flags/{flag.pk}/acknowledge/"
    api.post(url, INPUTS["acknowledge"])
    sent = api.post(url, INPUTS["acknowledge"])
    assert sent.status_code == 409
    assert "cannot become acknowledged" in sent.json()["error"]["message"]


@pytest.mark.parametrize(
    ("step", "sent", "field"),
    [
        ("acknowledge", {}, "note"),
        ("review", {"note": "x" * 401}, "note"),
        ("conclude", CONCLUSION | {"outcome": "guilty"}, "outcome"),
        ("conclude", CONCLUSION | {"found": " "}, "found"),
        ("answer", {"text": ""}, "text"),
    ],
)
def test_what_is_missing_is_named(
    api: APIClient, flag: Flag, step: str, sent: dict[str, str], field: str
) -> None:
    answer = api.post(f"{V1}/flags/{flag.pk}/{step}/", sent)
    assert (answer.status_code, answer.json()["error"]["field"]) == (400, field)


def test_a_stranger_finds_nothing(stranger: User, flag: Flag) -> None:
    client = client_of(stranger)
    assert client.get(f"{V1}/flags/{flag.pk}/").status_code == 404
    sent = client.post(f"{V1}/flags/{flag.pk}/answer/", INPUTS["answer"])
    assert sent.status_code == 404
    assert not AccessEntry.objects.exists()


@pytest.mark.parametrize("path", ["", *(f"{step}/" for step in INPUTS)])
def test_it_needs_a_login(flag: Flag, path: str) -> None:
    url = f"{V1}/flags/{flag.pk}/{path}"
    client = APIClient()
    assert (client.post(url) if path else client.get(url)).status_code == 401


def test_each_answer_is_one_look(api: APIClient, flag: Flag) -> None:
    api.get(f"{V1}/flags/{flag.pk}/")
    api.post(f"{V1}/flags/{flag.pk}/review/", INPUTS["review"])
    looks = AccessEntry.objects.values_list("person", "action")
    assert list(looks) == [(flag.person_id, "api")] * 2


def test_a_first_sign_is_nobodys_business(api: APIClient, person: Person) -> None:
    sign = flags.flag_pend(person_id=person.pk, kind="rise", on=FRIDAY, rise=RISE)
    assert api.get(f"{V1}/flags/").json()["results"] == []
    assert api.get(f"{V1}/flags/{sign.pk}/").status_code == 404


def test_flags_are_filtered_by_outcome(api: APIClient, flag: Flag) -> None:
    api.post(f"{V1}/flags/{flag.pk}/conclude/", CONCLUSION)
    assert api.get(f"{V1}/flags/?outcome=other").json()["count"] == 1
    assert api.get(f"{V1}/flags/?outcome=confirmed").json()["count"] == 0


@pytest.mark.parametrize(
    ("kind", "measure", "low", "high"),
    [("rise", "stress", 0.5, 0.7), ("drop", "happiness", 0.0, 0.1)],
)
def test_a_flag_tells_its_ratio_of_now_with_its_interval(
    api: APIClient, person: Person, kind: str, measure: str, low: float, high: float
) -> None:
    reading_series(person, stress=[0.6] * 10)
    flag, _ = flags.flag_raise(person_id=person.pk, on=FRIDAY, rise=RISE, kind=kind)
    with time_machine.travel(NOON, tick=False):
        (listed,) = api.get(f"{V1}/flags/").json()["results"]
        alone = api.get(f"{V1}/flags/{flag.pk}/").json()
    assert listed["now"] == alone["now"]
    now = alone["now"]
    assert alone["measure"] == measure
    assert now["interval"]["low"] <= now["ratio"] <= now["interval"]["high"]
    assert low <= now["ratio"] <= high
    assert (now["bins"], now["missing"]) == (120, [])


def test_without_readings_it_says_what_is_missing(api: APIClient, flag: Flag) -> None:
    now = api.get(f"{V1}/flags/{flag.pk}/").json()["now"]
    assert (now["ratio"], now["interval"], now["bins"]) == (None, None, 0)
    assert now["missing"]


def test_a_page_of_flags_costs_as_much_as_one(
    api: APIClient, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for person in PersonFactory.create_batch(10):
        flags.flag_raise(person_id=person.pk, on=FRIDAY, rise=RISE)
    with django_assert_max_num_queries(14):
        assert api.get(f"{V1}/flags/").json()["count"] == 10
