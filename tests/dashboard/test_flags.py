"""The queue, the page of a flag, and what may be done there by whom."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db.models import F
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from dashboard.words import flag_ground
from monitor.models import DailySummary, Flag, Person
from monitor.services import flags
from monitor.services.consent import consent_withdraw
from monitor.services.flags import Rise
from tests.dashboard.conftest import signed_in
from tests.factories import (
    FRIDAY,
    MODEL,
    PersonFactory,
    TeamFactory,
    UserFactory,
    reading,
    reading_series,
)

RISE = Rise(recent=0.6, baseline=0.2, z=4.0, model=MODEL, formula="1")
CONCLUSION = {
    "conclude-outcome": "confirmed",
    "conclude-found": "Too many shifts.",
    "conclude-agreed": "Two days off.",
    "conclude-reason": "We talked.",
}


def raise_flag(person: Person, *, kind: str = "rise", days_ago: int = 0) -> Flag:
    on = FRIDAY - timedelta(days=days_ago)
    return flags.flag_raise(person_id=person.pk, on=on, rise=RISE, kind=kind)[0]


@pytest.fixture
def raised(ada: Person) -> Flag:
    return raise_flag(ada)


def names(client: Client, question: str = "") -> list[str]:
    rows = client.get(f"/flags/?{question}").context["rows"]
    return [row.flag.person.name for row in rows]


def page(client: Client, flag: Flag) -> str:
    return client.get(f"/flags/{flag.pk}/").content.decode()


def status(flag: Flag) -> str:
    flag.refresh_from_db()
    return flag.status


@pytest.fixture
def four(ada: Person, health: User) -> None:
    yard = TeamFactory.create(name="Yard")
    raise_flag(ada, days_ago=2)
    seen = raise_flag(PersonFactory.create(name="Ben", team=yard), days_ago=9)
    flags.flag_acknowledge(flag=seen, by=health, note="")
    raise_flag(PersonFactory.create(name="Cleo", team=yard), kind="drop", days_ago=5)
    closed = raise_flag(PersonFactory.create(name="Dan", team=yard), days_ago=40)
    flags.flag_close(flag=closed, reason="back", on=FRIDAY)


@pytest.mark.usefixtures("four")
@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("", ["Cleo", "Ada Example", "Ben"]),
        ("state=acknowledged", ["Ben"]),
        ("state=closed", ["Dan"]),
        ("state=all", ["Cleo", "Ada Example", "Ben", "Dan"]),
        ("kind=drop", ["Cleo"]),
        ("age=7", ["Ben"]),
        ("age=3&state=raised", ["Cleo"]),
        ("state=expired", []),
    ],
)
def test_the_queue_is_filtered_and_ordered(
    client_health: Client, question: str, found: list[str]
) -> None:
    assert names(client_health, question) == found


@pytest.mark.parametrize(
    ("kind", "shown"),
    [("rise", "70%"), ("drop", "30%")],
)
def test_queue_and_page_show_the_ratio_that_a_flag_is_about(
    client_health: Client, ada: Person, kind: str, shown: str
) -> None:
    """Faces here are stressed or happy, never anything else."""
    reading_series(ada, stress=[0.7] * 10)
    DailySummary.objects.update(happy_sum=F("neutral_sum"), neutral_sum=0)
    flag = raise_flag(ada, kind=kind)
    name = "happiness" if kind == "drop" else "stress"
    queue = client_health.get("/flags/").content.decode()
    head = page(client_health, flag).partition("figures-title")[0]
    for text in (queue, head):
        (value,) = re.findall(rf"measure-{name}\"><strong>(.*?)</strong>", text)
        assert value == shown
    assert f"{name.capitalize()} of the last ten working days" in head


@pytest.mark.usefixtures("four")
def test_the_queue_is_filtered_by_team(client_health: Client, ada: Person) -> None:
    assert names(client_health, f"team={ada.team_id}") == ["Ada Example"]


@pytest.mark.parametrize("question", ["state=no", "kind=no", "team=0", "age=1"])
def test_an_unknown_filter_is_named_and_not_used(
    client_health: Client, raised: Flag, question: str
) -> None:
    answer = client_health.get(f"/flags/?{question}")
    assert "it is not used" in answer.content.decode()
    assert len(answer.context["rows"]) == 1


def test_what_is_pending_shows_only_when_asked_for(
    client_health: Client, ada: Person
) -> None:
    flags.flag_pend(person_id=ada.pk, kind="rise", on=FRIDAY, rise=RISE)
    assert names(client_health) == names(client_health, "state=all") == []
    assert names(client_health, "state=pending") == ["Ada Example"]


def test_a_withdrawn_consent_empties_the_queue(
    client_health: Client, raised: Flag
) -> None:
    consent_withdraw(person=raised.person)
    assert names(client_health) == []


def test_htmx_gets_the_table_alone(client_health: Client, raised: Flag) -> None:
    answer = client_health.get("/flags/", headers={"HX-Request": "true"})
    assert answer.content.decode().startswith('<div id="flag-table"')


def test_an_employee_has_no_queue(client_employee: Client) -> None:
    assert client_employee.get("/flags/").status_code == 403


@pytest.mark.parametrize("people", [2, 12])
def test_the_queue_asks_equally_often_for_any_number(
    client_health: Client,
    django_assert_max_num_queries: DjangoAssertNumQueries,
    people: int,
) -> None:
    for person in PersonFactory.create_batch(people):
        raise_flag(person)
    client_health.get("/flags/")
    with django_assert_max_num_queries(15):
        client_health.get("/flags/")


def test_a_reviewer_sees_what_the_flag_rests_on(
    client_health: Client, stressed: Person
) -> None:
    reading(stressed, unsure=True)
    shown = page(client_health, raise_flag(stressed))
    assert "stress 80%, 95% interval" in shown
    for text in ("10 of 10 days", "The face is blurred.", "confuses"):
        assert text in shown


def test_the_page_costs_the_same_for_any_history(
    client_health: Client,
    ada: Person,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    reading_series(ada, stress=[0.3] * 60, per_day=4)
    flag = raise_flag(ada)
    page(client_health, flag)
    with django_assert_max_num_queries(20):
        page(client_health, flag)


def test_a_review_goes_from_the_first_look_to_the_end(
    client_health: Client, raised: Flag
) -> None:
    url = f"/flags/{raised.pk}"
    client_health.post(f"{url}/acknowledge/", {"acknowledge-note": "Seen."})
    assert status(raised) == "acknowledged"
    client_health.post(f"{url}/review/", {"review-note": "Will talk."})
    assert status(raised) == "in_review"
    client_health.post(f"{url}/conclude/", CONCLUSION)
    assert (status(raised), raised.outcome) == ("closed", "confirmed")
    shown = page(client_health, raised)
    for text in ("Seen.", "Will talk.", "Too many shifts.", "Two days off."):
        assert text in shown


@pytest.mark.parametrize(
    ("action", "sent", "said"),
    [
        ("acknowledge", {"acknowledge-note": " "}, "Write a note"),
        ("review", {"review-note": "x" * 401}, "longer than 400"),
        ("conclude", CONCLUSION | {"conclude-outcome": ""}, "Choose what"),
        ("conclude", CONCLUSION | {"conclude-found": ""}, "Write what was found"),
        ("conclude", CONCLUSION | {"conclude-agreed": ""}, "Write what was agreed"),
    ],
)
def test_an_incomplete_form_comes_back_with_its_error(
    client_health: Client, raised: Flag, action: str, sent: dict[str, str], said: str
) -> None:
    answer = client_health.post(f"/flags/{raised.pk}/{action}/", sent)
    assert answer.status_code == 400
    assert said in answer.content.decode()
    assert status(raised) == "raised"


def test_who_saw_an_older_state_is_told(
    client_health: Client, raised: Flag, health: User
) -> None:
    colleague = UserFactory.create(occupational_health=True)
    flags.flag_review(flag=raised, by=colleague, note="")
    sent = CONCLUSION | {"conclude-seen": "raised"}
    answer = client_health.post(f"/flags/{raised.pk}/conclude/", sent, follow=True)
    assert "somebody else changed this flag" in answer.content.decode()
    assert status(raised) == "in_review"


@pytest.mark.parametrize("action", ["acknowledge", "review", "conclude"])
def test_an_employee_cannot_review(
    client_employee: Client, raised: Flag, action: str
) -> None:
    sent = {"acknowledge-note": "x", "review-note": "x"} | CONCLUSION
    answer = client_employee.post(f"/flags/{raised.pk}/{action}/", sent)
    assert answer.status_code == 403
    assert status(raised) == "raised"


def test_a_reviewer_does_not_review_their_own_flag(raised: Flag, health: User) -> None:
    Person.objects.filter(pk=raised.person_id).update(user=health)
    client = signed_in(health)
    assert "Start a review" not in page(client, raised)
    sent = {"review-note": "All is well."}
    answer = client.post(f"/flags/{raised.pk}/review/", sent, follow=True)
    assert "nobody reviews a flag of their own" in answer.content.decode()
    assert status(raised) == "raised"


def test_the_person_reads_and_answers(
    client_employee: Client, client_health: Client, raised: Flag
) -> None:
    assert "Your answer" in page(client_employee, raised)
    sent = {"answer-text": "I moved house."}
    client_employee.post(f"/flags/{raised.pk}/answer/", sent)
    assert "I moved house." in page(client_health, raised)
    assert status(raised) == "raised"


def test_the_person_reads_what_was_agreed_on_their_page(
    client_employee: Client, client_health: Client, raised: Flag
) -> None:
    client_health.post(f"/flags/{raised.pk}/conclude/", CONCLUSION)
    shown = client_employee.get(f"/people/{raised.person_id}/").content.decode()
    assert "Two days off." in shown


def test_an_empty_answer_is_refused(client_employee: Client, raised: Flag) -> None:
    answer = client_employee.post(f"/flags/{raised.pk}/answer/", {"answer-text": ""})
    assert answer.status_code == 400
    assert "Write your answer first." in answer.content.decode()


def test_a_reviewer_does_not_answer_for_the_person(
    client_health: Client, raised: Flag
) -> None:
    sent = {"answer-text": "All is well."}
    answer = client_health.post(f"/flags/{raised.pk}/answer/", sent, follow=True)
    assert "only the person themselves" in answer.content.decode()
    assert raised.events.count() == 1


@pytest.mark.parametrize(
    "action", ["", "acknowledge/", "review/", "conclude/", "answer/"]
)
def test_a_flag_of_somebody_else_is_not_there(raised: Flag, action: str) -> None:
    stranger = signed_in(UserFactory.create())
    url = f"/flags/{raised.pk}/{action}"
    answer = stranger.post(url, {"answer-text": "x"}) if action else stranger.get(url)
    expected = 404 if action in ("", "answer/") else 403
    assert answer.status_code == expected


def test_nobody_but_reviewers_knows_of_a_first_sign(
    client_employee: Client, client_health: Client, ada: Person
) -> None:
    sign = flags.flag_pend(person_id=ada.pk, kind="rise", on=FRIDAY, rise=RISE)
    assert client_employee.get(f"/flags/{sign.pk}/").status_code == 404
    assert "What to do" not in page(client_health, sign)
    flags.flag_pass(flag=sign, on=FRIDAY)
    assert client_health.get(f"/flags/{sign.pk}/").status_code == 404


@pytest.mark.parametrize(
    ("evidence", "ground"),
    [
        (8.9, "by chance at most once in 7,300 working days"),
        (99.0, "by chance at most once in 1,000,000 working days"),
        (None, "4.0 standard errors"),
    ],
)
def test_a_flag_says_how_far_it_is_from_chance(
    evidence: float | None, ground: str
) -> None:
    assert flag_ground(Flag(z=4.0, evidence=evidence)) == ground


def test_the_rule_is_open_to_everybody_but_its_outcomes_are_not(
    client_employee: Client, client_health: Client, raised: Flag
) -> None:
    client_health.post(f"/flags/{raised.pk}/conclude/", CONCLUSION)
    shown = client_employee.get("/rule/").content.decode()
    assert "These are the numbers of the rule" in shown
    assert "How often it was right" not in shown
    seen = client_health.get("/rule/").content.decode()
    assert "Confirmed" in seen
    assert "21–100%" in seen


def test_the_rule_page_knows_when_nothing_was_reviewed(client_health: Client) -> None:
    assert "No flag was raised yet." in client_health.get("/rule/").content.decode()


@pytest.mark.parametrize("answers", [1, 6])
def test_answers_do_not_make_the_person_page_dearer(
    client_employee: Client,
    employee: User,
    raised: Flag,
    django_assert_max_num_queries: DjangoAssertNumQueries,
    answers: int,
) -> None:
    for _ in range(answers):
        flags.flag_answer(flag=raised, by=employee, text="Again.")
    url = f"/people/{raised.person_id}/"
    client_employee.get(url)
    with django_assert_max_num_queries(23):
        assert "Again." in client_employee.get(url).content.decode()


def test_an_empty_queue_says_whether_it_was_filtered(client_health: Client) -> None:
    assert "No flag is open" in client_health.get("/flags/").content.decode()
    shown = client_health.get("/flags/?state=closed").content.decode()
    assert "No flag matches." in shown


def test_a_closed_flag_says_its_outcome_once(
    client_health: Client, client_employee: Client, raised: Flag
) -> None:
    sent = CONCLUSION | {"conclude-outcome": "not_confirmed"}
    client_health.post(f"/flags/{raised.pk}/conclude/", sent)
    for client in (client_health, client_employee):
        assert page(client, raised).lower().count("not confirmed") == 1


@pytest.mark.parametrize("kinds", [{"rise"}, {"rise", "level"}])
def test_the_rule_page_has_figures_of_the_level_where_it_is_raised(
    client_health: Client, settings: Any, kinds: set[str]
) -> None:
    settings.FLAG_KINDS = frozenset(kinds)
    page = client_health.get("/rule/").content.decode()
    assert ("How often the level errs" in page) is ("level" in kinds)
    assert ("20 points below" in page) is ("level" in kinds)
    assert "They are for a level of" not in page


def test_figures_of_another_level_say_so(client_health: Client, settings: Any) -> None:
    settings.FLAG_KINDS, settings.STRESS_LEVEL = frozenset({"level"}), 0.5
    page = client_health.get("/rule/").content.decode()
    assert "They are for a level of 40%; here it is 50%." in page
