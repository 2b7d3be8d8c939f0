"""Giving and withdrawing consent; a withdrawal stops everything at once."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from monitor.models import Consent, Person, Snapshot, SnapshotImage
from monitor.querysets import SnapshotQuerySet
from monitor.services.videos import videos_skip

# A file of a room's folder may be this old: nobody knows who belonged to the team then.
ROOM_OLDEST = timedelta(minutes=1)


def agreed_at(*, person: int | None, team: int | None, moment: datetime) -> bool:
    """Whether those who may be in a picture of a moment had agreed to it then.

    Of a desk its person, of a room all who belong to the team: they consent now.
    """
    if team is None:
        return Consent.objects.held_at(moment).filter(person=person).exists()
    if moment < timezone.now() - ROOM_OLDEST:
        return False
    late = Consent.objects.current().filter(given_at__gt=moment)
    return not late.filter(person__team=team).exists()


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

    Those of the room of their team are dropped, too: the person may be in them. A
    picture that intake lets in at this very moment is skipped by `readings_record`.
    """
    Consent.objects.current().filter(person=person).update(withdrawn_at=timezone.now())
    concerned = Q(person=person) | Q(team=person.team_id)
    snapshots_skip(Snapshot.objects.filter(concerned).unfinished())
    videos_skip(person=person)


def snapshots_skip(snapshots: SnapshotQuerySet) -> None:
    """End pictures for which there is no consent any more, unread."""
    SnapshotImage.objects.filter(snapshot__in=snapshots).delete()
    snapshots.update(
        status=Snapshot.Status.SKIPPED,
        reason="consent_withdrawn",
        claim=None,
        finished_at=timezone.now(),
    )
