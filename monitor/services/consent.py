"""Giving and withdrawing consent; a withdrawal stops everything at once."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from monitor.models import Consent, Person, Snapshot, SnapshotImage


def consent_give(*, person: Person, by: User | None = None) -> Consent:
    """The person's current consent, made now when there is none."""
    consent, _ = Consent.objects.get_or_create(
        person=person,
        withdrawn_at=None,
        defaults={"given_at": timezone.now(), "recorded_by": by},
    )
    return consent


@transaction.atomic
def consent_withdraw(*, person: Person) -> None:
    """End the consent, drop pictures on their way; the person is hidden from now on.

    Intake locks the same row of consent, so a picture is either in before the
    withdrawal, and skipped here, or refused after it.
    """
    now = timezone.now()
    Consent.objects.current().filter(person=person).update(withdrawn_at=now)
    on_the_way = Snapshot.objects.filter(person=person).unfinished()
    SnapshotImage.objects.filter(snapshot__in=on_the_way).delete()
    on_the_way.update(
        status=Snapshot.Status.SKIPPED, reason="consent_withdrawn", finished_at=now
    )
