"""Cameras whose people consent, not any more, or again: who is asked and missed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from monitor.models import Camera, CameraEvent, Organisation, Person
from monitor.services.camera_watch import cameras_watch
from monitor.services.consent import consent_give, consent_withdraw
from tests.factories import CameraFactory, PersonFactory, TeamFactory

# A Monday, 12:00 in Berlin.
NOON = datetime(2026, 1, 12, 11, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


@pytest.fixture
def clock(organisation: Organisation) -> Iterator[Any]:
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock


def room_of(people: int, missing: int = 0) -> Camera:
    """A room in whose team so many of the people do not consent."""
    team = TeamFactory.create()
    PersonFactory.create_batch(people - missing, team=team)
    PersonFactory.create_batch(missing, team=team, consented=False)
    made: Camera = CameraFactory.create(person=None, team=team, kind="rtsp")
    return made


def test_desks_with_consent_and_rooms_with_everybodys_are_looked_at(
    organisation: Organisation,
) -> None:
    desk = CameraFactory.create(kind="rtsp")
    CameraFactory.create(kind="rtsp", person=PersonFactory.create(consented=False))
    gone, returned = PersonFactory.create_batch(2)
    left, back = (CameraFactory.create(kind="rtsp", person=p) for p in (gone, returned))
    consent_withdraw(person=gone)
    consent_withdraw(person=returned)
    consent_give(person=returned)
    room, _, _, _ = room_of(8), room_of(7), room_of(9, missing=1), room_of(8, missing=8)
    for found in (Camera.objects.consented(), Camera.objects.fetched()):
        assert set(found) == {desk, back, room}
        assert found.filter(pk=room.pk).get() == room
        assert not found.filter(pk=left.pk).exists()


def test_one_camera_costs_no_look_at_all_consents() -> None:
    """PostgreSQL would collect them all for a subquery that names no camera."""
    sql = str(Camera.objects.fetched().filter(pk=1).query)
    assert "IN (SELECT" not in sql


@pytest.fixture(params=["desk", "room"])
def watched(request: pytest.FixtureRequest, clock: Any) -> Camera:
    """Every ten minutes; the last picture came just now."""
    facts = {"every_minutes": 10, "jitter_seconds": 0, "seen_at": NOON, "kind": "rtsp"}
    if request.param == "room":
        facts |= {"person": None, "team": room_of(8).team}
        Camera.objects.all().delete()
    made: Camera = CameraFactory.create(**facts)
    cameras_watch(now=NOON)
    return made


def subject_of(camera: Camera) -> Person:
    found = camera.team.people.first() if camera.team else camera.person
    assert found
    return found


def watch_at(clock: Any, moment: datetime) -> list[str]:
    clock.move_to(moment)
    cameras_watch(now=moment)
    return list(CameraEvent.objects.order_by("pk").values_list("kind", flat=True))


def test_who_consents_again_is_not_missed_before_the_first_picture(
    watched: Camera, clock: Any
) -> None:
    consent_withdraw(person=subject_of(watched))
    assert watch_at(clock, NOON + MINUTE) == []
    assert Camera.objects.get().next_at is None
    clock.move_to(NOON + 2 * DAY)
    consent_give(person=subject_of(watched))
    back = NOON + 2 * DAY
    assert watch_at(clock, back) == []
    row = Camera.objects.get()
    assert (row.expected_from, row.next_at) == (back, back + 10 * MINUTE)
    assert watch_at(clock, back + 29 * MINUTE) == []
    assert watch_at(clock, back + 30 * MINUTE) == ["silent"]


def test_who_consents_again_and_is_seen_is_never_missed(
    watched: Camera, clock: Any
) -> None:
    consent_withdraw(person=subject_of(watched))
    watch_at(clock, NOON + MINUTE)
    clock.move_to(NOON + 2 * DAY)
    consent_give(person=subject_of(watched))
    watch_at(clock, NOON + 2 * DAY)
    Camera.objects.update(seen_at=NOON + 2 * DAY + 10 * MINUTE)
    assert watch_at(clock, NOON + 2 * DAY + 39 * MINUTE) == []


def test_a_camera_that_goes_on_keeps_its_next_picture(
    watched: Camera, clock: Any
) -> None:
    planned = Camera.objects.get().next_at
    assert watch_at(clock, NOON + MINUTE) == []
    row = Camera.objects.get()
    assert (row.next_at, row.expected_from) == (planned, NOON)
