"""Who is invited to say how they feel, when, how often, and what comes of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.core import mail
from django.db import IntegrityError, transaction
from django.test import Client

from monitor.invitation_rules import EXPIRES_AFTER, invited_days, moment_of
from monitor.models import Consent, Invitation, Notification, Organisation, Person
from monitor.periods import WorkWeek
from monitor.review_selectors import invitation_statistics
from monitor.services import delivery, invitations
from monitor.services.channels import Wishes, channel_create
from monitor.services.consent import consent_withdraw
from monitor.services.intake import Refused
from monitor.services.invitations import LATE, invitations_choose, people_invite
from monitor.services.self_reports import self_report_record

MONDAY = date(2026, 3, 16)
BEGIN = datetime(2026, 3, 16, tzinfo=UTC)
HOUR = timedelta(hours=1)
AT = datetime(2026, 3, 17, 10, tzinfo=UTC)


@pytest.fixture(autouse=True)
def by_email(settings: Any) -> None:
    settings.NOTIFY_BY_EMAIL = True


@pytest.fixture
def asked(employee: User) -> User:
    """Ada, who has an e-mail channel, where people are asked five times a week."""
    Organisation.objects.update(invitations_a_week=5)
    mail_to(employee)
    return employee


@pytest.fixture
def clock() -> Iterator[Any]:
    with time_machine.travel(AT, tick=False) as clock:
        yield clock


def mail_to(user: User, **wishes: Any) -> None:
    given = Wishes(topics=frozenset(), **wishes)
    channel_create(user=user, kind="email", address="ada@example.org", wishes=given)


def live(days: int = 7, begin: datetime = BEGIN) -> list[datetime]:
    """The scheduler's week; says when people were invited."""
    for half_hours in range(days * 48):
        people_invite(now=begin + half_hours * LATE)
    return list(Invitation.objects.order_by("at").values_list("at", flat=True))


def invited(person: Person, at: datetime = AT) -> Invitation:
    made = Invitation.objects.create(
        person=person, day=at.date(), at=at, expires_at=at + EXPIRES_AFTER
    )
    delivery.invitation_queue(invitation=made)
    return made


def answer(person: Person, by: User) -> Invitation | None:
    return self_report_record(person=person, by=by, value=2).invitation


@pytest.mark.parametrize(
    ("week", "times", "days"),
    [
        (WorkWeek(), 5, {0, 1, 2, 3, 4}),
        (WorkWeek(6, 6, 6, 6, 0), 5, {0, 1, 2, 3}),
        (WorkWeek(0, 0, 0, 0, 0, 8, 8), 5, set()),
        (WorkWeek(), 0, set()),
    ],
    ids=["all", "a day off", "weekends", "switched off"],
)
def test_only_working_days_are_drawn(
    week: WorkWeek, times: int, days: set[int]
) -> None:
    found = invited_days(monday=MONDAY, week=week, times=times, draw=Random(1))
    assert {day.weekday() for day in found} == days


def test_moments_fill_the_working_hours() -> None:
    draw, week = Random(1), WorkWeek(tuesday=6)
    given: Any = {"day": MONDAY + timedelta(days=1), "week": week, "tz": UTC}
    hours = [moment_of(**given, begins=time(9), draw=draw).hour for _ in range(500)]
    assert set(hours) == set(range(9, 15))
    late = [moment_of(**given, begins=time(23), draw=draw).hour for _ in range(9)]
    assert set(late) == {23}


def test_nobody_is_invited_unless_it_is_switched_on(asked: User) -> None:
    Organisation.objects.update(invitations_a_week=0)
    assert live() == []


def test_a_week_has_as_many_as_were_chosen(asked: User) -> None:
    Organisation.objects.update(invitations_a_week=2)
    found = live()
    assert len(found) == 2
    assert len({at.date() for at in found}) == 2


def test_they_come_once_a_day_within_working_hours(asked: User) -> None:
    found = live()
    assert [at.weekday() for at in found] == [0, 1, 2, 3, 4]
    assert all(8 <= at.hour < 16 for at in found)  # 9 to 17 in Berlin
    assert len({at.time() for at in found}) == 5


def test_days_off_are_left_alone(asked: User, person: Person) -> None:
    Person.objects.update(monday_hours=0, friday_hours=0, saturday_hours=8)
    assert [at.weekday() for at in live()] == [1, 2, 3]


@pytest.mark.parametrize("why", ["consent", "choice", "account", "channel"])
def test_who_may_not_be_asked_is_not(asked: User, person: Person, why: str) -> None:
    if why == "consent":
        consent_withdraw(person=person)
    elif why == "choice":
        invitations_choose(person=person, by=asked, wanted=False)
    elif why == "account":
        User.objects.update(is_active=False)
    else:
        asked.notification_channels.update(enabled=False)
    assert live() == []


def test_a_missed_moment_is_not_made_up(asked: User) -> None:
    (first, *_) = live(days=1)
    Invitation.objects.all().delete()
    assert people_invite(now=first + LATE) == 0
    assert people_invite(now=first + LATE - timedelta(seconds=1)) == 1


