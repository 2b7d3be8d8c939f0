"""Stations and who stands at them: the only writer of both.

A visit is no login: it opens the pages of the station alone, and is bound to it.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from monitor.models import (
    AccessEntry,
    Person,
    SelfReport,
    Snapshot,
    Station,
    StationVisit,
)
from monitor.services.access import access_record
from monitor.services.devices import token_digest
from monitor.services.intake import Refused, Upload, snapshot_accept
from monitor.services.pins import row_by_code, row_by_pin, still_holds, try_take
from monitor.services.roles import service_account
from monitor.services.self_reports import answer_record

Choice = StationVisit.Choice

ACCOUNT = "stations"
TOKEN_BYTES = 32
LINK_LASTS = timedelta(hours=1)
VISIT_LASTS = timedelta(minutes=2)


class StationRefused(Exception):
    """The station cannot be set up like this; the message says why."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What somebody shows to say who they are: number and PIN, or a code."""

    number: str = ""
    pin: str = ""
    code: str = ""


def station_create(*, name: str) -> tuple[Station, str]:
    """A station and the secret of the link that sets it up."""
    name = name.strip()
    if not name:
        raise StationRefused("A station needs a name, such as the place it is in.")
    station = Station(name=name, created_at=timezone.now())
    try:
        with transaction.atomic():
            station.save(force_insert=True)
    except IntegrityError as exc:
        raise StationRefused("There is a station of this name.") from exc
    return station, station_link(station=station)


def station_link(*, station: Station) -> str:
    """A new link, for one hour and one device; what is set up goes on until then."""
    secret = secrets.token_urlsafe(TOKEN_BYTES)
    changed = Station.objects.filter(pk=station.pk, revoked_at=None).update(
        link_digest=token_digest(secret), link_until=timezone.now() + LINK_LASTS
    )
    if not changed:
        raise StationRefused("This station is revoked; make a new one.")
    return secret


def station_of_link(*, secret: str, now: datetime) -> Station | None:
    return Station.objects.filter(
        link_digest=token_digest(secret), link_until__gt=now, revoked_at=None
    ).first()


@transaction.atomic
def station_enrol(*, secret: str, now: datetime) -> str | None:
    """What the device is known by from now on, for exactly one of all who open it."""
    station = station_of_link(secret=secret, now=now)
    if station is None:
        return None
    token = secrets.token_urlsafe(TOKEN_BYTES)
    rows = Station.objects.filter(pk=station.pk, link_digest=token_digest(secret))
    changed = rows.update(
        link_digest="",
        link_until=None,
        token_digest=token_digest(token),
        enrolled_at=now,
    )
    StationVisit.objects.filter(station=station).delete()
    return token if changed else None


@transaction.atomic
def station_revoke(*, station: Station) -> None:
    """Refuse the station from now on, for good, and who stands at it."""
    Station.objects.filter(pk=station.pk, revoked_at=None).update(
        revoked_at=timezone.now(), token_digest="", link_digest="", link_until=None
    )
    StationVisit.objects.filter(station=station).delete()


def station_of(*, token: str, now: datetime) -> Station | None:
    """The station that holds this token; it is seen."""
    rows = Station.objects.filter(token_digest=token_digest(token), revoked_at=None)
    station: Station | None = rows.first()
    # Strangers write nothing; between the two the station may have been revoked.
    return station if station and rows.update(last_seen_at=now) else None


def visit_begin(*, station: Station, shown: Shown, now: datetime) -> str | None:
    """The secret of a new visit; None alike for whatever is wrong."""
    if not try_take(station, now=now):
        return None
    if shown.code:
        row = row_by_code(code=shown.code)
    else:
        row = row_by_pin(number=shown.number, pin=shown.pin, now=now)
    if row is None:
        return None
    tries = Station.objects.filter(pk=station.pk, tries__gt=0)
    tries.update(tries=F("tries") - 1)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    new = {
        "person_id": row.person_id,
        "token_digest": token_digest(token),
        "expires_at": now + VISIT_LASTS,
        "chosen": "",
        "snapshot": None,
        "looked": False,
    }
    visit, _ = StationVisit.objects.update_or_create(station=station, defaults=new)
    # Whoever changes a PIN ends visits after the change, so one of the two sees it.
    if not still_holds(row):
        visits = StationVisit.objects.filter(pk=visit.pk)
        visits.filter(token_digest=visit.token_digest).delete()
        return None
    return token


def visit_of(*, station: Station, token: str, now: datetime) -> StationVisit | None:
    """The visit that goes on here, while its person consents."""
    return (
        StationVisit.objects.filter(
            station=station,
            token_digest=token_digest(token),
            expires_at__gt=now,
            person__in=Person.objects.consented().values("pk"),
        )
        .select_related("person__user", "snapshot")
        .first()
    )


def visit_end(*, station: Station) -> None:
    StationVisit.objects.filter(station=station).delete()


def visits_prune(*, now: datetime) -> int:
    """Forget who stood at a station that never asked for its start page again."""
    gone, _ = StationVisit.objects.filter(expires_at__lte=now).delete()
    return gone


def visit_picture(*, visit: StationVisit, data: bytes) -> Snapshot:
    """The one picture of a visit. Raises Refused."""
    upload = Upload(
        data=data,
        person=visit.person,
        source=Snapshot.Source.STATION,
        last_check=lambda _: _choose(visit, Choice.PICTURE),
    )
    snapshot = snapshot_accept(upload=upload, by=service_account(ACCOUNT)).snapshot
    StationVisit.objects.filter(
        pk=visit.pk, token_digest=visit.token_digest, chosen=Choice.PICTURE
    ).update(snapshot=snapshot)
    return snapshot


@transaction.atomic
def visit_answer(*, visit: StationVisit, value: int) -> SelfReport:
    """The one answer of a visit. Raises Refused."""
    _choose(visit, Choice.ANSWER)
    return answer_record(person=visit.person, value=value)


def _choose(visit: StationVisit, choice: Choice) -> None:
    """One choice for each visit, also of two at once and of a form sent twice."""
    going_on = StationVisit.objects.filter(
        pk=visit.pk,
        token_digest=visit.token_digest,
        expires_at__gt=timezone.now(),
        chosen="",
    )
    if not going_on.update(chosen=choice):
        raise Refused(
            "visit_over",
            "This visit is over; begin again with your number.",
            status=409,
        )


def visit_looked(*, visit: StationVisit) -> None:
    """One entry for a result that was shown, in the name of the person's account."""
    first = StationVisit.objects.filter(pk=visit.pk, looked=False).update(looked=True)
    if first:
        access_record(
            actor=visit.person.user or service_account(ACCOUNT),
            people=[visit.person],
            action=AccessEntry.Action.SNAPSHOT,
        )
