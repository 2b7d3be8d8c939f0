"""Days from before cameras and hours were kept are told theirs."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext

from monitor.models import DailySummary, Formula, Person
from monitor.services.summaries import person_rebuild
from tests.factories import (
    FRIDAY,
    NOON,
    CameraFactory,
    PersonFactory,
    reading,
    reading_series,
)
from tests.monitor.test_summaries import check

complete = import_module("monitor.migrations.0023_cameras_of_past_days").complete


@pytest.fixture
def person(person: Person) -> Person:
    """Two days without a camera, then two at a desk, with unsure readings."""
    days = reading_series(person, stress=[0.3, 0.8, 0.3, 0.6], per_day=14)
    reading(person, NOON, unsure=True)
    reading(person, NOON + timedelta(hours=2), sad=0.55, neutral=0.15)
    desk = CameraFactory.create(person=person)
    person.snapshots.filter(taken_at__date__gte=days[2]).update(camera=desk)
    person_rebuild(person_id=person.pk)
    return person


def rows() -> list[tuple[Any, ...]]:
    stored = DailySummary.objects.order_by("person", "day", "formula")
    found = stored.values_list("day", "formula", "camera", "hours")
    return [(*row, bytes(hours)) for *row, hours in found]


def forget(**asked: Any) -> None:
    """As they were before there were these columns."""
    DailySummary.objects.filter(**asked).update(camera=None, hours=b"")


def test_they_are_told_camera_and_hours(person: Person) -> None:
    before = rows()
    assert [row[2] is None for row in before] == [True, True, False, False]
    forget()
    for _ in range(2):
        complete(apps, None)
        assert rows() == before
    check(person)


def test_each_formula_has_its_own_hours(person: Person) -> None:
    strict = Formula.objects.create(name="2", min_confidence=0.6, since=FRIDAY)
    person_rebuild(person_id=person.pk, formula=strict)
    before = rows()
    assert len(before) == 5
    assert before[-1][3] != before[-2][3]
    forget()
    complete(apps, None)
    assert rows() == before


def test_somebody_with_a_new_day_is_told_of_the_past_ones_too(person: Person) -> None:
    before = rows()
    forget(day__lt=FRIDAY)
    assert rows() != before
    complete(apps, None)
    assert rows() == before


def test_it_goes_on_where_it_was_stopped(person: Person) -> None:
    other = PersonFactory.create()
    reading_series(other, stress=[0.4])
    forget(person=other)
    with CaptureQueriesContext(connection) as found:
        complete(apps, None)
    asked = [row["sql"] for row in found if 'FROM "monitor_reading"' in row["sql"]]
    assert len(asked) == 1
    check(other)


def test_the_person_is_locked_before_the_days(person: Person) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time")
    forget()
    with CaptureQueriesContext(connection) as found:
        complete(apps, None)
    sql = [row["sql"] for row in found]
    (lock,) = (n for n, each in enumerate(sql) if "FOR NO KEY UPDATE" in each)
    updates = [n for n, each in enumerate(sql) if each.startswith("UPDATE")]
    reads = [n for n, each in enumerate(sql) if 'FROM "monitor_reading"' in each]
    assert sql[lock].count(str(person.pk)) and '"monitor_person"' in sql[lock]
    assert lock < min(reads) < min(updates)


def test_a_day_without_readings_stays_without_hours(person: Person) -> None:
    stranger = PersonFactory.create()
    reading_series(stranger, stress=[0.4])
    stranger.readings.all().delete()
    forget(person=stranger)
    complete(apps, None)
    assert bytes(DailySummary.objects.get(person=stranger).hours) == b""
