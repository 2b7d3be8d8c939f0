"""One's own answers: taken, refused, compared with the ratios, and kept to oneself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.db import IntegrityError
from rest_framework.test import APIClient

from monitor.models import Flag, Invitation, Person, SelfReport, Validation
from monitor.services.assessment import person_assess
from monitor.services.consent import consent_withdraw
from monitor.services.intake import Refused
from monitor.services.self_reports import (
    is_unvalidated,
    self_report_record,
    validation_measure,
)
from tests.factories import FRIDAY, NOON, PersonFactory, reading_series
from tests.monitor.conftest import client_of

URL = "/api/v1/self-reports/"
RISE = [0.2, 0.25] * 14 + [0.6] * 10


@pytest.fixture(autouse=True)
def now() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


def validation(low: float | None, first: date) -> Validation:
    return Validation.objects.create(
        at=NOON, first_report=first, people=9, days=90, low=low, high=0.5, formula="1"
    )


def answered(person: Person, stress: list[float], values: list[int]) -> None:
    for day, value in zip(reading_series(person, stress=stress), values, strict=True):
        SelfReport.objects.create(person=person, at=NOON, day=day, value=value)


def test_an_answer_has_its_local_day(person: Person, employee: User, now: Any) -> None:
    now.move_to(NOON.replace(hour=23, minute=30))  # after midnight in Berlin
    report = self_report_record(person=person, by=employee, value=3)
    assert (report.value, report.day) == (3, FRIDAY + timedelta(days=1))


def test_a_second_answer_waits_ten_minutes(
    person: Person, employee: User, now: Any
) -> None:
    self_report_record(person=person, by=employee, value=3)
    now.shift(timedelta(minutes=9, seconds=59))
    with pytest.raises(Refused, match="less than ten minutes"):
        self_report_record(person=person, by=employee, value=2)
    now.shift(timedelta(seconds=1))
    self_report_record(person=person, by=employee, value=2)
    assert list(person.self_reports.values_list("value", flat=True)) == [2, 3]


@pytest.mark.parametrize("value", [-1, 5])
def test_another_value_is_refused(person: Person, employee: User, value: int) -> None:
    with pytest.raises(Refused, match="between 0 and 4"):
        self_report_record(person=person, by=employee, value=value)


def test_nobody_answers_for_somebody_else(person: Person, admin: User) -> None:
    with pytest.raises(Refused, match="Only the person"):
        self_report_record(person=person, by=admin, value=1)


def test_it_needs_a_consent(person: Person, employee: User) -> None:
    consent_withdraw(person=person)
    with pytest.raises(Refused, match="consent"):
        self_report_record(person=person, by=employee, value=1)


def test_the_database_keeps_the_scale(person: Person) -> None:
    with pytest.raises(IntegrityError, match="self_report_is_0_to_4"):
        SelfReport.objects.create(person=person, at=NOON, day=FRIDAY, value=5)


def test_the_measurement_joins_days_and_answers(person: Person) -> None:
    other = PersonFactory.create()
    for each, base in ((person, 0.1), (other, 0.6)):
        answered(each, [base, base + 0.1, base + 0.2, base], [1, 2, 3, 1])
    found = validation_measure(now=NOON)
    assert found is not None
    assert (found.people, found.days) == (2, 8)
    assert found.correlation == pytest.approx(1.0, abs=0.01)


def test_answers_of_one_day_are_averaged(person: Person) -> None:
    answered(person, [0.1, 0.2, 0.3, 0.4], [0, 1, 2, 4])
    SelfReport.objects.create(person=person, at=NOON, day=FRIDAY, value=2)
    found = validation_measure(now=NOON)
    assert found is not None
    assert found.days == 4
    assert found.correlation == pytest.approx(1.0, abs=1e-6)


def test_who_withdrew_is_not_measured(person: Person) -> None:
    answered(person, [0.1, 0.2, 0.3, 0.4], [0, 1, 2, 3])
    consent_withdraw(person=person)
    found = validation_measure(now=NOON)
    assert found is not None and (found.days, found.correlation) == (0, None)


def test_nothing_is_measured_before_the_first_answer(person: Person) -> None:
    assert validation_measure(now=NOON) is None
    assert not Validation.objects.exists()


@pytest.mark.parametrize(
    ("low", "days", "unvalidated"),
    [
        (-0.1, 59, False),
        (-0.1, 60, True),
        (0.0, 60, True),
        (0.1, 60, False),
        (None, 60, True),
    ],
)
def test_sixty_days_must_show_an_agreement(
    db: None, low: float | None, days: int, unvalidated: bool
) -> None:
    measured = validation(low, FRIDAY - timedelta(days=days))
    assert is_unvalidated(measured, today=FRIDAY) is unvalidated


def test_without_an_answer_nothing_is_known() -> None:
    assert not is_unvalidated(None, today=FRIDAY)


@pytest.mark.parametrize(("wanted", "raised"), [(True, 0), (False, 1)])
def test_by_setting_no_flag_is_raised_without_an_agreement(
    person: Person, settings: Any, wanted: bool, raised: int
) -> None:
    settings.FLAGS_NEED_VALIDATION = wanted
    validation(-0.1, FRIDAY - timedelta(days=90))
    reading_series(person, stress=RISE)
    person_assess(person_id=person.pk, on=FRIDAY)
    assert Flag.objects.count() == raised


def test_one_answers_and_reads_through_the_api(employee: User) -> None:
    client = client_of(employee)
    sent = client.post(URL, {"value": 2})
    assert (sent.status_code, sent.json()["value"]) == (201, 2)
    assert [row["value"] for row in client.get(URL).json()["results"]] == [2]


@pytest.mark.parametrize("value", [5, -1, "much", None])
def test_the_api_names_a_wrong_value(employee: User, value: object) -> None:
    sent = client_of(employee).post(URL, {"value": value}, format="json")
    assert (sent.status_code, sent.json()["error"]["field"]) == (400, "value")


def test_the_api_answers_429_when_it_is_too_soon(employee: User) -> None:
    client = client_of(employee)
    client.post(URL, {"value": 2})
    sent = client.post(URL, {"value": 2})
    assert (sent.status_code, sent.json()["error"]["code"]) == (429, "too_soon")


def test_even_who_sees_everybody_sees_no_answers(
    api: APIClient, person: Person, employee: User
) -> None:
    self_report_record(person=person, by=employee, value=4)
    assert api.get(URL).status_code == 404
    assert api.post(URL, {"value": 1}).status_code == 404


def test_it_needs_a_login(db: None) -> None:
    assert APIClient().get(URL).status_code == 401
    assert APIClient().post(URL, {"value": 1}).status_code == 401


def test_the_api_tells_which_answers_were_asked_for(
    person: Person, employee: User, now: Any
) -> None:
    client = client_of(employee)
    assert client.post(URL, {"value": 1}).json()["invited"] is False
    asked = Invitation.objects.create(
        person=person, day=FRIDAY, at=NOON, expires_at=NOON + timedelta(hours=2)
    )
    SelfReport.objects.update(invitation=asked)
    now.shift(timedelta(minutes=11))
    assert client.post(URL, {"value": 2, "invited": True}).json()["invited"] is False
    rows = client.get(URL).json()["results"]
    assert [row["invited"] for row in rows] == [False, True]
