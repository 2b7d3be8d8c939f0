"""Organisation, teams, people and the consent without which nothing is taken in."""

from __future__ import annotations

import zoneinfo
from datetime import time
from typing import Any, ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from monitor.invitation_rules import MOST_A_WEEK
from monitor.periods import WorkWeek
from monitor.querysets import ConsentQuerySet, PersonQuerySet, TeamQuerySet


def check_time_zone(name: str) -> None:
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError) as exc:
        raise ValidationError(
            f"{name} is not a time zone; use one such as Europe/Berlin"
        ) from exc


def default_time_zone() -> str:
    return settings.TIME_ZONE


HOURS = tuple(f"{day}_hours" for day in WorkWeek._fields)


def hours_field(**options: Any) -> models.FloatField[Any, Any]:
    """Hours that are worked on one day of the week."""
    possible = [MinValueValidator(0), MaxValueValidator(24)]
    return models.FloatField(validators=possible, **options)


def hours_are_possible() -> Q:
    found = Q()
    for name in HOURS:
        found &= Q(**{f"{name}__gte": 0, f"{name}__lte": 24})
    return found


class Organisation(models.Model):
    """The one organisation of this installation.

    The hours are those of everybody who has none of their own.
    """

    name = models.CharField(max_length=200)
    time_zone = models.CharField(
        max_length=64, default=default_time_zone, validators=[check_time_zone]
    )
    demonstration = models.BooleanField(
        default=False, help_text="All data is invented; every page says so."
    )
    monday_hours = hours_field(default=8)
    tuesday_hours = hours_field(default=8)
    wednesday_hours = hours_field(default=8)
    thursday_hours = hours_field(default=8)
    friday_hours = hours_field(default=8)
    saturday_hours = hours_field(default=0)
    sunday_hours = hours_field(default=0)
    day_begins = models.TimeField(
        default=time(9), help_text="When working hours begin, for invitations."
    )
    invitations_a_week = models.PositiveSmallIntegerField(
        default=0,
        validators=[MaxValueValidator(MOST_A_WEEK)],
        help_text="How often a person is invited, at random moments of working hours, "
        "to say how they feel; 0 to 5, at most once a day. 0 invites nobody.",
    )
    browser_readings = models.BooleanField(
        "readings made in the browser",
        default=True,
        help_text="Lets a person's own browser read the face and send five numbers "
        "instead of a picture. The server cannot check such numbers: whoever knows how "
        "can send others than the camera gave, about themselves only. They are marked.",
    )
    only = models.BooleanField(default=True, editable=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["only"], name="one_organisation"),
            models.CheckConstraint(condition=Q(only=True), name="organisation_is_only"),
            models.CheckConstraint(
                condition=hours_are_possible(), name="organisation_hours_possible"
            ),
            models.CheckConstraint(
                condition=Q(invitations_a_week__lte=MOST_A_WEEK),
                name="organisation_invites_seldom",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def current(cls) -> Organisation:
        """The stored organisation, or an unnamed one before anybody set it up."""
        return cls.objects.first() or cls(name="")

    @property
    def tz(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.time_zone)

    @property
    def week(self) -> WorkWeek:
        return WorkWeek(*(getattr(self, name) for name in HOURS))


class Team(models.Model):
    """People whose figures may be shown together."""

    name = models.CharField(max_length=200, unique=True)

    objects = TeamQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name


class Person(models.Model):
    """Somebody at work who may be watched once they have consented."""

    number = models.CharField(
        max_length=40, unique=True, help_text="Personnel number or pseudonym."
    )
    name = models.CharField(max_length=200)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="people")
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="person",
        help_text="The account with which this person sees their own data.",
    )
    monday_hours = hours_field(null=True, blank=True)
    tuesday_hours = hours_field(null=True, blank=True)
    wednesday_hours = hours_field(null=True, blank=True)
    thursday_hours = hours_field(null=True, blank=True)
    friday_hours = hours_field(null=True, blank=True)
    saturday_hours = hours_field(null=True, blank=True)
    sunday_hours = hours_field(null=True, blank=True)
    wants_invitations = models.BooleanField(
        default=True,
        editable=False,
        help_text="Chosen by the person: whether they may be invited to self-reports.",
    )
    assessed_at = models.DateTimeField(
        null=True, editable=False, help_text="When the flag rule was last begun."
    )
    assessed_on = models.DateField(
        null=True, editable=False, help_text="The last day that the rule has judged."
    )
    changed_at = models.DateTimeField(
        null=True,
        editable=False,
        help_text="When a day that was over changed; empty once the rule has seen it.",
    )

    has_consent: bool  # on rows of `Person.objects.with_consent()`

    objects = PersonQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["name", "number"]
        verbose_name_plural = "people"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=hours_are_possible(), name="person_hours_possible"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.number})"

    def week(self, usual: WorkWeek) -> WorkWeek:
        """Expected working hours: the person's own, else the organisation's usual."""
        own = [getattr(self, name) for name in HOURS]
        pairs = zip(own, usual, strict=True)
        return WorkWeek(*(theirs if mine is None else mine for mine, theirs in pairs))


class Consent(models.Model):
    """One agreement of a person; current until it is withdrawn."""

    person = models.ForeignKey(
        Person, on_delete=models.CASCADE, related_name="consents"
    )
    given_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL
    )

    objects = ConsentQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["person"],
                condition=Q(withdrawn_at__isnull=True),
                name="one_current_consent",
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at__isnull=True)
                | Q(withdrawn_at__gte=models.F("given_at")),
                name="withdrawn_after_given",
            ),
        ]

    def __str__(self) -> str:
        state = "withdrawn" if self.withdrawn_at else "current"
        return f"consent of {self.person_id}, {state}"
