"""The only writers of notification channels; what a user types in is checked here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils import timezone

from monitor import vault
from monitor.models import Notification, NotificationChannel
from monitor.notification_rules import CHOSEN_AS, UNCHOSEN, Digest, Topic
from monitor.notifications.base import TransportError, opened
from monitor.notifications.http import split_url
from monitor.notifications.webhook import new_key

Kind = NotificationChannel.Kind
MOST = 10
TEST_EVERY = timedelta(minutes=1)
# Tests are not chosen, and nothing that comes with another topic.
CHOICES = tuple(topic for topic in Topic if topic not in {*UNCHOSEN, *CHOSEN_AS})


class ChannelRefused(Exception):
    """The channel cannot be made or used like this; the message says why."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a user wants to be told through a channel, and when."""

    topics: frozenset[Topic]
    digest: Digest = Digest.OFF
    quiet_from: time | None = None
    quiet_to: time | None = None
    enabled: bool = True

    def columns(self) -> dict[str, object]:
        """Raises ChannelRefused for quiet hours with one end, or none between them."""
        if (self.quiet_from is None) != (self.quiet_to is None):
            raise ChannelRefused("Quiet hours need both times, or none.")
        if self.quiet_from is not None and self.quiet_from == self.quiet_to:
            raise ChannelRefused("Quiet hours need two different times.")
        return {
            "digest": self.digest,
            "quiet_from": self.quiet_from,
            "quiet_to": self.quiet_to,
            "enabled": self.enabled,
            **{f"on_{topic}": topic in self.topics for topic in CHOICES},
        }


def channel_create(
    *, user: User, kind: str, address: str, wishes: Wishes
) -> NotificationChannel:
    """A webhook gets a new key. Raises ChannelRefused for an address of no use."""
    if user.notification_channels.count() >= MOST:
        raise ChannelRefused(f"More than {MOST} channels are too many.")
    return NotificationChannel.objects.create(
        user=user,
        kind=kind,
        sealed_address=_sealed(kind, address),
        sealed_key=vault.seal(new_key().encode()) if kind == Kind.WEBHOOK else b"",
        **wishes.columns(),
    )


def channel_change(
    *, channel: NotificationChannel, address: str, wishes: Wishes
) -> None:
    """Other wishes, and another address unless that is empty."""
    changed = wishes.columns()
    if address:
        changed["sealed_address"] = _sealed(channel.kind, address)
    NotificationChannel.objects.filter(pk=channel.pk).update(**changed)


def channel_delete(*, channel: NotificationChannel) -> None:
    """With all that waits for it."""
    channel.delete()


@transaction.atomic
def channel_test(*, channel: NotificationChannel) -> Notification:
    """Send a test the way every notification goes, whatever the quiet hours are.

    Raises ChannelRefused within a minute of the last one, or while it is switched off.
    """
    channel = NotificationChannel.objects.select_for_update().get(pk=channel.pk)
    if not channel.enabled:
        raise ChannelRefused("The channel is switched off.")
    now = timezone.now()
    tests = channel.notifications.filter(topic=Topic.TEST)
    if tests.unfinished().exists() or tests.filter(created_at__gt=now - TEST_EVERY):
        raise ChannelRefused("There was a test just now; try again in a minute.")
    return Notification.objects.create(channel=channel, topic=Topic.TEST, due_at=now)


def address_shown(channel: NotificationChannel) -> str:
    """The address of an e-mail; of others only the host, for the rest is a secret."""
    try:
        address = opened(channel.sealed_address)
    except TransportError as exc:
        return str(exc)
    if channel.kind == Kind.EMAIL:
        return address
    return urlsplit(address).hostname or ""


def key_shown(channel: NotificationChannel) -> str:
    """What a webhook's receiver needs to check signatures; empty for other kinds."""
    if channel.kind != Kind.WEBHOOK:
        return ""
    try:
        return opened(channel.sealed_key)
    except TransportError as exc:
        return str(exc)


def _sealed(kind: str, address: str) -> bytes:
    address = address.strip()
    try:
        if kind != Kind.EMAIL:
            split_url(address)
        elif not settings.NOTIFY_BY_EMAIL:
            raise ChannelRefused("This site sends no e-mail.")
        else:
            validate_email(address)
    except ValidationError as exc:
        raise ChannelRefused("This is no e-mail address.") from exc
    except ValueError as exc:
        raise ChannelRefused(f"{str(exc).capitalize()}.") from exc
    return vault.seal(address.encode())
