"""Whatever a user types in about a channel is checked, and its secrets are sealed."""

from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.db import IntegrityError
from pytest_django.fixtures import Settings

from monitor.models import Notification, NotificationChannel
from monitor.notification_rules import Topic
from monitor.services import channels
from monitor.services.channels import ChannelRefused, Wishes
from tests.factories import NOON

URL = "https://hooks.example.org/T000/secret"
RAISED = Wishes(topics=frozenset({Topic.RAISED}))


def create(
    user: User, kind: str = "slack", address: str = URL, wishes: Wishes = RAISED
) -> NotificationChannel:
    return channels.channel_create(user=user, kind=kind, address=address, wishes=wishes)


def test_an_address_is_sealed_and_shown_only_in_part(stranger: User) -> None:
    channel = create(stranger)
    stored = NotificationChannel.objects.get()
    assert b"secret" not in bytes(stored.sealed_address)
    assert channels.address_shown(channel) == "hooks.example.org"
    assert channels.key_shown(channel) == ""


def test_only_a_webhook_has_a_key_and_each_its_own(stranger: User) -> None:
    keys = {channels.key_shown(create(stranger, "webhook")) for _ in range(2)}
    assert len(keys) == 2
    assert all(key.startswith("whsec_") for key in keys)


def test_an_e_mail_address_is_shown_whole(stranger: User, settings: Settings) -> None:
    settings.NOTIFY_BY_EMAIL = True
    channel = create(stranger, "email", " ada@example.org ")
    assert channels.address_shown(channel) == "ada@example.org"


def test_a_channel_that_no_key_opens_says_so(stranger: User) -> None:
    channel = create(stranger, "webhook")
    channel.sealed_address = channel.sealed_key = b"x" * 40
    assert "enter it again" in channels.address_shown(channel)
    assert "enter it again" in channels.key_shown(channel)


@pytest.mark.parametrize(
    ("kind", "address"),
    [
        ("email", "ada"),
        ("email", "ada@example.org\nBcc: all@example.org"),
        ("slack", "hooks.example.org"),
        ("teams", "ftp://hooks.example.org/"),
        ("webhook", "https://user:word@example.org/"),
    ],
)
def test_it_refuses_an_address_of_no_use(
    stranger: User, settings: Settings, kind: str, address: str
) -> None:
    settings.NOTIFY_BY_EMAIL = True
    with pytest.raises(ChannelRefused):
        create(stranger, kind, address)
    assert not NotificationChannel.objects.exists()


def test_it_refuses_e_mail_where_no_mail_server_is_set(
    stranger: User, settings: Settings
) -> None:
    settings.NOTIFY_BY_EMAIL = False
    with pytest.raises(ChannelRefused, match="sends no e-mail"):
        create(stranger, "email", "ada@example.org")


@pytest.mark.parametrize("until", [None, time(8)])
def test_it_refuses_quiet_hours_without_two_ends(
    stranger: User, until: time | None
) -> None:
    with pytest.raises(ChannelRefused, match="Quiet hours need"):
        create(stranger, wishes=replace(RAISED, quiet_from=time(8), quiet_to=until))


def test_the_database_refuses_them_too(stranger: User) -> None:
    channel = create(stranger)
    with pytest.raises(IntegrityError, match="quiet_hours_have_two_ends"):
        NotificationChannel.objects.filter(pk=channel.pk).update(quiet_from=time(8))


def test_it_refuses_more_channels_than_anybody_needs(
    stranger: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channels, "MOST", 1)
    create(stranger)
    with pytest.raises(ChannelRefused, match="too many"):
        create(stranger)


def test_a_change_without_an_address_keeps_it(stranger: User) -> None:
    channel = create(stranger)
    wishes = Wishes(topics=frozenset({Topic.STALE}), enabled=False)
    channels.channel_change(channel=channel, address="", wishes=wishes)
    channel.refresh_from_db()
    assert (channel.on_raised, channel.on_stale, channel.enabled) == (
        False,
        True,
        False,
    )
    assert channels.address_shown(channel) == "hooks.example.org"


def test_a_test_waits_for_the_sender_like_everything_else(stranger: User) -> None:
    test = channels.channel_test(channel=create(stranger))
    assert (test.status, test.topic, test.event) == ("waiting", Topic.TEST, None)


def test_it_refuses_another_test_within_a_minute(stranger: User) -> None:
    channel = create(stranger)
    with time_machine.travel(NOON, tick=False) as clock:
        channels.channel_test(channel=channel)
        sent: dict[str, Any] = {"status": "sent", "sent_at": NOON}
        Notification.objects.update(**sent)
        with pytest.raises(ChannelRefused, match="just now"):
            channels.channel_test(channel=channel)
        clock.shift(timedelta(minutes=1))
        channels.channel_test(channel=channel)
    assert Notification.objects.count() == 2


def test_it_refuses_another_test_while_one_waits(stranger: User) -> None:
    channel = create(stranger)
    with time_machine.travel(NOON, tick=False) as clock:
        channels.channel_test(channel=channel)
        clock.shift(timedelta(hours=1))
        with pytest.raises(ChannelRefused, match="just now"):
            channels.channel_test(channel=channel)


def test_it_refuses_a_test_of_a_channel_that_is_off(stranger: User) -> None:
    channel = create(stranger, wishes=replace(RAISED, enabled=False))
    with pytest.raises(ChannelRefused, match="switched off"):
        channels.channel_test(channel=channel)
