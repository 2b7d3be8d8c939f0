"""Check-in stations: devices that many people use, and how people say who they are."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

from django.db import models

from monitor.models.people import Person
from monitor.models.pictures import Snapshot

LOCK = timedelta(minutes=15)


class Tries(models.Model):
    """Wrong tries of the last quarter of an hour; at `MOST` no other is looked at."""

    MOST: ClassVar[int]

    tries = models.PositiveSmallIntegerField(default=0, editable=False)
    tries_since = models.DateTimeField(null=True, editable=False)

    class Meta:
        abstract = True

    def locked_until(self, now: datetime) -> datetime | None:
        if self.tries < self.MOST or self.tries_since is None:
            return None
        ends = self.tries_since + LOCK
        return ends if ends > now else None


class Station(Tries):
    """One device, set up by opening a link once; its cookie holds what it is known by.

    Only hashes are kept, of the link as of the cookie.
    """

    # People stand in a queue and mistype; it stops who tries number after number.
    MOST = 20

    name = models.CharField(max_length=200)
    link_digest = models.CharField(max_length=64, blank=True, editable=False)
    link_until = models.DateTimeField(null=True, editable=False)
    token_digest = models.CharField(max_length=64, blank=True, editable=False)
    created_at = models.DateTimeField(editable=False)
    enrolled_at = models.DateTimeField(null=True, editable=False)
    last_seen_at = models.DateTimeField(null=True, editable=False)
    revoked_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["name"],
                condition=models.Q(revoked_at=None),
                name="station_in_use_name_once",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class PersonPin(Tries):
    """What a person shows a station: a PIN with their number, or a code as a QR code.

    The PIN is hashed as passwords are; the code is random, so a plain hash will do.
    """

    MOST = 5

    person = models.OneToOneField(
        Person, primary_key=True, on_delete=models.CASCADE, related_name="pin"
    )
    encoded = models.CharField(max_length=200, editable=False)
    code_digest = models.CharField(max_length=64, blank=True, editable=False)
    changed_at = models.DateTimeField(editable=False)

    class Meta:
        verbose_name = "PIN"
        indexes: ClassVar = [models.Index(fields=["code_digest"], name="pin_by_code")]

    def __str__(self) -> str:
        return f"PIN of person {self.person_id}"


class StationVisit(models.Model):
    """Somebody stands at a station: one at a time, for two minutes, for one choice.

    The row goes when the screen is cleared, so no list of visits comes about.
    """

    class Choice(models.TextChoices):
        PICTURE = "picture"
        ANSWER = "answer"

    station = models.OneToOneField(
        Station, on_delete=models.CASCADE, related_name="visit"
    )
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    token_digest = models.CharField(max_length=64)
    expires_at = models.DateTimeField()
    chosen = models.CharField(max_length=8, choices=Choice, blank=True)
    snapshot = models.ForeignKey(
        Snapshot, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    looked = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"visit at station {self.station_id}"
