"""Day summaries always equal what the readings of the day say."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from statistics import fmean
from threading import Barrier, Thread
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inference import EMOTIONS
from monitor.models import DailySummary, Organisation, Person, Reading
from monitor.periods import local_day
from monitor.services.summaries import person_rebuild, summaries_refresh
from tests.factories import NOON, PersonFactory, reading, reading_series

FRIDAY = date(2026, 3, 20)
Row = dict[str, Any]


def refresh(person: Person, *days: date) -> None:
    summaries_refresh(person_days=[(person.pk, day) for day in days or (FRIDAY,)])


def from_scratch(person: Person) -> dict[tuple[date, str], Row]:
    """The same sums by another way, straight from the design."""
    tz = Organisation.current().tz
    bins: dict[tuple[date, str], dict[int, list[Reading]]] = defaultdict(
        lambda: defaultdict(list)
    )
    unsure: dict[tuple[date, str], int] = defaultdict(int)
    for row in Reading.objects.filter(person=person, face_index=0):
        key = (local_day(row.taken_at, tz), row.model)
        if row.counted:
            bins[key][int(row.taken_at.timestamp() // 300)].append(row)
        elif not row.usable:
            unsure[key] += 1
    found: dict[tuple[date, str], Row] = {}
    for key in {*bins, *unsure}:
        groups = list(bins[key].values())
        found[key] = {
            "bins": len(groups),
            "counted": sum(map(len, groups)),
            "unsure": unsure[key],
        }
        for name in EMOTIONS:
            soft = [fmean(getattr(row, name) for row in group) for group in groups]
            hard = [fmean(row.label == name for row in group) for group in groups]
            found[key] |= {f"{name}_sum": sum(soft), f"{name}_hard": sum(hard)}
    return found


def check(person: Person) -> None:
    expected = from_scratch(person)
    stored = {
        (row.day, row.model): row for row in DailySummary.objects.filter(person=person)
    }
    assert stored.keys() == expected.keys()
    for key, row in expected.items():
        for name, value in row.items():
            assert getattr(stored[key], name) == pytest.approx(value), (key, name)


def test_pictures_of_five_minutes_are_averaged(person: Person) -> None:
    reading(person, NOON, sad=0.7, neutral=0.0)
    reading(person, NOON + timedelta(minutes=1))
    reading(person, NOON + timedelta(minutes=5))
    refresh(person)
    day = DailySummary.objects.get()
    assert (day.day, day.bins, day.counted) == (FRIDAY, 2, 3)
    assert day.sad_sum == pytest.approx(0.4 + 0.1)
    assert day.sad_hard == pytest.approx(0.5)


def test_unsure_readings_are_counted_apart(person: Person) -> None:
    reading(person, unsure=True)
    refresh(person)
    day = DailySummary.objects.get()
    assert (day.bins, day.counted, day.unsure) == (0, 0, 1)


def test_bystanders_are_not_in_it(person: Person) -> None:
    reading(person, face_index=1, counted=False)
    reading(person, face_index=1, unsure=True)
    refresh(person)
    assert not DailySummary.objects.exists()


def test_a_day_is_the_organisations_day(person: Person) -> None:
    reading(person, datetime(2026, 3, 20, 23, 30, tzinfo=UTC))
    refresh(person, FRIDAY, FRIDAY + timedelta(days=1))
    assert DailySummary.objects.get().day == FRIDAY + timedelta(days=1)


def test_a_day_without_readings_loses_its_row(person: Person) -> None:
    reading(person)
    refresh(person)
    Reading.objects.all().delete()
    refresh(person)
    assert not DailySummary.objects.exists()


def test_refreshing_twice_changes_nothing(person: Person) -> None:
    reading(person)
    refresh(person)
    first = DailySummary.objects.get()
    refresh(person)
    assert DailySummary.objects.get().pk == first.pk
    check(person)


def test_days_that_were_not_named_are_left_alone(person: Person) -> None:
    reading(person)
    reading(person, NOON - timedelta(days=1))
    refresh(person)
    assert DailySummary.objects.get().day == FRIDAY


def test_nothing_to_do_costs_nothing(django_assert_num_queries: Any, db: None) -> None:
    with django_assert_num_queries(0):
        summaries_refresh(person_days=[])


def test_a_batch_costs_few_queries(
    organisation: Organisation, django_assert_num_queries: Any
) -> None:
    people = PersonFactory.create_batch(16)
    for row in people:
        reading(row)
    with django_assert_num_queries(7):
        summaries_refresh(person_days=[(row.pk, FRIDAY) for row in people])
    assert DailySummary.objects.count() == 16


moments = st.builds(
    lambda minutes: datetime(2026, 3, 19, 12, tzinfo=UTC) + timedelta(minutes=minutes),
    st.integers(0, 36 * 60),
)
rows = st.fixed_dictionaries(
    {
        "taken_at": moments,
        "emotion": st.sampled_from(EMOTIONS),
        "unsure": st.booleans(),
        "face_index": st.sampled_from([0, 0, 0, 1]),
        "model": st.sampled_from(["a@1", "b@2"]),
        "fate": st.sampled_from(["stays", "stays", "deleted", "moved"]),
        "later": moments,
    }
)


def store(person: Person, row: Row) -> Reading:
    emotions = dict.fromkeys(EMOTIONS, 0.1) | {row["emotion"]: 0.6}
    counted = not row["unsure"] and row["face_index"] == 0
    made = reading(
        person,
        row["taken_at"],
        model=row["model"],
        face_index=row["face_index"],
        usable=not row["unsure"],
        counted=counted,
        **emotions,
    )
    refresh(person, local_day(row["taken_at"], Organisation.current().tz))
    return made


def live(row: Row, stored: Reading) -> None:
    """Delete or re-time it, and name both days."""
    tz = Organisation.current().tz
    days = {local_day(row["taken_at"], tz)}
    if row["fate"] == "deleted":
        stored.delete()
    elif row["fate"] == "moved":
        Reading.objects.filter(pk=stored.pk).update(taken_at=row["later"])
        days.add(local_day(row["later"], tz))
    refresh(stored.person, *days)


@given(history=st.lists(rows, max_size=8))
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_late_deleted_and_retimed_readings_leave_them_exact(
    person: Person, history: list[Row]
) -> None:
    Reading.objects.all().delete()
    DailySummary.objects.all().delete()
    stored = [store(person, row) for row in history]
    for row, made in zip(history, stored, strict=True):
        live(row, made)
    check(person)


def test_a_rebuild_finds_what_was_changed_behind_its_back(person: Person) -> None:
    reading_series(person, stress=[0.3] * 4, per_day=2)
    Reading.objects.filter(taken_at__date=FRIDAY).delete()
    reading(person, NOON - timedelta(days=300))
    DailySummary.objects.filter(day=FRIDAY - timedelta(days=1)).update(bins=0)
    assert person_rebuild(person_id=person.pk) == 5
    check(person)


def test_the_command_rebuilds_everybody(person: Person) -> None:
    reading(person)
    other = PersonFactory.create()
    reading(other)
    call_command("rebuild_summaries", verbosity=0)
    call_command("rebuild_summaries", person=person.number, verbosity=0)
    assert DailySummary.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_two_workers_on_one_day_lose_nothing() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time")
    Organisation.objects.create(name="Works", time_zone="UTC")
    person = PersonFactory.create()
    together = Barrier(2)

    def work(n: int) -> None:
        with transaction.atomic():
            reading(person, NOON + timedelta(minutes=5 * n))
            together.wait(timeout=10)
            refresh(person)
        connection.close()

    threads = [Thread(target=work, args=(n,)) for n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    assert DailySummary.objects.get().bins == 2
