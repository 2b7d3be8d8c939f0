from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from monitor.models import DailySummary, Person
from tests.dashboard.test_overview import flag
from tests.factories import reading, reading_series


def page(client: Client, person: Person, question: str = "") -> str:
    return client.get(f"/people/{person.pk}/?{question}").content.decode()


def chart(client: Client, person: Person, question: str = "") -> dict[str, Any]:
    answer = client.get(f"/people/{person.pk}/chart/?{question}").content
    found: dict[str, Any] = json.loads(answer)
    return found


def series(answer: dict[str, Any], name: str, role: str) -> list[float | None]:
    found = (
        each["data"]
        for each in answer["datasets"]
        if (each["series"], each["role"]) == (name, role)
    )
    values: list[float | None] = next(found)
    return values


def test_it_speaks_the_verdict(client_health: Client, stressed: Person) -> None:
    assert "The employee is stressed" in page(client_health, stressed)


def test_it_shows_what_the_ratios_rest_on(
    client_health: Client, stressed: Person
) -> None:
    shown = page(client_health, stressed)
    for text in ("95% interval", "10 of 10 days", "Worth independent ones", "Unsure"):
        assert text in shown


def test_nobody_is_calm_by_silence(client_health: Client, ada: Person) -> None:
    shown = page(client_health, ada)
    assert "not enough data" in shown
    assert "Silence is not calm" in shown
    assert "Not stressed" not in shown


@pytest.mark.parametrize(
    ("question", "problem"),
    [
        ("from=2026-03-10&to=2026-03-01", "The period ends before it begins."),
        ("from=2026-03-10", "Choose both days of the period."),
        ("from=tomorrow&to=2026-03-01", "From: Write the day as 2026-01-31."),
        ("from=2020-01-01&to=2026-03-01", "The period is longer than a year."),
        ("from=2026-04-01&to=2026-04-02", "The period begins in the future."),
    ],
)
def test_bad_days_are_explained(
    client_health: Client, ada: Person, question: str, problem: str
) -> None:
    assert problem in page(client_health, ada, question)
    answer = client_health.get(f"/people/{ada.pk}/chart/?{question}")
    assert (answer.status_code, problem in answer.json()["error"]["message"]) == (
        400,
        True,
    )


def test_the_chart_has_a_gap_where_nothing_was_seen(
    client_health: Client, ada: Person
) -> None:
    reading_series(ada, stress=[0.2, 0.3, None, 0.4])
    answer = chart(client_health, ada)
    assert answer["labels"][-4:] == [
        "2026-03-17",
        "2026-03-18",
        "2026-03-19",
        "2026-03-20",
    ]
    assert series(answer, "stress", "line")[-4:] == [0.2, 0.3, None, 0.4]
    assert series(answer, "stress", "low")[-2] is None


def test_the_chart_marks_a_new_model(client_health: Client, ada: Person) -> None:
    days = reading_series(ada, stress=[0.2] * 10)
    reading_series(ada, stress=[0.2] * 3, model="other@1")
    answer = chart(client_health, ada)
    assert [answer["labels"][n] for n in answer["model_changes"]] == [str(days[-3])]


def test_the_chart_shows_months_around_a_short_period(
    client_health: Client, stressed: Person
) -> None:
    answer = chart(client_health, stressed)
    assert len(answer["labels"]) > 60
    assert [answer["labels"][n] for n in answer["chosen"]][0] == "2026-03-09"


def test_a_reading_that_did_not_count_says_why(
    client_health: Client, ada: Person
) -> None:
    reading(ada, unsure=True)
    assert "The face is blurred." in page(client_health, ada)


def test_an_open_flag_shows_in_any_period(client_health: Client, ada: Person) -> None:
    flag(ada)
    shown = page(client_health, ada, "from=2026-01-05&to=2026-01-09")
    assert "Sustained rise" in shown


def test_the_chart_marks_the_day_of_a_flag(client_health: Client, ada: Person) -> None:
    days = reading_series(ada, stress=[0.2] * 10)
    flag(ada)
    answer = chart(client_health, ada)
    assert [answer["labels"][n] for n in answer["flags"]] == [str(days[-1])]


def test_the_person_is_told_of_a_flag_and_where_to_answer(
    client_employee: Client, ada: Person
) -> None:
    raised = flag(ada)
    shown = page(client_employee, ada)
    assert "Sustained rise" in shown
    assert f'href="/flags/{raised.pk}/"' in shown
    assert "Read and answer" in shown


@pytest.mark.parametrize("days", [10, 60])
def test_it_asks_the_database_equally_often_for_any_history(
    client_health: Client,
    ada: Person,
    django_assert_max_num_queries: DjangoAssertNumQueries,
    days: int,
) -> None:
    reading_series(ada, stress=[0.3] * days, per_day=4)
    page(client_health, ada)
    with django_assert_max_num_queries(20):
        page(client_health, ada, "span=91")


def test_hours_that_not_all_days_have_say_of_how_many_they_are(
    client_health: Client, stressed: Person
) -> None:
    shown = page(client_health, stressed)
    assert "Stress by hour of the day" in shown
    assert "before hours were kept" not in shown
    days = DailySummary.objects.filter(person=stressed).order_by("day")
    bins = sum(row.bins for row in days)
    first = days[0]
    DailySummary.objects.filter(pk=first.pk).update(hours=b"")
    text = f"{bins - first.bins} of {bins} observations; the others are from before"
    assert text in page(client_health, stressed)
    DailySummary.objects.filter(person=stressed).update(hours=b"")
    shown = page(client_health, stressed)
    assert f"0 of {bins} observations; the others are from before" in shown
    assert "hours-table" not in shown


def test_nobody_without_data_is_told_of_hours(
    client_health: Client, ada: Person
) -> None:
    assert "Stress by hour of the day" not in page(client_health, ada)
