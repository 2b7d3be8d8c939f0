"""The page on which users say where they want to be told of flags."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django.fixtures import Settings

from monitor.models import Notification, NotificationChannel
from monitor.notification_rules import Topic
from monitor.services.channels import Wishes, channel_create, key_shown

URL = "https://hooks.example.org/T000/secret"
GIVEN = {
    "kind": "slack",
    "address": URL,
    "topics": ["raised", "ended"],
    "digest": "daily",
    "quiet_from": "22:00",
    "quiet_to": "07:00",
    "enabled": "on",
}


def own(user: User, kind: str = "webhook") -> NotificationChannel:
    wishes = Wishes(topics=frozenset({Topic.RAISED}))
    return channel_create(user=user, kind=kind, address=URL, wishes=wishes)


def text_of(answer: Any) -> str:
    return str(answer.content.decode())


def test_a_channel_is_added(client_health: Client, health: User) -> None:
    answer = client_health.post("/notifications/", GIVEN, follow=True)
    channel = health.notification_channels.get()
    assert (channel.on_ended, channel.on_stale, channel.digest) == (
        True,
        False,
        "daily",
    )
    assert channel.quiet_from is not None
    assert channel.quiet_from.hour == 22
    assert "The channel is added" in text_of(answer)
    assert "secret" not in text_of(answer)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"address": ""}, "Write an address."),
        ({"address": "ftp://example.org"}, "must begin with https://"),
        ({"topics": []}, "Choose at least one."),
        ({"quiet_to": ""}, "Quiet hours need both times"),
        ({"quiet_to": "late"}, "Write the time as 22:00."),
        ({"kind": "pigeon"}, "not one of the available choices"),
    ],
)
def test_what_cannot_be_used_comes_back(
    client_health: Client, change: dict[str, Any], why: str
) -> None:
    answer = client_health.post("/notifications/", GIVEN | change)
    assert answer.status_code == 400
    assert why in text_of(answer)
    assert not NotificationChannel.objects.exists()


def test_the_list_shows_ones_own_channels_only(
    client_health: Client, health: User, employee: User
) -> None:
    mine, other = own(health), own(employee)
    text = text_of(client_health.get("/notifications/"))
    assert f"/notifications/{mine.pk}/" in text
    assert f"/notifications/{other.pk}/" not in text


def test_a_channel_is_changed(client_health: Client, health: User) -> None:
    channel = own(health)
    client_health.post(f"/notifications/{channel.pk}/", GIVEN | {"address": ""})
    channel.refresh_from_db()
    assert (channel.on_ended, channel.digest, channel.kind) == (
        True,
        "daily",
        "webhook",
    )


def test_a_change_that_cannot_be_used_comes_back(
    client_health: Client, health: User
) -> None:
    url = f"/notifications/{own(health).pk}/"
    assert client_health.post(url, GIVEN | {"address": "x"}).status_code == 400


def test_the_owner_reads_the_key_of_a_webhook(
    client_health: Client, health: User
) -> None:
    channel = own(health)
    text = text_of(client_health.get(f"/notifications/{channel.pk}/"))
    assert key_shown(channel).replace("+", "&#x2B;") in text.replace("+", "&#x2B;")


def test_a_test_is_sent_by_the_button(client_health: Client, health: User) -> None:
    url = f"/notifications/{own(health).pk}/test/"
    assert "A test goes out" in text_of(client_health.post(url, follow=True))
    assert "There was a test just now" in text_of(client_health.post(url, follow=True))
    assert Notification.objects.get().topic == Topic.TEST


def test_what_failed_is_said(client_health: Client, health: User) -> None:
    channel = own(health)
    client_health.post(f"/notifications/{channel.pk}/test/")
    Notification.objects.update(status="failed", error="the web server answers 410")
    text = text_of(client_health.get(f"/notifications/{channel.pk}/"))
    assert "test, failed: the web server answers 410" in text


def test_a_channel_is_deleted(client_health: Client, health: User) -> None:
    client_health.post(f"/notifications/{own(health).pk}/delete/")
    assert not NotificationChannel.objects.exists()


@pytest.mark.parametrize("what", ["", "test/", "delete/"])
def test_somebody_elses_channel_is_not_there(
    client_health: Client, employee: User, what: str
) -> None:
    url = f"/notifications/{own(employee).pk}/{what}"
    assert client_health.post(url, GIVEN).status_code == 404
    assert not Notification.objects.exists()


@pytest.mark.parametrize("what", ["", "1/", "1/test/", "1/delete/"])
def test_it_sends_strangers_to_sign_in(client: Client, db: None, what: str) -> None:
    assert client.post(f"/notifications/{what}", GIVEN).status_code == 302


def test_the_number_of_queries_does_not_grow(
    client_health: Client, health: User, django_assert_max_num_queries: Any
) -> None:
    for _ in range(5):
        own(health)
    with django_assert_max_num_queries(8):
        client_health.get("/notifications/")


@pytest.mark.parametrize("sends", [True, False])
def test_e_mail_is_offered_where_the_site_sends_any(
    client_health: Client, settings: Settings, sends: bool
) -> None:
    settings.NOTIFY_BY_EMAIL = sends
    shown = text_of(client_health.get("/notifications/"))
    assert ('value="email"' in shown) is sends
    assert ("This site sends no e-mail yet" in shown) is not sends
