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
from django.db.models import ProtectedError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inference import EMOTIONS
from monitor.hours import hours_unpack
from monitor.models import Camera, DailySummary, Organisation, Person, Reading
from monitor.periods import local_day
from monitor.services.summaries import person_rebuild, summaries_refresh
from tests.factories import (
    NOON,
    CameraFactory,
    PersonFactory,
    reading,
    reading_series,
)

FRIDAY = date(2026, 3, 20)
Row = dict[str, Any]


def refresh(person: Person, *days: date) -> None:
    summaries_refresh(person_days=[(person.pk, day) for day in days or (FRIDAY,)])


def days_of(person: Person) -> dict[tuple[date, str], list[Reading]]:
    """The readings of the largest face that count or are unsure, by day and model."""
    tz = Organisation.current().tz
    found: dict[tuple[date, str], list[Reading]] = defaultdict(list)
    readings = Reading.objects.filter(person=person, face_index=0)
    for row in readings.select_related("snapshot"):
        if row.counted or not row.usable:
            found[local_day(row.taken_at, tz), row.model].append(row)
    return found


def groups_of(rows: list[Reading]) -> list[list[Reading]]:
    """Counted readings by five minutes."""
    bins: dict[int, list[Reading]] = defaultdict(list)
    for row in rows:
        if row.counted:
            bins[int(row.taken_at.timestamp() // 300)].append(row)
    return list(bins.values())


def seen_most(rows: list[Reading]) -> int | None:
    """The camera of most five minutes; of equals none, then the first one."""
    bins: dict[int, set[int]] = defaultdict(set)
    for row in rows:
        number = int(row.taken_at.timestamp() // 300)
        bins[row.snapshot.camera_id or 0].add(number)
    return min(bins, key=lambda camera: (-len(bins[camera]), camera)) or None


def from_scratch(rows: list[Reading]) -> Row:
    """The same sums by another way, straight from the design."""
    groups = groups_of(rows)
    found: Row = {
        "bins": len(groups),
        "counted": sum(map(len, groups)),
        "unsure": sum(not row.counted for row in rows),
    }
    for name in EMOTIONS:
        soft = [fmean(getattr(row, name) for row in group) for group in groups]
        hard = [fmean(row.label == name for row in group) for group in groups]
        found |= {f"{name}_sum": sum(soft), f"{name}_hard": sum(hard)}
    return found


def check(person: Person) -> None:
    days, tz = days_of(person), Organisation.current().tz
    stored = {
        (row.day, row.model): row for row in DailySummary.objects.filter(person=person)
    }
    assert stored.keys() == days.keys()
    for key, rows in days.items():
        for name, value in from_scratch(rows).items():
            assert getattr(stored[key], name) == pytest.approx(value), (key, name)
        assert stored[key].camera_id == seen_most(rows)
        hours = hours_unpack(bytes(stored[key].hours))
        of_hour: dict[int, list[Reading]] = defaultdict(list)
        for row in rows:
            of_hour[row.taken_at.astimezone(tz).hour].append(row)
        assert [row.hour for row in hours] == sorted(of_hour)
        for hour in hours:
            sums = from_scratch(of_hour[hour.hour])
            found = [*hour[1:4], *hour.sums]
            assert found == pytest.approx(list(sums.values())[:3] + soft(sums))


def soft(sums: Row) -> list[float]:
    return [sums[f"{name}_sum"] for name in EMOTIONS]


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


def test_a_day_names_the_camera_that_saw_most_of_it(person: Person) -> None:
    desk = CameraFactory.create(person=person)
    for minute in (0, 1, 2):
        reading(person, NOON + timedelta(minutes=minute))
    for minute in (5, 10):
        moment = NOON + timedelta(minutes=minute)
        reading(person, moment, snapshot__camera=desk, unsure=True)
    refresh(person)
    assert DailySummary.objects.get().camera == desk
    with pytest.raises(ProtectedError):
        desk.delete()


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
        "camera": st.sampled_from(["", "left", "right"]),
        "fate": st.sampled_from(["stays", "stays", "deleted", "moved"]),
        "later": moments,
    }
)


def camera_of(person: Person, name: str) -> Camera | None:
    if not name:
        return None
    return Camera.objects.get_or_create(name=name, person=person)[0]


def store(person: Person, row: Row) -> Reading:
    emotions = dict.fromkeys(EMOTIONS, 0.1) | {row["emotion"]: 0.6}
    counted = not row["unsure"] and row["face_index"] == 0
    made = reading(
        person,
        row["taken_at"],
        model=row["model"],
        face_index=row["face_index"],
        snapshot__camera=camera_of(person, row["camera"]),
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
