"""PINs and codes by which people say at a station who they are: the only writer."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from django.contrib.auth.hashers import check_password, make_password
from django.db.models import Case, F, QuerySet, When
from django.utils import timezone

from monitor.models import Person, PersonPin, Station, StationVisit
from monitor.models.stations import LOCK
from monitor.services.devices import token_digest

SHORTEST, LONGEST = 6, 12
CODE_BYTES = 16
# Django's hasher works as long on this as on a real hash.
NO_PIN = "!"
NOBODY = PersonPin(pk=0)


class PinRefused(Exception):
    """The PIN cannot be used; the message says why."""


def pin_check(*, person: Person, pin: str) -> None:
    """Raises PinRefused for a PIN that this person may not have."""
    if not (pin.isascii() and pin.isdecimal() and SHORTEST <= len(pin) <= LONGEST):
        raise PinRefused(f"A PIN has {SHORTEST} to {LONGEST} digits.")
    if len(set(pin)) < 3 or pin in "01234567890123456789 98765432109876543210":
        raise PinRefused("This PIN is too easy to guess; choose another one.")
    if pin == person.number:
        raise PinRefused("The PIN is the personnel number; choose another one.")


def pin_set(*, person: Person, pin: str) -> None:
    """A new PIN, which unlocks; whoever stands at a station as this person, leaves."""
    pin_check(person=person, pin=pin)
    new = {"encoded": make_password(pin), "changed_at": timezone.now()}
    PersonPin.objects.update_or_create(
        person=person, defaults=new | {"tries": 0, "tries_since": None}
    )
    StationVisit.objects.filter(person=person).delete()


def code_make(*, person: Person) -> str:
    """A new code for a QR code, shown once; one made before counts no more."""
    code = secrets.token_hex(CODE_BYTES)
    rows = PersonPin.objects.filter(person=person)
    if not rows.update(code_digest=token_digest(code), changed_at=timezone.now()):
        raise PinRefused("Set a PIN first.")
    StationVisit.objects.filter(person=person).delete()
    return code


def pins_unlock(*, rows: QuerySet[PersonPin]) -> None:
    rows.update(tries=0, tries_since=None)


def pin_remove(*, person: Person) -> None:
    """No station knows the person from now on."""
    PersonPin.objects.filter(person=person).delete()
    StationVisit.objects.filter(person=person).delete()


def row_by_pin(*, number: str, pin: str, now: datetime) -> PersonPin | None:
    """Whose number and PIN these are; None alike for whatever is wrong.

    A wrong number costs the queries and the hash of a wrong PIN.
    """
    row = PersonPin.objects.filter(person__number=number).first()
    free = try_take(row or NOBODY, now=now)
    fits = check_password(pin, row.encoded if row else NO_PIN)
    if row is None or not (free and fits):
        return None
    PersonPin.objects.filter(pk=row.pk).update(tries=0, tries_since=None)
    return row if _consented(row) else None


def row_by_code(*, code: str) -> PersonPin | None:
    """Whose code this is; with 128 random bits there is nothing to guess."""
    row = PersonPin.objects.filter(code_digest=token_digest(code)).first()
    return row if row and _consented(row) else None


def still_holds(row: PersonPin) -> bool:
    """Whether PIN and code are those that were looked at; to hash takes its time."""
    return PersonPin.objects.filter(
        pk=row.pk, encoded=row.encoded, code_digest=row.code_digest
    ).exists()


def _consented(row: PersonPin) -> bool:
    return Person.objects.consented().filter(pk=row.person_id).exists()


def try_take(row: PersonPin | Station, *, now: datetime) -> bool:
    """Count a try before it is looked at, so that guesses at once share no count."""
    rows: Any = type(row)._default_manager.filter(pk=row.pk)
    fresh = {"tries": 0, "tries_since": None}
    rows.filter(tries_since__lte=now - LOCK).update(**fresh)
    begins_or_locks = Case(
        When(tries=0, then=now),
        When(tries=row.MOST - 1, then=now),
        default=F("tries_since"),
    )
    taken: int = rows.filter(tries__lt=row.MOST).update(
        tries=F("tries") + 1, tries_since=begins_or_locks
    )
    return taken == 1
