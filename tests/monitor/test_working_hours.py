"""Coverage against the hours that a person is expected to work."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import Client

from monitor import selectors
from monitor.models import Organisation, Person
from monitor.models.people import HOURS
from monitor.periods import Period, WorkWeek
from monitor.scoring import ZERO, DayTotals, Totals, ratios_of
from tests.factories import FRIDAY, reading_series

MONDAY = FRIDAY - timedelta(days=4)
USUAL = WorkWeek()
PART_TIME = WorkWeek(6, 6, 6, 6, 0)
UNEVEN = WorkWeek(8, 8, 8, 8, 4)
NEVER = WorkWeek(0, 0, 0, 0, 0)
WEEKENDS = WorkWeek(0, 0, 0, 0, 0, 5, 5)


def week_with_data(on: Sequence[int]) -> list[DayTotals]:
    """One observation on each of these days; Monday is 0."""
    days = [MONDAY + timedelta(days=n) for n in on]
    return [DayTotals(day, "m", "1", 1, 1, 0, ZERO, ZERO) for day in days]


@pytest.mark.parametrize(
    ("week", "seen_on", "coverage", "days", "hours"),
    [
        (USUAL, range(5), 1.0, 5, 40),
        (USUAL, [0, 1], 0.4, 5, 40),
        (USUAL, [], 0.0, 5, 40),
        (USUAL, [0, 5, 6], 0.2, 5, 40),
        (PART_TIME, range(4), 1.0, 4, 24),
        (PART_TIME, [0, 4], 0.25, 4, 24),
        (UNEVEN, [4], 4 / 36, 5, 36),
        (WEEKENDS, [5, 6], 1.0, 2, 10),
        (NEVER, [], 0.0, 0, 0),
        (NEVER, [0], 1.0, 0, 0),
    ],
    ids=[
        *("all", "two days", "silent", "a weekend adds nothing", "part-time, all"),
        *("a day off adds nothing", "a short day", "weekends", "never", "unexpected"),
    ],
)
def test_coverage_counts_expected_hours(
    week: WorkWeek, seen_on: Sequence[int], coverage: float, days: int, hours: float
) -> None:
    expected = week.expected(MONDAY, MONDAY + timedelta(days=6))
    found = ratios_of(Totals.of(week_with_data(seen_on), expected=expected), level=0.4)
    assert found.coverage == pytest.approx(coverage)
    assert (found.expected_days, found.expected_hours) == (days, hours)


def test_own_hours_go_before_the_organisations(organisation: Organisation) -> None:
    assert organisation.week == USUAL == Organisation(name="").week
    person = Person(friday_hours=0, saturday_hours=3.5)
    assert person.week(organisation.week) == WorkWeek(8, 8, 8, 8, 0, 3.5)


def shown(person: Person) -> tuple[float, float]:
    """Coverage and hours on the person's page and on the overview's row."""
    person.refresh_from_db()
    period = Period.days(MONDAY, FRIDAY, Organisation.current().tz)
    page = selectors.person_page(person=person, period=period).ratios
    other = selectors.person_ratios(person=person, period=period)
    assert (page.coverage, page.expected_hours) == (
        other.coverage,
        other.expected_hours,
    )
    return page.coverage, page.expected_hours


def test_a_change_counts_for_the_past_that_is_shown(person: Person) -> None:
    reading_series(person, stress=[0.2] * 4, until=date(2026, 3, 19), per_day=1)
    assert shown(person) == (0.8, 40)
    Organisation.objects.update(friday_hours=0)
    assert shown(person) == (1.0, 32)
    Person.objects.update(monday_hours=0, friday_hours=8)
    assert shown(person) == (0.75, 32)


@pytest.mark.parametrize("hours", [-1, 24.5])
def test_impossible_hours_are_refused(person: Person, hours: float) -> None:
    person.monday_hours = hours
    with pytest.raises(ValidationError, match="monday_hours"):
        person.full_clean()
    for model in (Person, Organisation):
        with pytest.raises(IntegrityError), transaction.atomic():
            model._default_manager.update(monday_hours=hours)


def form(person: Person, **given: object) -> dict[str, object]:
    consents = {"consents-TOTAL_FORMS": 0, "consents-INITIAL_FORMS": 0}
    own = {"number": person.number, "name": person.name, "team": person.team_id}
    return own | dict.fromkeys(HOURS, "") | consents | given


def test_the_admin_changes_them_and_nothing_else(admin: User, person: Person) -> None:
    client = Client()
    client.force_login(admin)
    Person.objects.update(assessed_on=FRIDAY)
    given = form(person, monday_hours="6", friday_hours="0")
    url = f"/admin/monitor/person/{person.pk}/change/"
    assert client.post(url, given).status_code == 302
    person.refresh_from_db()
    assert person.week(USUAL) == WorkWeek(6, 8, 8, 8, 0)
    assert person.assessed_on == FRIDAY
    page = client.get("/admin/monitor/person/").content.decode()
    assert "6 · usual · usual · usual · 0 · usual · usual" in page


def test_the_admin_refuses_impossible_hours(admin: User, person: Person) -> None:
    client = Client()
    client.force_login(admin)
    url = f"/admin/monitor/person/{person.pk}/change/"
    answer = client.post(url, form(person, monday_hours="25"))
    assert answer.status_code == 200
    person.refresh_from_db()
    assert person.monday_hours is None
