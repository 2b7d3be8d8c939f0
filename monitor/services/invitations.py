"""Inviting people to answer the one question, at moments that nobody chose.

Which days and moments those are is drawn anew from the same seed whenever it is asked,
so nothing needs to be planned and stored before its time, and nobody can look it up.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from random import Random

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils.crypto import salted_hmac

from monitor.invitation_rules import EXPIRES_AFTER, invited_days, moment_of
from monitor.models import Invitation, NotificationChannel, Organisation, Person
from monitor.periods import local_day
from monitor.services.delivery import invitation_queue
from monitor.services.intake import Refused

# How late the scheduler may be; an older moment is left out, not made up.
LATE = timedelta(minutes=30)


def people_invite(*, now: datetime) -> int:
    """Invite whose moment has come; says how many. Nobody unless it is switched on."""
    organisation = Organisation.current()
    if not organisation.invitations_a_week:
        return 0
    today = local_day(now, organisation.tz)
    return sum(
        _invite(person, today, at)
        for person in _who_may_be_asked(today)
        if (at := _moment(person, organisation, today)) and at <= now < at + LATE
    )


def invitations_choose(*, person: Person, by: User, wanted: bool) -> None:
    """The person's own choice. Raises Refused for anybody else."""
    if person.user_id != by.pk:
        raise Refused("not_yours", "Only the person themselves can say.", status=403)
    Person.objects.filter(pk=person.pk).update(wants_invitations=wanted)


def _who_may_be_asked(today: date) -> Iterator[Person]:
    """By consent and choice, with an active account that has an e-mail channel."""
    mail = NotificationChannel.objects.filter(
        kind=NotificationChannel.Kind.EMAIL, enabled=True
    )
    people = Person.objects.consented().filter(
        wants_invitations=True,
        user__is_active=True,
        user__in=mail.order_by().values("user"),
    )
    asked = Invitation.objects.filter(day=today).order_by().values("person")
    return people.exclude(pk__in=asked).select_related("user").iterator()


def _moment(person: Person, organisation: Organisation, day: date) -> datetime | None:
    week = person.week(organisation.week)
    monday = day - timedelta(days=day.weekday())
    times = organisation.invitations_a_week
    draw = _draw(person, monday)
    if day not in invited_days(monday=monday, week=week, times=times, draw=draw):
        return None
    return moment_of(
        day=day,
        week=week,
        begins=organisation.day_begins,
        draw=_draw(person, day),
        tz=organisation.tz,
    )


def _draw(person: Person, day: date) -> Random:
    """Secret chance: without the site's key nobody can foretell a moment."""
    seed = salted_hmac("monitor.invitations", f"{person.pk}:{day}", algorithm="sha256")
    return Random(seed.digest())  # noqa: S311


def _invite(person: Person, day: date, at: datetime) -> bool:
    """False when another scheduler was faster, or no e-mail would come in time."""
    try:
        with transaction.atomic():
            made = Invitation.objects.create(
                person=person, day=day, at=at, expires_at=at + EXPIRES_AFTER
            )
            return invitation_queue(invitation=made) is not None
    except IntegrityError:
        return False
