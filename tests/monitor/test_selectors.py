"""What pages are told: who comes first, who is hidden, what silence means."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from monitor import selectors
from monitor.models import Flag, Organisation, Person
from monitor.periods import Period, midnight
from monitor.scoring import Verdict
from monitor.services import flags
from monitor.services.consent import consent_withdraw
from monitor.services.flags import Rise
from monitor.services.summaries import person_rebuild, summaries_refresh
from tests.factories import (
    MODEL,
    NOON,
    CameraFactory,
    PersonFactory,
    reading,
    reading_series,
)

FRIDAY = date(2026, 3, 20)


@pytest.fixture(autouse=True)
def setting(organisation: Organisation) -> None:
    """Everything here happens in an organisation."""


def days(first: date, last: date = FRIDAY) -> Period:
    return Period.days(first, last, Organisation.current().tz)


def someone(name: str, stress: float | None = 0.3, **fields: Any) -> Person:
    person = PersonFactory.create(name=name, **fields)
    if stress is not None:
        reading_series(person, stress=[stress] * 10)
    return person


def flag_of(person: Person) -> Flag:
    rise = Rise(recent=0.5, baseline=0.17, z=4.0, model=MODEL, formula="1")
    return flags.flag_raise(person_id=person.pk, on=FRIDAY, rise=rise)[0]


def test_open_flags_come_first_and_thin_data_last(admin: User) -> None:
    thin = someone("Thin", None)
    reading_series(thin, stress=[0.9])
    someone("Calm", 0.1)
    someone("Tense", 0.6)
    flag = flag_of(someone("Flagged", 0.2))
    page = selectors.overview(user=admin, now=NOON)
    names = [row.person.name for row in page.people]
    assert names == ["Flagged", "Tense", "Calm", "Thin"]
    assert page.people[0].flag == flag
    assert page.people[3].ratios.verdict is Verdict.NOT_ENOUGH
    assert (page.open_flags, page.watched) == (1, 4)


def test_the_overview_looks_at_ten_working_days(admin: User) -> None:
    someone("Ada", 0.3)
    page = selectors.overview(user=admin, now=NOON)
    (row,) = page.people
    assert page.period.first_day == date(2026, 3, 9)
    assert (row.ratios.days, row.ratios.coverage) == (10, 1.0)
    assert row.ratios.stress == pytest.approx(0.3)
    assert len(row.trend) == selectors.TREND
    assert [point.stress for point in row.trend[-10:]] == pytest.approx([0.3] * 10)


def test_days_before_the_window_show_in_the_trend_only(admin: User) -> None:
    person = someone("Ada", None)
    reading_series(person, stress=[0.9] * 10 + [0.1] * 10)
    (row,) = selectors.overview(user=admin, now=NOON).people
    assert row.ratios.stress == pytest.approx(0.1)
    assert row.trend[-20].stress == pytest.approx(0.9)


@pytest.mark.parametrize(("silent", "stale"), [(0, False), (2, False), (3, True)])
def test_silence_is_stale(admin: User, silent: int, stale: bool) -> None:
    person = someone("Ada", None)
    reading_series(person, stress=[0.1] * 7 + [None] * silent)
    (row,) = selectors.overview(user=admin, now=NOON).people
    assert row.stale is stale
    seen = [point.stress is not None for point in row.trend[-7 - silent :]]
    assert seen == [True] * 7 + [False] * silent


def test_unsure_readings_break_no_silence(admin: User) -> None:
    person = someone("Ada", None)
    reading_series(person, stress=[0.1] * 5 + [None] * 5)
    reading(person, unsure=True)
    (row,) = selectors.overview(user=admin, now=NOON).people
    assert row.stale
    assert row.last_day == date(2026, 3, 13)


def test_somebody_never_seen_is_stale(admin: User) -> None:
    someone("Ada", None)
    (row,) = selectors.overview(user=admin, now=NOON).people
    assert row.stale and row.last_day is None and row.ratios.stress is None


def test_an_employee_sees_only_themselves(employee: User) -> None:
    someone("Somebody else")
    page = selectors.overview(user=employee, now=NOON)
    assert [row.person.user for row in page.people] == [employee]
    assert page.teams == []


def test_a_stranger_sees_nobody(stranger: User) -> None:
    flag_of(someone("Ada"))
    page = selectors.overview(user=stranger, now=NOON)
    assert (page.people, page.teams, page.open_flags) == ([], [], 0)


def test_withdrawn_consent_hides_at_once(admin: User) -> None:
    person = someone("Ada")
    flag_of(person)
    consent_withdraw(person=person)
    page = selectors.overview(user=admin, now=NOON)
    assert (page.people, page.open_flags) == ([], 0)


@pytest.mark.parametrize("people", [1, 12])
def test_the_overview_costs_the_same_for_any_number(
    admin: User, people: int, django_assert_num_queries: Any
) -> None:
    for n in range(people):
        someone(f"Person {n}", 0.2)
    with django_assert_num_queries(7):
        selectors.overview(user=admin, now=NOON)


def test_a_person_has_a_point_for_each_working_day(person: Person) -> None:
    reading_series(person, stress=[0.2, None, 0.4], per_day=4)
    page = selectors.person_page(person=person, period=days(date(2026, 3, 16)))
    assert [point.stress for point in page.days] == [None, None, 0.2, None, 0.4]
    assert [point.bins for point in page.days] == [0, 0, 4, 0, 4]
    last = page.days[-1]
    assert last.stress_low is not None and last.stress_high is not None
    assert last.stress_low < 0.4 < last.stress_high
    assert page.ratios.expected_days == 5


def test_work_on_a_saturday_is_shown(person: Person) -> None:
    saturday = FRIDAY + timedelta(days=1)
    reading(person, datetime(2026, 3, 21, 12, tzinfo=UTC), unsure=True)
    summaries_refresh(person_days=[(person.pk, saturday)])
    page = selectors.person_page(person=person, period=days(FRIDAY, saturday))
    assert [(row.day, row.unsure) for row in page.days] == [(FRIDAY, 0), (saturday, 1)]
    assert page.days[1].stress is None


def test_a_change_of_model_is_shown_and_restarts_the_ratios(person: Person) -> None:
    reading_series(person, stress=[0.8] * 3, until=date(2026, 3, 18))
    reading_series(person, stress=[0.2] * 2, model="new@2")
    page = selectors.person_page(person=person, period=days(date(2026, 3, 16)))
    assert [row.model_changed for row in page.days] == [False] * 3 + [True, False]
    assert (page.ratios.model, page.ratios.days) == ("new@2", 2)
    assert page.ratios.stress == pytest.approx(0.2)
    later = selectors.person_page(person=person, period=days(date(2026, 3, 19)))
    assert later.days[0].model_changed


def test_a_new_camera_is_shown_where_it_began(person: Person) -> None:
    stress = [0.3] * 3 + [0.6] * 7
    seen = reading_series(person, stress=stress)
    camera = CameraFactory.create(person=person)
    since = midnight(seen[3], UTC)
    person.snapshots.filter(taken_at__gte=since).update(camera=camera)
    person_rebuild(person_id=person.pk)
    page = selectors.person_page(person=person, period=days(seen[0]))
    assert [row.day for row in page.days if row.camera_changed] == [seen[3]]
    assert page.days[3].is_restart


def test_hours_of_the_day_are_added_over_the_period(person: Person) -> None:
    reading_series(person, stress=[0.2, 0.6], per_day=14)
    page = selectors.person_page(person=person, period=days(date(2026, 3, 16)))
    nine, ten = selectors.person_hours(page)
    assert (nine.hour, nine.bins) == (9, 24)
    assert nine.stress == pytest.approx(0.4)
    assert nine.interval is not None and nine.interval.low < 0.4 < nine.interval.high
    assert (ten.hour, ten.bins, ten.stress, ten.interval) == (10, 4, None, None)


def test_the_baseline_is_that_of_the_open_flag(person: Person) -> None:
    reading_series(person, stress=[0.3] * 40)
    period = days(date(2026, 3, 16))
    assert selectors.person_page(person=person, period=period).baseline == (
        pytest.approx(0.3)
    )
    flag = flag_of(person)
    page = selectors.person_page(person=person, period=period)
    assert (page.baseline, page.flags) == (0.17, [flag])


def test_flags_of_other_times_are_left_out(person: Person) -> None:
    flags.flag_close(flag=flag_of(person), reason="back", on=FRIDAY)
    monday = FRIDAY + timedelta(days=3)
    for period in (days(monday, monday), days(date(2026, 3, 16), date(2026, 3, 19))):
        assert selectors.person_page(person=person, period=period).flags == []


def test_a_person_page_costs_few_queries(
    person: Person, django_assert_num_queries: Any
) -> None:
    reading_series(person, stress=[0.3] * 10)
    period = days(date(2026, 3, 9))
    with django_assert_num_queries(4):
        selectors.person_page(person=person, period=period)


def test_the_ratios_of_a_period_are_those_of_its_days(person: Person) -> None:
    reading_series(person, stress=[0.9, 0.1, 0.3])
    ratios = selectors.person_ratios(person=person, period=days(date(2026, 3, 19)))
    assert ratios.stress == pytest.approx(0.2)
    assert ratios.bins == 24


def test_recent_readings_are_the_newest_of_the_largest_face(person: Person) -> None:
    old, new = reading(person, NOON - timedelta(hours=1)), reading(person, unsure=True)
    reading(person, face_index=1, counted=False)
    assert selectors.recent_readings(person=person) == [new, old]
    assert selectors.recent_readings(person=person, limit=1) == [new]
