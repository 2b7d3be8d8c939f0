"""Cameras that write into a folder: of its files only what shows this time counts."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from capture import Limits, Shot, Source
from capture.folder import fetch
from monitor.models import (
    Camera,
    CameraProbe,
    Consent,
    Organisation,
    Pause,
    Person,
    Snapshot,
)
from monitor.services import probes
from monitor.services.camera_schedule import Time, pause_begin, pause_end
from monitor.services.capture import camera_capture, cameras_due
from monitor.services.consent import consent_give, consent_withdraw
from tests.factories import CameraFactory, PersonFactory, TeamFactory
from tests.images import jpeg
from tests.monitor.test_capture import FakeFetcher

# A Wednesday, 12:00 in Berlin.
NOON = datetime(2026, 1, 14, 11, tzinfo=UTC)
MORNING = datetime(2026, 1, 14, 7, tzinfo=UTC)  # 8:00, when the hours begin
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
Ask = Callable[[Camera], str | None]


class FolderFetcher:
    def fetch(self, source: Source) -> Shot:
        return fetch(source, Limits())


@pytest.fixture
def clock(organisation: Organisation) -> Iterator[Any]:
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock


@pytest.fixture
def desk(clock: Any, tmp_path: Path) -> Camera:
    return CameraFactory.create(
        kind=Camera.Kind.FOLDER,
        address=str(tmp_path),
        every_minutes=10,
        jitter_seconds=0,
    )


@pytest.fixture
def room(clock: Any, tmp_path: Path) -> Camera:
    team = TeamFactory.create()
    PersonFactory.create_batch(8, team=team)
    return CameraFactory.create(
        kind=Camera.Kind.FOLDER,
        address=str(tmp_path),
        person=None,
        team=team,
        every_minutes=10,
        jitter_seconds=0,
    )


def put(camera: Camera, at: datetime, name: str = "a.jpg", seed: int = 0) -> None:
    path = Path(camera.address, name)
    path.write_bytes(jpeg(seed))
    os.utime(path, (at.timestamp(), at.timestamp()))


def asked(camera: Camera, fetcher: Any = None) -> str | None:
    """What comes of asking for a picture now."""
    now = datetime.now(UTC)
    Camera.objects.filter(pk=camera.pk).update(next_at=now)
    (claim,) = cameras_due(now=now, limit=9, doubtful=9)
    return camera_capture(claim=claim, fetcher=fetcher or FolderFetcher())


def member(camera: Camera) -> Person:
    found = camera.team.people.first() if camera.team else camera.person
    assert found
    return found


@pytest.mark.parametrize(
    ("age", "state"),
    [
        (0 * SECOND, "ok"),
        (10 * MINUTE, "ok"),
        (10 * MINUTE + SECOND, "empty"),
        (timedelta(days=900), "empty"),
    ],
)
def test_a_desks_picture_is_no_older_than_the_interval(
    desk: Camera, age: timedelta, state: str
) -> None:
    put(desk, NOON - age)
    assert asked(desk) == state
    assert Snapshot.objects.count() == (state == "ok")


@pytest.mark.parametrize(
    ("age", "state"), [(60 * SECOND, "ok"), (61 * SECOND, "empty")]
)
def test_a_rooms_picture_is_no_older_than_a_minute(
    room: Camera, age: timedelta, state: str
) -> None:
    put(room, NOON - age)
    assert asked(room) == state
    assert Snapshot.objects.count() == (state == "ok")


def test_an_old_file_is_looked_at_once_and_a_newer_one_is_taken(
    desk: Camera, clock: Any
) -> None:
    put(desk, NOON - timedelta(days=900), "old.jpg")
    assert asked(desk) == "empty"
    mark = Camera.objects.get().mark
    assert mark.endswith("old.jpg")
    clock.shift(10 * MINUTE)
    put(desk, NOON + 9 * MINUTE, "new.jpg", seed=1)
    assert asked(desk) == "ok"
    assert Snapshot.objects.get().taken_at == NOON + 9 * MINUTE
    assert Camera.objects.get().mark > mark


@pytest.mark.parametrize("whose", ["desk", "room"])
def test_a_picture_of_before_the_hours_is_not_taken_in(
    whose: str, request: pytest.FixtureRequest, clock: Any
) -> None:
    camera: Camera = request.getfixturevalue(whose)
    clock.move_to(MORNING)
    put(camera, MORNING - SECOND)
    assert asked(camera) == "empty"
    assert not Snapshot.objects.exists()
    clock.shift(MINUTE)
    put(camera, MORNING + SECOND, "b.jpg")
    assert asked(camera) == "ok"


def test_the_last_file_of_the_evening_is_not_taken_in_the_morning(
    desk: Camera, clock: Any
) -> None:
    clock.move_to(MORNING)
    put(desk, MORNING - timedelta(hours=13))
    assert asked(desk) == "empty"
    assert not Snapshot.objects.exists()


def test_a_picture_of_a_pause_that_is_over_is_not_taken_in(
    desk: Camera, clock: Any, admin: Any
) -> None:
    reason = Pause.Reason.LEAVE
    pause = pause_begin(time=Time(NOON), reason=reason, by=None, person=member(desk))
    clock.shift(4 * MINUTE)
    pause_end(pause=pause, by=admin)
    put(desk, NOON + 2 * MINUTE)
    assert asked(desk) == "empty"
    put(desk, NOON - MINUTE, "before.jpg", seed=1)
    Camera.objects.update(mark="")
    Path(desk.address, "a.jpg").unlink()
    assert asked(desk) == "ok"


def test_a_desks_picture_of_a_gap_between_two_consents_is_not_taken_in(
    desk: Camera, clock: Any
) -> None:
    consent_withdraw(person=member(desk))
    clock.shift(4 * MINUTE)
    consent_give(person=member(desk))
    put(desk, NOON + 2 * MINUTE)
    assert asked(desk) == "empty"
    assert not Snapshot.objects.exists()
    put(desk, NOON + 4 * MINUTE, "b.jpg", seed=1)
    assert asked(desk) == "ok"


def test_a_desks_picture_of_an_earlier_consent_is_taken_in(
    desk: Camera, clock: Any
) -> None:
    put(desk, NOON - MINUTE)
    consent_withdraw(person=member(desk))
    clock.shift(MINUTE)
    consent_give(person=member(desk))
    assert asked(desk) == "ok"


def test_a_rooms_picture_of_before_somebodys_consent_is_not_taken_in(
    room: Camera, clock: Any
) -> None:
    consent_withdraw(person=member(room))
    clock.shift(MINUTE)
    consent_give(person=member(room))
    put(room, NOON + MINUTE - SECOND)
    assert asked(room) == "empty"
    assert not Snapshot.objects.exists()
    put(room, NOON + MINUTE, "b.jpg", seed=1)
    assert asked(room) == "ok"


def test_a_room_takes_no_picture_of_before_a_newcomers_consent(
    room: Camera, clock: Any
) -> None:
    newcomer = PersonFactory.create(team=room.team, consented=False)
    put(room, NOON)
    clock.shift(30 * SECOND)
    consent_give(person=newcomer)
    assert asked(room) == "empty"
    assert not Snapshot.objects.exists()


def test_consents_of_other_teams_do_not_matter(room: Camera) -> None:
    put(room, NOON - 30 * SECOND)
    consent_give(person=PersonFactory.create(consented=False))
    assert asked(room) == "ok"


def test_other_kinds_are_asked_no_more_for_it(desk: Camera) -> None:
    put(desk, NOON)
    Camera.objects.update(kind=Camera.Kind.SNAPSHOT, address="http://192.168.7.7/a")
    with CaptureQueriesContext(connection) as queries:
        assert asked(desk, FakeFetcher()) == "ok"
    hours = [each for each in queries if "monitor_capturehours" in each["sql"]]
    assert len(hours) == 1  # when it was taken on


@pytest.mark.parametrize(
    ("age", "renewed", "status"),
    [
        (9 * MINUTE, False, "fetched"),
        (9 * MINUTE, True, "failed"),
        (2 * SECOND, True, "fetched"),
    ],
)
def test_a_test_picture_is_not_from_before_the_consent(
    desk: Camera, admin: User, age: timedelta, renewed: bool, status: str
) -> None:
    person = desk.person
    assert person is not None
    if renewed:
        Consent.objects.update(withdrawn_at=NOON - 20 * MINUTE)
        Consent.objects.create(person=person, given_at=NOON - MINUTE)
    put(desk, NOON - age)
    assert probed(desk, admin) == status


@pytest.mark.parametrize(("age", "status"), [(9, "fetched"), (61, "failed")])
def test_a_test_picture_of_a_room_is_a_minute_old_at_most(
    room: Camera, admin: User, age: int, status: str
) -> None:
    put(room, NOON - age * SECOND)
    assert probed(room, admin) == status


def probed(camera: Camera, by: User) -> str:
    """What comes of a test picture of a camera that is there."""
    probe = CameraProbe.objects.create(
        by=by, kind=camera.kind, address=camera.address, name=camera.name,
        person=camera.person, team=camera.team, status="fetching", asked_at=NOON,
    )  # fmt: skip
    probes.probe_fetch(probe=probe, fetcher=FolderFetcher())
    probe.refresh_from_db()
    return probe.status
