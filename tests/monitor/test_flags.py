"""Every change of a flag is allowed, is one event, and is refused to the slower one."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
import time_machine
from django.contrib.auth.models import User
from django.db import IntegrityError

from monitor.models import Flag, FlagAnswer, FlagEvent, Person
from monitor.services import flags
from monitor.services.flags import Conclusion, FlagChangeRefused, Rise
from monitor.services.roles import roles_ensure, service_account
from tests.factories import MODEL, UserFactory

FRIDAY = date(2026, 3, 20)
RISE = Rise(recent=0.5, baseline=0.2, z=4.0, model=MODEL, formula="1")
CONCLUSION = Conclusion("confirmed", "Too many shifts.", "Two days off.", "We talked.")
Status = Flag.Status


@pytest.fixture
def flag(person: Person) -> Flag:
    raised, _ = flags.flag_raise(person_id=person.pk, on=FRIDAY, rise=RISE)
    return raised


def history(flag: Flag) -> list[tuple[str, str]]:
    return list(flag.events.values_list("old", "new"))


def test_a_raised_flag_has_its_first_event(flag: Flag) -> None:
    assert (flag.status, flag.raised_on, flag.z) == (Status.RAISED, FRIDAY, 4.0)
    assert history(flag) == [("", "raised")]
    assert flag.events.get().actor is None


def test_a_second_raise_finds_the_first(flag: Flag) -> None:
    again, is_new = flags.flag_raise(person_id=flag.person_id, on=FRIDAY, rise=RISE)
    assert (again, is_new) == (flag, False)
    assert FlagEvent.objects.count() == 1


def test_a_closed_flag_makes_room_for_another(flag: Flag) -> None:
    flags.flag_close(flag=flag, reason="talked to", on=FRIDAY)
    _, is_new = flags.flag_raise(person_id=flag.person_id, on=FRIDAY, rise=RISE)
    assert is_new


def test_acknowledging_notes_who_and_why(flag: Flag) -> None:
    nurse = UserFactory.create(occupational_health=True)
    flags.flag_acknowledge(flag=flag, by=nurse, note="will call")
    event = flag.events.last()
    assert event is not None
    assert (event.new, event.actor, event.reason) == (
        "acknowledged",
        nurse,
        "will call",
    )
    flag.refresh_from_db()
    assert flag.status == Status.ACKNOWLEDGED


def test_every_status_has_its_allowed_changes() -> None:
    assert set(Flag.ALLOWED) == set(Status)
    ends = {status for status, allowed in Flag.ALLOWED.items() if not allowed}
    assert ends == Flag.TERMINAL
    assert set(Status) - Flag.TERMINAL - {Status.PENDING} == Flag.OPEN


def test_a_pending_flag_is_raised_on_its_day(person: Person) -> None:
    pending = flags.flag_pend(
        person_id=person.pk, kind="rise", on=FRIDAY, rise=replace(RISE, z=3.1)
    )
    assert not Flag.objects.raised().exists()
    monday = FRIDAY + timedelta(days=3)
    flag, is_new = flags.flag_raise(person_id=person.pk, on=monday, rise=RISE)
    flag.refresh_from_db()
    assert (flag, is_new, flag.raised_on, flag.z) == (pending, True, monday, 4.0)
    assert history(flag) == [("", "pending"), ("pending", "raised")]


def test_a_sign_that_did_not_last_is_never_shown(person: Person) -> None:
    pending = flags.flag_pend(person_id=person.pk, kind="rise", on=FRIDAY, rise=RISE)
    flags.flag_pass(flag=pending, on=FRIDAY)
    assert history(pending) == [("", "pending"), ("pending", "passed")]
    assert not Flag.objects.raised().exists()


def test_kinds_are_open_side_by_side_but_each_once(flag: Flag) -> None:
    drop, is_new = flags.flag_raise(
        person_id=flag.person_id, on=FRIDAY, rise=RISE, kind=Flag.Kind.DROP
    )
    assert is_new
    with pytest.raises(IntegrityError, match="one_open_flag|UNIQUE"):
        Flag.objects.filter(pk=drop.pk).update(kind=Flag.Kind.RISE)


@pytest.mark.parametrize(
    ("kind", "measure"),
    [("rise", "stress"), ("level", "stress"), ("drop", "happiness")],
)
def test_good_news_is_about_what_the_flag_was(
    person: Person, kind: str, measure: str
) -> None:
    ended, _ = flags.flag_raise(person_id=person.pk, on=FRIDAY, rise=RISE, kind=kind)
    news = flags.flag_recovered(ended=ended, on=FRIDAY, rise=RISE)
    assert (ended.measure, news.measure) == (measure, measure)


def test_good_news_is_closed_from_the_start(flag: Flag) -> None:
    news = flags.flag_recovered(ended=flag, on=FRIDAY, rise=RISE)
    assert (news.kind, news.status, news.closed_on) == ("recovered", "closed", FRIDAY)
    assert history(news) == [("", "closed")]


def test_a_review_ends_with_what_was_found_and_agreed(flag: Flag, admin: User) -> None:
    flags.flag_review(flag=flag, by=admin, note="will talk")
    flags.flag_conclude(flag=flag, by=admin, conclusion=CONCLUSION)
    flag.refresh_from_db()
    assert (flag.status, flag.outcome) == (Status.CLOSED, "confirmed")
    assert (flag.found, flag.agreed) == ("Too many shifts.", "Two days off.")
    assert history(flag)[1:] == [("raised", "in_review"), ("in_review", "closed")]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"outcome": "guilty"}, "is no outcome"),
        ({"found": " "}, "what was found is missing"),
        ({"agreed": ""}, "what was agreed is missing"),
        ({"agreed": "x" * 2001}, "at most 2000"),
        ({"reason": ""}, "the reason is missing"),
    ],
)
def test_a_conclusion_without_its_texts_is_refused(
    flag: Flag, admin: User, change: dict[str, str], why: str
) -> None:
    conclusion = replace(CONCLUSION, **change)
    with pytest.raises(FlagChangeRefused, match=why):
        flags.flag_conclude(flag=flag, by=admin, conclusion=conclusion)
    assert history(flag) == [("", "raised")]


def test_only_a_closed_flag_can_have_an_outcome(flag: Flag) -> None:
    with pytest.raises(IntegrityError, match="only_closed_flag_has_outcome"):
        Flag.objects.filter(pk=flag.pk).update(outcome="confirmed")


def test_the_person_answers_in_their_own_words(flag: Flag, employee: User) -> None:
    answer = flags.flag_answer(flag=flag, by=employee, text=" A new child. ")
    assert answer.text == "A new child."
    assert history(flag)[1:] == [("raised", "raised")]
    assert answer.event.actor == employee


def test_nobody_else_answers_for_the_person(flag: Flag, admin: User) -> None:
    with pytest.raises(FlagChangeRefused, match="only the person"):
        flags.flag_answer(flag=flag, by=admin, text="All is well.")
    assert history(flag) == [("", "raised")]


@pytest.mark.parametrize("text", ["", "  ", "x" * 2001])
def test_an_answer_has_some_words_and_not_too_many(
    flag: Flag, employee: User, text: str
) -> None:
    flag.person.refresh_from_db()
    with pytest.raises(FlagChangeRefused):
        flags.flag_answer(flag=flag, by=employee, text=text)
    assert not FlagAnswer.objects.exists()


def test_an_answer_while_stale_does_not_hide_what_it_was(
    flag: Flag, employee: User
) -> None:
    flags.flag_mark_stale(flag=flag, reason="no data")
    flags.flag_answer(flag=flag, by=employee, text="I was ill.")
    assert flags.flag_resume(flag=flag).status == Status.RAISED


def test_thirty_days_of_nobody_end_a_flag(flag: Flag) -> None:
    flags.flag_mark_stale(flag=flag, reason="no data")
    raised = flag.events.earliest("at").at
    day = timedelta(days=1)
    assert flags.flags_expire(now=raised + 30 * day) == 0
    assert flags.flags_expire(now=raised + 31 * day) == 1
    assert history(flag)[-1] == ("stale", "expired")
    assert flags.flags_expire(now=raised + 32 * day) == 0


def test_whatever_a_human_does_keeps_a_flag_alive(flag: Flag, admin: User) -> None:
    raised = flag.events.get().at
    with time_machine.travel(raised + timedelta(days=20), tick=False):
        flags.flag_acknowledge(flag=flag, by=admin, note="will call")
    assert flags.flags_expire(now=raised + timedelta(days=49)) == 0
    assert flags.flags_expire(now=raised + timedelta(days=51)) == 1


def test_closing_sets_its_day(flag: Flag) -> None:
    flags.flag_close(flag=flag, reason="back", on=FRIDAY)
    flag.refresh_from_db()
    assert (flag.status, flag.closed_on) == (Status.CLOSED, FRIDAY)


@pytest.mark.parametrize("before", [Status.RAISED, Status.ACKNOWLEDGED])
def test_a_stale_flag_becomes_what_it_was(flag: Flag, before: str, admin: User) -> None:
    if before == Status.ACKNOWLEDGED:
        flags.flag_acknowledge(flag=flag, by=admin, note="")
    flags.flag_mark_stale(flag=flag, reason="no data")
    flags.flag_resume(flag=flag)
    assert flag.status == before
    assert history(flag)[-2:] == [(before, "stale"), ("stale", before)]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (old, new)
        for old, allowed in Flag.ALLOWED.items()
        for new in Status
        if new not in allowed
    ],
)
def test_other_changes_are_refused(flag: Flag, old: str, new: Status) -> None:
    flag.status = old
    with pytest.raises(FlagChangeRefused, match=f"{old} cannot become {new}"):
        flags._change(flag, new, reason="")
    assert FlagEvent.objects.count() == 1


def test_the_slower_of_two_is_told(flag: Flag, admin: User) -> None:
    same = Flag.objects.get(pk=flag.pk)
    flags.flag_close(flag=flag, reason="back")
    with pytest.raises(FlagChangeRefused, match="somebody else"):
        flags.flag_acknowledge(flag=same, by=admin, note="")
    assert FlagEvent.objects.count() == 2


def test_a_note_that_does_not_fit_is_refused(flag: Flag, admin: User) -> None:
    with pytest.raises(FlagChangeRefused, match="400"):
        flags.flag_acknowledge(flag=flag, by=admin, note="x" * 401)


def test_occupational_health_may_review_but_not_delete(db: None) -> None:
    roles_ensure()
    nurse = UserFactory.create(occupational_health=True)
    assert nurse.has_perms(["monitor.view_person", "monitor.change_flag"])
    assert not nurse.has_perm("monitor.delete_person")


def test_a_service_account_sends_but_cannot_log_in(db: None) -> None:
    account = service_account("import")
    assert service_account("import") == account
    assert account.has_perm("monitor.add_snapshot")
    assert not account.has_perm("monitor.view_person")
    assert not account.has_usable_password()
