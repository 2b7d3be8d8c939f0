"""Who is told of a change of a flag, when, how often, and what stops it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from monitor.models import (
    Flag,
    FlagEvent,
    Notification,
    NotificationAttempt,
    NotificationChannel,
    Person,
)
from monitor.notification_rules import MAX_ATTEMPTS, UNCHOSEN, Topic
from monitor.notifications import Message, TransportError
from monitor.notifications.webhook import Webhook
from monitor.services import delivery, flags
from monitor.services.channels import Wishes, channel_create, channel_test
from monitor.services.consent import consent_withdraw
from monitor.services.flags import Rise
from tests.factories import MODEL, PersonFactory, UserFactory

# 12:00 in Berlin.
NOON = datetime(2026, 1, 14, 11, tzinfo=UTC)
RISE = Rise(recent=0.5, baseline=0.2, z=4.0, model=MODEL, formula="1")
ALL = frozenset(Topic) - UNCHOSEN
Status = Notification.Status


class Receiver:
    """What webhooks were told; raises the errors it is given first."""

    def __init__(self) -> None:
        self.told: list[Message] = []
        self.errors: list[TransportError] = []

    def notify(self, message: Message) -> None:
        self.told.append(message)
        if self.errors:
            raise self.errors.pop(0)

    @property
    def topics(self) -> list[list[Topic]]:
        return [[line.topic for line in message.lines] for message in self.told]


@pytest.fixture
def clock() -> Iterator[Any]:
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch, clock: Any) -> Receiver:
    made = Receiver()
    monkeypatch.setattr(Webhook, "notify", lambda _, message: made.notify(message))
    monkeypatch.setattr(delivery.random, "random", lambda: 1.0)
    return made


def listen(user: User, **wishes: Any) -> NotificationChannel:
    asked = Wishes(**{"topics": ALL} | wishes)
    url = "https://hook.example.org/"
    return channel_create(user=user, kind="webhook", address=url, wishes=asked)


def raise_flag(person: Person) -> Flag:
    flag, _ = flags.flag_raise(person_id=person.pk, on=date(2026, 1, 14), rise=RISE)
    return flag


def only() -> Notification:
    return Notification.objects.get()


def test_who_may_see_the_person_is_told(
    receiver: Receiver, admin: User, person: Person
) -> None:
    listen(admin)
    flag = raise_flag(person)
    assert delivery.notifications_send() == 1
    assert receiver.topics == [[Topic.RAISED]]
    assert receiver.told[0].lines[0].url.endswith(f"/flags/{flag.pk}/")
    assert (only().status, only().attempts) == (Status.SENT, 1)


def test_the_person_is_told_of_their_own_flag_and_of_no_other(
    receiver: Receiver, employee: User, person: Person
) -> None:
    listen(employee)
    raise_flag(PersonFactory.create())
    raise_flag(person)
    delivery.notifications_send()
    assert receiver.topics == [[Topic.RAISED]]


def test_who_may_not_see_the_person_is_not_told(
    receiver: Receiver, stranger: User, person: Person
) -> None:
    listen(stranger)
    raise_flag(person)
    assert not Notification.objects.exists()


def test_nobody_is_told_of_what_they_did(
    receiver: Receiver, admin: User, person: Person
) -> None:
    listen(admin)
    listen(nurse := UserFactory.create(occupational_health=True))
    flag = raise_flag(person)
    flags.flag_acknowledge(flag=flag, by=nurse, note="will call")
    delivery.notifications_send()
    told = Notification.objects.filter(topic=Topic.REVIEWED)
    assert [row.channel.user for row in told] == [admin]


def test_only_wanted_events_are_told(
    receiver: Receiver, admin: User, person: Person
) -> None:
    listen(admin, topics=frozenset({Topic.STALE}))
    flag = raise_flag(person)
    flags.flag_mark_stale(flag=flag, reason="no data")
    delivery.notifications_send()
    assert receiver.topics == [[Topic.STALE]]


def test_a_channel_that_is_switched_off_is_not_told(
    receiver: Receiver, admin: User, person: Person
) -> None:
    listen(admin, enabled=False)
    raise_flag(person)
    assert not Notification.objects.exists()


def test_a_change_that_is_undone_is_not_told(
    receiver: Receiver, admin: User, person: Person
) -> None:
    listen(admin)
    with pytest.raises(RuntimeError), transaction.atomic():
        raise_flag(person)
        raise RuntimeError
    assert not Notification.objects.exists()


def test_a_channel_hears_of_an_event_once(
    receiver: Receiver, admin: User, person: Person
) -> None:
    channel = listen(admin)
    event = FlagEvent.objects.get(flag=raise_flag(person))
    delivery.notifications_queue(event=event)
    assert Notification.objects.count() == 1
    with pytest.raises(IntegrityError, match="notification_once|UNIQUE"):
        Notification.objects.create(channel=channel, event=event, due_at=NOON)


def test_what_was_sent_is_not_sent_again(
    receiver: Receiver, admin: User, person: Person
) -> None:
    listen(admin)
    raise_flag(person)
    assert [delivery.notifications_send() for _ in range(2)] == [1, 0]


def test_quiet_hours_hold_it_back_until_they_end(
    receiver: Receiver, admin: User, person: Person, clock: Any
) -> None:
    listen(admin, quiet_from=time(11), quiet_to=time(14))
    raise_flag(person)
    assert delivery.notifications_send() == 0
    clock.shift(timedelta(hours=2))
    assert delivery.notifications_send() == 1


def test_a_sender_that_comes_late_respects_quiet_hours(
    receiver: Receiver, admin: User, person: Person, clock: Any
) -> None:
    listen(admin, quiet_from=time(22), quiet_to=time(7))
    raise_flag(person)
    clock.shift(timedelta(hours=11))
    delivery.notifications_send()
    assert receiver.told == []
    assert (only().status, only().attempts) == (Status.WAITING, 0)
    assert only().due_at == datetime(2026, 1, 15, 6, tzinfo=UTC)


def test_a_digest_tells_all_at_once(
    receiver: Receiver, admin: User, person: Person, clock: Any
) -> None:
    listen(admin, digest="daily")
    flag = raise_flag(person)
    flags.flag_mark_stale(flag=flag, reason="no data")
    assert delivery.notifications_send() == 0
    clock.move_to(datetime(2026, 1, 15, 7, tzinfo=UTC))
    assert delivery.notifications_send() == 1
    assert receiver.topics == [[Topic.RAISED, Topic.STALE]]


@pytest.mark.parametrize("gone", ["consent", "permission", "account", "wish"])
def test_withdrawn_access_stops_what_waits(
    receiver: Receiver, admin: User, person: Person, gone: str
) -> None:
    channel = listen(admin)
    raise_flag(person)
    if gone == "consent":
        consent_withdraw(person=person)
    elif gone == "wish":
        NotificationChannel.objects.filter(pk=channel.pk).update(on_raised=False)
    else:
        still = {"is_superuser": gone == "account", "is_active": gone != "account"}
        User.objects.filter(pk=admin.pk).update(**still)
    delivery.notifications_send()
    assert receiver.told == []
    assert (only().status, only().error) == (Status.STOPPED, "may not be told any more")


def test_an_error_that_may_pass_is_tried_again_later(
    receiver: Receiver, admin: User, person: Person, clock: Any
) -> None:
    receiver.errors = [TransportError("the web server answers 503")]
    listen(admin)
    raise_flag(person)
    delivery.notifications_send()
    assert (only().status, only().error) == (
        Status.WAITING,
        "the web server answers 503",
    )
    assert only().due_at == NOON + timedelta(minutes=1)
    clock.shift(timedelta(minutes=1))
    delivery.notifications_send()
    assert (only().status, only().attempts, only().error) == (Status.SENT, 2, "")
    errors = NotificationAttempt.objects.values_list("error", flat=True)
    assert list(errors) == ["the web server answers 503", ""]


def test_a_permanent_error_ends_it_visibly(
    receiver: Receiver, admin: User, person: Person
) -> None:
    receiver.errors = [TransportError("the web server answers 410", permanent=True)]
    listen(admin)
    raise_flag(person)
    delivery.notifications_send()
    assert (only().status, only().error) == (
        Status.FAILED,
        "the web server answers 410",
    )


def test_it_is_given_up_after_some_attempts(
    receiver: Receiver, admin: User, person: Person, clock: Any
) -> None:
    receiver.errors = [TransportError("no answer")] * (MAX_ATTEMPTS + 1)
    listen(admin)
    raise_flag(person)
    for _ in range(MAX_ATTEMPTS + 1):
        delivery.notifications_send()
        clock.shift(timedelta(hours=2))
    assert len(receiver.told) == only().attempts == MAX_ATTEMPTS
    assert only().status == Status.FAILED


def test_the_claim_of_a_killed_sender_is_taken_over(
    receiver: Receiver, admin: User, person: Person, clock: Any
) -> None:
    listen(admin)
    raise_flag(person)
    token, rows = Notification.objects.claim(now=NOON, lease=delivery.LEASE, limit=9)
    assert delivery.notifications_send() == 0
    clock.shift(delivery.LEASE + timedelta(seconds=1))
    assert delivery.notifications_send() == 1
    # The first sender, should it still live, changes nothing any more.
    delivery._note(token, rows, TransportError("late", permanent=True))
    assert (only().status, only().error) == (Status.SENT, "")


def test_what_kills_every_sender_is_given_up(
    receiver: Receiver, admin: User, person: Person, clock: Any
) -> None:
    listen(admin)
    raise_flag(person)
    Notification.objects.update(attempts=MAX_ATTEMPTS - 1)
    Notification.objects.claim(now=NOON, lease=delivery.LEASE, limit=9)
    clock.shift(delivery.LEASE + timedelta(seconds=1))
    delivery.notifications_send()
    assert (only().status, receiver.told) == (Status.FAILED, [])
    assert only().error == "every sender ended before it was done"


def test_two_senders_never_hold_the_same(
    receiver: Receiver, admin: User, person: Person
) -> None:
    listen(admin)
    flags.flag_mark_stale(flag=raise_flag(person), reason="no data")
    claims = [
        Notification.objects.claim(now=NOON, lease=delivery.LEASE, limit=1)[1]
        for _ in range(3)
    ]
    assert [len(rows) for rows in claims] == [1, 1, 0]
    assert claims[0] != claims[1]


def test_one_broken_channel_does_not_stop_the_others(
    receiver: Receiver, admin: User, person: Person
) -> None:
    receiver.errors = [TransportError("no answer")]
    listen(admin)
    listen(admin)
    raise_flag(person)
    assert delivery.notifications_send() == 2
    found = Notification.objects.order_by("pk").values_list("status", flat=True)
    assert list(found) == [Status.WAITING, Status.SENT]


def test_a_test_goes_out_even_in_quiet_hours(
    receiver: Receiver, stranger: User
) -> None:
    channel = listen(stranger, quiet_from=time(11), quiet_to=time(14))
    channel_test(channel=channel)
    delivery.notifications_send()
    assert receiver.topics == [[Topic.TEST]]
    assert only().status == Status.SENT


def test_no_message_names_anybody_or_anything_measured(
    receiver: Receiver, admin: User, person: Person
) -> None:
    listen(admin)
    raise_flag(person)
    delivery.notifications_send()
    message = receiver.told[0]
    text = message.subject + message.lines[0].text
    assert text == "A flag was raisedA flag was raised."
