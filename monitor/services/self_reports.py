"""People's own answers, and measuring whether the ratios agree with them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Avg, Min
from django.utils import timezone

from monitor.agreement import Pair, repeated_measures_correlation
from monitor.flag_rules import day_values
from monitor.models import (
    DailySummary,
    Formula,
    Organisation,
    Person,
    SelfReport,
    Validation,
)
from monitor.periods import local_day
from monitor.scoring import newest_days
from monitor.services.intake import Refused

NOT_SOONER_THAN = timedelta(minutes=10)
# Days that a measurement looks back on, and after which it must show an agreement.
WINDOW = timedelta(days=180)
PROBATION = timedelta(days=60)


def self_report_record(*, person: Person, by: User, value: int) -> SelfReport:
    """One answer of the person themselves, at most one in ten minutes.

    It answers the invitation that waits for one.

    Raises Refused for anybody else, without consent, for another value, or too soon.
    """
    if person.user_id != by.pk:
        raise Refused("not_yours", "Only the person themselves can say.", status=403)
    return answer_record(person=person, value=value)


def answer_record(*, person: Person, value: int) -> SelfReport:
    """An answer of somebody who is known to be the person. Raises Refused."""
    if value not in SelfReport.Value:
        raise Refused("invalid", "The answer lies between 0 and 4.", field="value")
    if not Person.objects.consented().filter(pk=person.pk).exists():
        raise Refused("no_consent", "There is no current consent.", status=403)
    now = timezone.now()
    day = local_day(now, Organisation.current().tz)
    with transaction.atomic():
        # Two requests at once take turns at the person's row.
        Person.objects.select_for_update().get(pk=person.pk)
        if person.self_reports.filter(at__gt=now - NOT_SOONER_THAN).exists():
            text = "You answered less than ten minutes ago; answer again later."
            raise Refused("too_soon", text, status=429)
        invited = person.invitations.waiting(now=now).first()
        return SelfReport.objects.create(
            person=person, at=now, day=day, value=value, invitation=invited
        )


def validation_measure(*, now: datetime) -> Validation | None:
    """Measure anew over the last half year; None while nobody has ever answered."""
    first = SelfReport.objects.aggregate(day=Min("day"))["day"]
    if first is None:
        return None
    today = local_day(now, Organisation.current().tz)
    found = repeated_measures_correlation(_pairs(today - WINDOW))
    low, high = found.interval or (None, None)
    return Validation.objects.create(
        at=now,
        first_report=first,
        people=found.people,
        days=found.pairs,
        correlation=found.correlation,
        low=low,
        high=high,
        formula=Formula.current_name(),
    )


def is_unvalidated(measured: Validation | None, *, today: date) -> bool:
    """Whether 60 days of answers did not show an agreement above 0.

    Before that, and while nobody answers at all, nothing is known either way.
    """
    if measured is None or today - measured.first_report < PROBATION:
        return False
    return measured.low is None or measured.low <= 0


def flags_are_stopped(*, now: datetime) -> bool:
    """By setting, no flag is raised where ratios are not validated."""
    if not settings.FLAGS_NEED_VALIDATION:
        return False
    today = local_day(now, Organisation.current().tz)
    return is_unvalidated(Validation.objects.first(), today=today)


def _pairs(since: date) -> Iterator[list[Pair]]:
    """Stress ratio and mean self-report of each day with both, person by person.

    Only days of a person's newest model: ratios of two models do not compare.
    """
    consented = Person.objects.consented()
    reports = SelfReport.objects.filter(day__gte=since, person__in=consented)
    said: dict[int, dict[date, float]] = {}
    rows = (
        reports.order_by().values_list("person_id", "day").annotate(mean=Avg("value"))
    )
    for person_id, day, mean in rows:
        said.setdefault(person_id, {})[day] = mean
    stored = DailySummary.objects.shown().filter(person_id__in=said, day__gte=since)
    for person_id, days in stored.by_person().items():
        answers = said[person_id]
        values = day_values(newest_days(days))
        yield [(row.stress, answers[row.day]) for row in values if row.day in answers]