def test_two_schedulers_invite_once(asked: User, person: Person) -> None:
    (first,) = live(days=1)
    day = Invitation.objects.get().day
    assert not invitations._invite(Person.objects.get(), day, first)
    with pytest.raises(IntegrityError), transaction.atomic():
        Invitation.objects.create(
            person=person, day=day, at=first, expires_at=first + HOUR
        )
    assert Notification.objects.count() == 1


def test_the_mail_has_a_link_and_no_number(
    asked: User, person: Person, clock: Any
) -> None:
    invited(person)
    delivery.notifications_send()
    (sent,) = mail.outbox
    assert sent.subject.startswith("Would you say how you feel")
    assert "/self-report/" in sent.body
    assert "voluntary" in sent.body
    assert person.name not in f"{sent.subject}{sent.body}"


def test_an_answer_knows_its_invitation(
    asked: User, person: Person, clock: Any
) -> None:
    made = invited(person)
    delivery.notifications_send()
    clock.shift(HOUR)
    assert answer(person, asked) == made
    clock.shift(timedelta(minutes=20))
    assert answer(person, asked) is None


def test_an_expired_invitation_is_not_answered(
    asked: User, person: Person, clock: Any
) -> None:
    invited(person)
    delivery.notifications_send()
    clock.shift(2 * HOUR)
    assert answer(person, asked) is None


def test_what_was_never_sent_invited_nobody(
    asked: User, person: Person, clock: Any
) -> None:
    invited(person)
    assert answer(person, asked) is None
    assert invitation_statistics(now=AT).sent == 0


@pytest.mark.parametrize("why", ["expired", "consent", "choice"])
def test_it_is_stopped_on_the_way(
    asked: User, person: Person, clock: Any, why: str
) -> None:
    invited(person)
    if why == "expired":
        clock.shift(2 * HOUR)
    elif why == "consent":
        Consent.objects.update(given_at=AT - HOUR)
        consent_withdraw(person=person)
    else:
        invitations_choose(person=person, by=asked, wanted=False)
    delivery.notifications_send()
    assert mail.outbox == []
    assert Notification.objects.get().status == "stopped"


@pytest.mark.parametrize(("quiet_to", "sent"), [(time(12), 1), (time(14), 0)])
def test_quiet_hours_are_kept(
    employee: User, person: Person, clock: Any, quiet_to: time, sent: int
) -> None:
    """It is eleven o'clock in Berlin, and an invitation lives until one."""
    mail_to(employee, quiet_from=time(8), quiet_to=quiet_to)
    invited(person)
    delivery.notifications_send()
    assert mail.outbox == []
    clock.shift(1.5 * HOUR)
    delivery.notifications_send()
    assert len(mail.outbox) == sent


def test_every_invitation_that_was_sent_is_counted_once(
    asked: User, person: Person, clock: Any
) -> None:
    for days in range(4):
        clock.move_to(AT + timedelta(days=days))
        invited(person, AT + timedelta(days=days))
        delivery.notifications_send()
        if days == 0:
            answer(person, asked)
    found = invitation_statistics(now=AT + timedelta(days=3))
    assert (found.sent, found.answered, found.expired, found.open) == (4, 1, 2, 1)
    assert found.rate == pytest.approx(1 / 3)
    assert found.interval is not None and found.interval.low < 1 / 3
    later = invitation_statistics(now=AT + timedelta(days=180))
    assert (later.sent, later.answered, later.expired) == (3, 0, 3)


def test_without_any_there_is_no_rate(db: None) -> None:
    found = invitation_statistics(now=AT)
    assert (found.rate, found.interval) == (None, None)


def test_nobody_else_chooses(person: Person, employee: User, admin: User) -> None:
    with pytest.raises(Refused, match="only|Only"):
        invitations_choose(person=person, by=admin, wanted=False)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_the_person_chooses_on_the_page(asked: User, person: Person) -> None:
    client = signed_in(asked)
    page = client.get("/self-report/").content.decode()
    assert "Do not invite me" in page
    client.post("/self-report/invitations/", {"wanted": "0"})
    assert not Person.objects.get().wants_invitations
    page = client.get("/self-report/").content.decode()
    assert "Invite me now and then" in page
    client.post("/self-report/invitations/", {"wanted": "1"})
    assert Person.objects.get().wants_invitations


def test_it_says_when_no_mail_can_come(asked: User) -> None:
    asked.notification_channels.all().delete()
    page = signed_in(asked).get("/self-report/").content.decode()
    assert "None can reach you yet" in page


def test_who_is_not_watched_has_nothing_to_choose(stranger: User) -> None:
    client = signed_in(stranger)
    assert client.post("/self-report/invitations/").status_code == 404
    assert client.get("/self-report/invitations/").status_code == 405


def test_reviewers_see_the_response_rate(
    asked: User, person: Person, admin: User, clock: Any
) -> None:
    invited(person)
    delivery.notifications_send()
    clock.shift(HOUR)
    answer(person, asked)
    page = signed_in(admin).get("/rule/").content.decode()
    assert "Of 1 invitation of the last 180 days, 1 was answered" in page
    assert "Response rate" in page
    assert "Response rate" not in signed_in(asked).get("/rule/").content.decode()


def test_more_than_once_a_working_day_is_refused(organisation: Organisation) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Organisation.objects.update(invitations_a_week=6)
