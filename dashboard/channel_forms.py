"""What a user writes about a notification channel."""

from __future__ import annotations

from datetime import time
from typing import Any

from django import forms
from django.conf import settings
from django.utils.text import capfirst

from monitor.models import NotificationChannel
from monitor.notification_rules import Digest, Topic
from monitor.services.channels import CHOICES, Wishes

TOPIC_NAMES = {
    Topic.RAISED: "A flag was raised",
    Topic.REVIEWED: "Somebody acknowledges or reviews a flag",
    Topic.ANSWERED: "The person answered",
    Topic.ENDED: "A flag has ended",
    Topic.STALE: "A flag cannot be followed any more",
    Topic.SILENT: "A camera falls silent or is back (only if you set up cameras)",
}
DIGESTS = (
    (Digest.OFF.value, "At once"),
    (Digest.DAILY.value, "Together, every day at 8:00"),
    (Digest.WEEKLY.value, "Together, on Mondays at 8:00"),
)

BOX = {"class": "form-check-input"}


def time_field(label: str) -> forms.TimeField:
    looks = {"type": "time", "class": "form-control"}
    return forms.TimeField(
        label=label,
        required=False,
        widget=forms.TimeInput(attrs=looks, format="%H:%M"),
        error_messages={"invalid": "Write the time as 22:00."},
    )


class ChannelForm(forms.Form):
    """A channel that is there already; an empty address keeps the one it has."""

    address = forms.CharField(
        label="Another address; empty keeps this one",
        required=False,
        max_length=1000,
        widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "off"}),
        error_messages={"required": "Write an address."},
    )
    topics = forms.MultipleChoiceField(
        label="Tell me when",
        choices=[(topic.value, TOPIC_NAMES[topic]) for topic in CHOICES],
        widget=forms.CheckboxSelectMultiple(attrs=BOX),
        initial=[Topic.RAISED.value, Topic.SILENT.value],
        error_messages={"required": "Choose at least one."},
    )
    digest = forms.ChoiceField(
        label="How often",
        choices=DIGESTS,
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    quiet_from = time_field("Nothing from")
    quiet_to = time_field("until")
    enabled = forms.BooleanField(
        label="Switched on",
        required=False,
        initial=True,
        widget=forms.CheckboxInput(attrs=BOX),
    )

    def wishes(self) -> Wishes:
        asked = dict(self.cleaned_data)
        asked.pop("address")
        asked.pop("kind", None)
        topics = frozenset(Topic(topic) for topic in asked.pop("topics"))
        return Wishes(topics=topics, **asked | {"digest": Digest(asked["digest"])})


class NewChannelForm(ChannelForm):
    """E-mail is offered where the site sends any."""

    def __init__(self, data: Any = None) -> None:
        super().__init__(data, initial={"quiet_from": time(20), "quiet_to": time(7)})
        self.sends_mail: bool = settings.NOTIFY_BY_EMAIL
        Kind = NotificationChannel.Kind
        offered = [kind for kind in Kind if self.sends_mail or kind != Kind.EMAIL]
        self.fields["kind"] = forms.ChoiceField(
            label="Kind",
            choices=[(each, capfirst(each.label)) for each in offered],
            widget=forms.Select(attrs={"class": "form-select"}),
        )
        address = "E-mail address, or address of the webhook"
        self.fields["address"].label = address if self.sends_mail else "Its address"
        self.fields["address"].required = True


def form_of(channel: NotificationChannel, data: Any = None) -> ChannelForm:
    initial = {
        "topics": [topic.value for topic in CHOICES if channel.wants(topic)],
        "digest": channel.digest,
        "quiet_from": channel.quiet_from,
        "quiet_to": channel.quiet_to,
        "enabled": channel.enabled,
    }
    return ChannelForm(data, initial=initial)
