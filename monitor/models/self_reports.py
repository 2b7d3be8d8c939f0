"""What people say about themselves, and whether the ratios agree with it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from monitor.models.people import Person
from monitor.querysets import InvitationQuerySet


class Invitation(models.Model):
    """A person is asked to answer the one question now; at most once a day.

    One whose notification was never sent asked nobody and counts nowhere.
    """

    person = models.ForeignKey(
        Person, on_delete=models.CASCADE, related_name="invitations", db_index=False
    )
    day = models.DateField(help_text="The organisation's local day of `at`.")
    at = models.DateTimeField()
    expires_at = models.DateTimeField()

    objects = InvitationQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-at", "-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["person", "day"], name="invitation_once_a_day"
            ),
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("at")), name="invitation_expires_later"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["at"], name="invitation_by_time")]

    def __str__(self) -> str:
        return f"invitation of {self.person_id} on {self.day}"


class SelfReport(models.Model):
    """One answer to "right now I feel stressed"; only the person sees it."""

    class Value(models.IntegerChoices):
        NOT_AT_ALL = 0, "not at all"
        A_LITTLE = 1, "a little"
        SOMEWHAT = 2, "somewhat"
        QUITE = 3, "quite"
        VERY = 4, "very much"

    person = models.ForeignKey(
        Person, on_delete=models.CASCADE, related_name="self_reports", db_index=False
    )
    at = models.DateTimeField()
    day = models.DateField(help_text="The organisation's local day of `at`.")
    value = models.PositiveSmallIntegerField(choices=Value)
    invitation = models.OneToOneField(
        Invitation,
        null=True,
        on_delete=models.SET_NULL,
        related_name="answer",
        help_text="Empty when the person answered unasked.",
    )

    class Meta:
        ordering: ClassVar = ["-at", "-pk"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(value__gte=0, value__lte=4), name="self_report_is_0_to_4"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["person", "-at"], name="self_report_of_person"),
            models.Index(fields=["day"], name="self_report_day"),
        ]

    def __str__(self) -> str:
        return f"self-report of {self.person_id} on {self.day}"


class Validation(models.Model):
    """One measurement of the agreement of stress ratios and self-reports here.

    correlation, low, high: repeated-measures correlation with its 95 % interval; null
    while there are too few days. The newest row counts.
    """

    at = models.DateTimeField()
    first_report = models.DateField(help_text="Day of the first self-report ever.")
    people = models.PositiveIntegerField()
    days = models.PositiveIntegerField(help_text="Days of people with both values.")
    correlation = models.FloatField(null=True)
    low = models.FloatField(null=True)
    high = models.FloatField(null=True)
    formula = models.CharField(max_length=20)

    class Meta:
        ordering: ClassVar = ["-at", "-pk"]
        # Every page asks for the newest.
        indexes: ClassVar = [models.Index(fields=["-at"], name="validation_by_time")]

    def __str__(self) -> str:
        return f"validation of {self.at:%Y-%m-%d}: {self.correlation}"
