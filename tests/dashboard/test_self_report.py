"""The page of the one question, and the banner when ratios are not validated."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from monitor.models import AccessEntry, Person, SelfReport, Validation
from tests.factories import FRIDAY, NOON


def unvalidated(days: int = 90) -> Validation:
    return Validation.objects.create(
        at=NOON,
        first_report=FRIDAY - timedelta(days=days),
        people=9,
        days=80,
        correlation=0.05,
        low=-0.17,
        high=0.26,
        formula="1",
    )


def test_an_answer_is_kept_and_shown(client_employee: Client, ada: Person) -> None:
    answer = client_employee.post("/self-report/", {"value": "3"}, follow=True)
    assert ada.self_reports.get().value == 3
    assert "Your answer is kept" in answer.content.decode()
    assert "Quite" in answer.content.decode()


@pytest.mark.parametrize("value", ["", "5", "x"])
def test_a_wrong_answer_comes_back(client_employee: Client, value: str) -> None:
    answer = client_employee.post("/self-report/", {"value": value})
    assert answer.status_code == 400
    assert not SelfReport.objects.exists()


def test_too_soon_is_said(client_employee: Client, ada: Person) -> None:
    client_employee.post("/self-report/", {"value": "3"})
    answer = client_employee.post("/self-report/", {"value": "1"}, follow=True)
    assert "less than ten minutes ago" in answer.content.decode()
    assert ada.self_reports.count() == 1


def test_who_is_not_watched_has_no_question(client_health: Client) -> None:
    assert client_health.get("/self-report/").status_code == 404
    assert client_health.post("/self-report/", {"value": "1"}).status_code == 404


def test_it_sends_strangers_to_sign_in(client: Client, db: None) -> None:
    assert client.post("/self-report/", {"value": "1"}).status_code == 302


def test_seeing_ones_answers_is_a_look(client_employee: Client, ada: Person) -> None:
    client_employee.get("/self-report/")
    assert AccessEntry.objects.get().person == ada


def test_nobody_else_sees_the_answers(
    client_employee: Client, client_health: Client, ada: Person
) -> None:
    client_employee.post("/self-report/", {"value": "4"})
    page = client_health.get(f"/people/{ada.pk}/").content.decode()
    assert "Very much" not in page
    assert "How I feel" not in page


@pytest.mark.parametrize("path", ["/", "/flags/", "/rule/", "/people/{}/"])
def test_the_banner_is_on_every_page(
    client_health: Client, ada: Person, path: str
) -> None:
    unvalidated()
    page = client_health.get(path.format(ada.pk)).content.decode()
    assert "Not validated here." in page
    assert "-0.17 to 0.26" in page


def test_the_banner_waits_sixty_days(client_health: Client) -> None:
    unvalidated(days=59)
    assert "Not validated here." not in client_health.get("/").content.decode()


def test_the_banner_says_that_flags_have_stopped(
    client_health: Client, settings: Any
) -> None:
    unvalidated()
    settings.FLAGS_NEED_VALIDATION = True
    assert "No flags are raised" in client_health.get("/").content.decode()


def test_the_rule_page_says_when_nobody_answered(client_health: Client) -> None:
    page = client_health.get("/rule/").content.decode()
    assert "nothing is known about it here" in page
