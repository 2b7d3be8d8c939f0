"""Where people want to be told of flags, and what was told them."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from monitor.models.camera_health import CameraEvent
from monitor.models.flags import FlagEvent
from monitor.models.self_reports import Invitation
from monitor.notification_rules import (
    CHOSEN_AS,
    UNCHOSEN,
    Digest,
    QuietHours,
    Topic,
)
from monitor.querysets import NotificationQuerySet


class NotificationChannel(models.Model):
    """One address of one user. Address and key are sealed like pictures."""

    class Kind(models.TextChoices):
        EMAIL = "email", "e-mail"
        WEBHOOK = "webhook", "signed webhook"
        SLACK = "slack", "Slack"
        TEAMS = "teams", "Microsoft Teams"

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="notification_channels",
    )
    kind = models.CharField(max_length=10, choices=Kind)
    sealed_address = models.BinaryField()
    sealed_key = models.BinaryField(help_text="Signs webhooks; empty for the others.")
    enabled = models.BooleanField(default=True)

    on_raised = models.BooleanField(default=True)
    on_reviewed = models.BooleanField(default=False)
    on_answered = models.BooleanField(default=False)
    on_ended = models.BooleanField(default=False)
    on_stale = models.BooleanField(default=False)
    on_silent = models.BooleanField(
        default=True, help_text="Only for who may set up cameras."
    )

    quiet_from = models.TimeField(null=True)
    quiet_to = models.TimeField(null=True)
    digest = models.CharField(
        max_length=6,
        choices=[(each.value, each.value) for each in Digest],
        default=Digest.OFF,
    )

    class Meta:
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(quiet_from__isnull=True, quiet_to__isnull=True)
                | Q(quiet_from__isnull=False, quiet_to__isnull=False)
                & ~Q(quiet_from=F("quiet_to")),
                name="quiet_hours_have_two_ends",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.user_id}"

    def wants(self, topic: str) -> bool:
        """Tests are asked for, invitations are chosen elsewhere: not by channel."""
        chosen = CHOSEN_AS.get(Topic(topic), topic)
        return chosen in UNCHOSEN or bool(getattr(self, f"on_{chosen}"))

    @property
    def quiet(self) -> QuietHours | None:
        if self.quiet_from is None or self.quiet_to is None:
            return None
        return QuietHours(self.quiet_from, self.quiet_to)


class Notification(models.Model):
    """One event for one channel, and how far telling it has come.

    WAITING -> SENDING -> SENT; WAITING again after an error that may pass, FAILED after
    another one or too many; STOPPED when it may not be told any more. SENDING falls
    back to WAITING when its lease runs out.
    """

    class Status(models.TextChoices):
        WAITING = "waiting", "waiting"
        SENDING = "sending", "being sent"
        SENT = "sent", "sent"
        FAILED = "failed", "failed"
        STOPPED = "stopped", "stopped"

    TERMINAL = frozenset({Status.SENT, Status.FAILED, Status.STOPPED})

    channel = models.ForeignKey(
        NotificationChannel, on_delete=models.CASCADE, related_name="notifications"
    )
    event = models.ForeignKey(
        FlagEvent,
        null=True,
        on_delete=models.CASCADE,
        related_name="notifications",
        help_text="Empty for what is not about a flag.",
    )
    camera_event = models.ForeignKey(
        CameraEvent,
        null=True,
        on_delete=models.CASCADE,
        related_name="notifications",
    )
    invitation = models.OneToOneField(
        Invitation, null=True, on_delete=models.CASCADE, related_name="notification"
    )
    topic = models.CharField(
        max_length=10, choices=[(each.value, each.value) for each in Topic]
    )
    status = models.CharField(max_length=8, choices=Status, default=Status.WAITING)
    created_at = models.DateTimeField(auto_now_add=True)
    due_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    claim = models.UUIDField(null=True)
    claimed_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=200, blank=True)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["channel", "event"], name="notification_once"
            ),
            models.UniqueConstraint(
                fields=["channel", "camera_event"], name="camera_notification_once"
            ),
            models.CheckConstraint(
                condition=Q(status="sent", sent_at__isnull=False)
                | ~Q(status="sent") & Q(sent_at__isnull=True),
                name="sent_notification_has_a_moment",
            ),
        ]
        indexes: ClassVar = [
            # Only what is not finished, so it stays tiny.
            models.Index(
                fields=["due_at"],
                condition=Q(status__in=["waiting", "sending"]),
                name="notification_queue",
            ),
        ]

    def __str__(self) -> str:
        return f"notification {self.pk} ({self.status})"


class NotificationAttempt(models.Model):
    """One try to deliver a notification; without an error it was delivered."""

    notification = models.ForeignKey(
        Notification, on_delete=models.CASCADE, related_name="tries"
    )
    at = models.DateTimeField()
    error = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering: ClassVar = ["pk"]

    def __str__(self) -> str:
        return f"attempt at notification {self.notification_id}"
