"""Notes whom to tell of a change of a flag or a camera, and tells them.

Noting is part of the transaction of the change; telling is not, because it takes time
and may fail. Delivery is at least once: a sender that dies between the delivery and the
note of it leaves a lease behind, after which another one tells it again.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta, tzinfo
from random import SystemRandom
from time import monotonic

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from monitor.models import (
    Camera,
    CameraEvent,
    FlagEvent,
    Invitation,
    Notification,
    NotificationAttempt,
    NotificationChannel,
    Organisation,
    Person,
)
from monitor.notification_rules import (
    MAX_ATTEMPTS,
    Digest,
    Timing,
    Topic,
    retry_delay,
    topic_of,
)
from monitor.notifications import Line, Message, TransportError, transport_of

log = logging.getLogger(__name__)

Status = Notification.Status
# Longer than any delivery may take.
LEASE = timedelta(minutes=2)
MOST_LINES = 100
CAMERA_PAGE = "camera"
# Seconds after which a sender makes room for other work; the rest is sent next time.
SEND_FOR = 25.0
random = SystemRandom()


def notifications_queue(*, event: FlagEvent) -> None:
    """Note the event for every channel that wants it and whose user may see it.

    Nobody is told of what they did themselves.
    """
    topic = topic_of(event.old, event.new, by_human=event.actor_id is not None)
    if topic is None:
        return
    now, tz = timezone.now(), Organisation.current().tz
    person_id = event.flag.person_id
    channels = NotificationChannel.objects.filter(enabled=True).select_related("user")
    Notification.objects.bulk_create(
        (
            Notification(
                channel=channel,
                event=event,
                topic=topic,
                due_at=_timing(channel, tz).due(now),
            )
            for channel in channels
            if channel.user_id != event.actor_id
            and not transport_of(channel).is_noop(topic)
            and _visible(channel, [person_id])
        ),
        ignore_conflicts=True,
    )


def camera_notifications_queue(*, events: Sequence[CameraEvent]) -> None:
    """Note the events for every channel that wants them and whose user sets cameras up.

    However many cameras fall silent at once, each channel is looked at once.
    """
    if not events:
        return
    now, tz = timezone.now(), Organisation.current().tz
    channels = NotificationChannel.objects.filter(enabled=True).select_related("user")
    for channel in channels:
        managed = _managed(channel, {event.camera_id for event in events})
        transport, due = transport_of(channel), _timing(channel, tz).due(now)
        Notification.objects.bulk_create(
            (
                Notification(
                    channel=channel, camera_event=event, topic=event.kind, due_at=due
                )
                for event in events
                if event.camera_id in managed and not transport.is_noop(event.kind)
            ),
            ignore_conflicts=True,
        )


def invitation_queue(*, invitation: Invitation) -> Notification | None:
    """Note it for the person's own e-mail, unless that is quiet until it expires.

    No digest, for the question is about this moment.
    """
    tz = Organisation.current().tz
    own = NotificationChannel.objects.filter(
        user=invitation.person.user,
        kind=NotificationChannel.Kind.EMAIL,
        enabled=True,
    )
    for channel in own.order_by("pk"):
        due = _timing(channel, tz).not_quiet(invitation.at)
        if due < invitation.expires_at:
            return Notification.objects.create(
                channel=channel,
                invitation=invitation,
                topic=Topic.INVITED,
                due_at=due,
            )
    return None


def notifications_send() -> int:
    """Deliver what is due until nothing is left or time is over; counts messages."""
    _give_up(timezone.now())
    end, sent = monotonic() + SEND_FOR, 0
    while monotonic() < end and deliver_next():
        sent += 1
    return sent


def deliver_next() -> bool:
    """Tell one channel all that is due for it; False when nothing is due."""
    now = timezone.now()
    token, rows = Notification.objects.claim(now=now, lease=LEASE, limit=MOST_LINES)
    if not rows:
        return False
    channel: NotificationChannel = rows[0].channel
    told = _may_be_told(channel, rows, now)
    _stop(token, [row for row in rows if row not in told])
    later = _timing(channel, Organisation.current().tz).not_quiet(now)
    if later > now:
        told = _put_back(token, told, later)
    if not told:
        return True
    error: TransportError | None = None
    try:
        transport_of(channel).notify(_message(told))
    except TransportError as exc:
        error = exc
        log.warning("notification channel %s: %s", channel.pk, exc)
    _note(token, told, error)
    return True


def _timing(channel: NotificationChannel, tz: tzinfo) -> Timing:
    return Timing(Digest(channel.digest), channel.quiet, tz)


def _visible(channel: NotificationChannel, people: Iterable[int]) -> set[int]:
    seen = Person.objects.visible_to(channel.user).filter(pk__in=people)
    return set(seen.values_list("pk", flat=True))


def _managed(channel: NotificationChannel, cameras: Iterable[int]) -> set[int]:
    seen = Camera.objects.manageable_by(channel.user).filter(pk__in=cameras)
    return set(seen.values_list("pk", flat=True))


def _may_be_told(
    channel: NotificationChannel, rows: Sequence[Notification], now: datetime
) -> list[Notification]:
    """Without those that the user may not see, or does not want, any more."""
    cameras = {row.camera_event.camera_id for row in rows if row.camera_event}
    managed = _managed(channel, cameras) if cameras else set()
    about = {row.pk: _person_id(row) for row in rows}
    visible = _visible(channel, {pk for pk in about.values() if pk})
    transport = transport_of(channel)
    return [
        row
        for row in rows
        if not transport.is_noop(row.topic)
        and (row.camera_event is None or row.camera_event.camera_id in managed)
        and (about[row.pk] is None or about[row.pk] in visible)
        and (row.invitation is None or _still_asks(row.invitation, channel, now))
    ]


def _person_id(row: Notification) -> int | None:
    """Whom it is about; None for a test and for a camera."""
    if row.invitation:
        return row.invitation.person_id
    return row.event.flag.person_id if row.event else None


def _still_asks(
    invitation: Invitation, channel: NotificationChannel, now: datetime
) -> bool:
    person = invitation.person
    is_own = person.user_id == channel.user_id
    return is_own and person.wants_invitations and now < invitation.expires_at


def _message(rows: Sequence[Notification]) -> Message:
    return Message(tuple(_line(row) for row in rows))


def _line(row: Notification) -> Line:
    return Line(row.pk, Topic(row.topic), settings.SITE_URL + _path(row))


def _path(row: Notification) -> str:
    if row.event:
        return reverse("flag", args=[row.event.flag_id])
    if row.camera_event:
        return reverse(CAMERA_PAGE, args=[row.camera_event.camera_id])
    return reverse("self-report" if row.invitation else "notifications")


def _put_back(
    token: uuid.UUID, rows: Sequence[Notification], later: datetime
) -> list[Notification]:
    """A sender that comes late respects the quiet hours, too; tests are sent always."""
    for row in rows:
        if row.topic != Topic.TEST:
            _update(
                token,
                row,
                status=Status.WAITING,
                due_at=later,
                attempts=row.attempts - 1,
            )
    return [row for row in rows if row.topic == Topic.TEST]


def _stop(token: uuid.UUID, rows: Sequence[Notification]) -> None:
    for row in rows:
        _update(token, row, status=Status.STOPPED, error="may not be told any more")


@transaction.atomic
def _note(
    token: uuid.UUID, rows: Sequence[Notification], error: TransportError | None
) -> None:
    """Store the outcome of one attempt for all that it was to tell."""
    now, text = timezone.now(), str(error or "")[:200]
    NotificationAttempt.objects.bulk_create(
        NotificationAttempt(notification=row, at=now, error=text) for row in rows
    )
    for row in rows:
        if error is None:
            _update(token, row, status=Status.SENT, sent_at=now, error="")
        elif error.permanent or row.attempts >= MAX_ATTEMPTS:
            _update(token, row, status=Status.FAILED, error=text)
        else:
            due = now + retry_delay(row.attempts, random.random())
            _update(token, row, status=Status.WAITING, due_at=due, error=text)


def _update(token: uuid.UUID, row: Notification, **values: object) -> None:
    """Nothing when the lease ran out and another sender has the row."""
    Notification.objects.held(token).filter(pk=row.pk).update(claim=None, **values)


def _give_up(now: datetime) -> None:
    """End what every sender died of."""
    left = Notification.objects.abandoned(now=now, lease=LEASE)
    text = "every sender ended before it was done"
    left.filter(attempts__gte=MAX_ATTEMPTS).update(status=Status.FAILED, error=text)
