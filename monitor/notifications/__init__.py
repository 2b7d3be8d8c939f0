"""Ways of telling people of flags: one small class each, behind one interface."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.notifications.base import Line, Message, Transport, TransportError
from monitor.notifications.chat import Slack, Teams
from monitor.notifications.email import Email
from monitor.notifications.webhook import Webhook

if TYPE_CHECKING:
    from monitor.models import NotificationChannel

TRANSPORTS: dict[str, type[Transport]] = {
    "email": Email,
    "webhook": Webhook,
    "slack": Slack,
    "teams": Teams,
}

__all__ = ["Line", "Message", "Transport", "TransportError", "transport_of"]


def transport_of(channel: NotificationChannel) -> Transport:
    return TRANSPORTS[channel.kind](channel)
