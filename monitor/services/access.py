"""The one place that writes down who looked at whom."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth.models import AnonymousUser, User
from django.utils import timezone

from monitor.models import AccessEntry, Person


def access_record(
    *,
    actor: User | AnonymousUser,
    people: Iterable[Person | int],
    action: AccessEntry.Action,
) -> None:
    """Write one entry for each person shown to `actor`."""
    now = timezone.now()
    AccessEntry.objects.bulk_create(
        AccessEntry(
            actor_id=actor.pk,
            person_id=person if isinstance(person, int) else person.pk,
            action=action,
            at=now,
        )
        for person in people
    )
