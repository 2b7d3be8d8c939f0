"""Changes of when cameras look: at once, by whom, and which are refused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User

from monitor.camera_selectors import own_pause
from monitor.capture_schedule import Stretch
from monitor.models import Camera, CaptureHours, Organisation, Pause
from monitor.services.camera_schedule import (
    ScheduleRefused,
    Time,
    camera_reschedule,
    camera_rhythm_set,
    camera_switch,
    cameras_reschedule,
    cameras_reschedule_lost,
    hours_set,
    pause_begin,
    pause_end,
)
from tests.factories import CameraFactory, PersonFactory, UserFactory

# A Wednesday, 12:00 in Berlin.
NOON = datetime(2026, 1, 14, 11, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
AFTERNOON = (Stretch(2, time(14), time(16)),)


@pytest.fixture(autouse=True)
def clock(organisation: Organisation) -> Iterator[Any]:
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock


@pytest.fixture
def desk() -> Camera:
    camera = CameraFactory.create(kind="rtsp", every_minutes=10, jitter_seconds=0)
    camera_reschedule(camera=camera)
    return camera


def next_of(camera: Camera) -> datetime | None:
    return Camera.objects.get(pk=camera.pk).next_at


def test_without_hours_a_site_has_working_days(desk: Camera, clock: Any) -> None:
    assert next_of(desk) == NOON + 10 * MINUTE
    clock.move_to(datetime(2026, 1, 16, 17, tzinfo=UTC))
    cameras_reschedule()
    assert next_of(desk) == datetime(2026, 1, 19, 7, tzinfo=UTC)


def test_another_interval_counts_at_once(desk: Camera) -> None:
    camera_rhythm_set(camera=desk, every_minutes=7, jitter_seconds=0)
    # 8:00 and 35 times 7 minutes: 12:05.
    assert next_of(desk) == NOON + 5 * MINUTE


@pytest.mark.parametrize(("every", "jitter"), [(0, 0), (241, 0), (5, -1), (5, 601)])
def test_an_interval_out_of_range_is_refused(
    desk: Camera, every: int, jitter: int
) -> None:
    with pytest.raises(ScheduleRefused, match="Choose"):
        camera_rhythm_set(camera=desk, every_minutes=every, jitter_seconds=jitter)


def test_hours_of_the_site_hold_where_a_camera_has_none(desk: Camera) -> None:
    hours_set(camera=None, hours=AFTERNOON)
    assert next_of(desk) == NOON.replace(hour=13)
    hours_set(camera=desk, hours=[Stretch(2, time(15), time(16))])
    assert next_of(desk) == NOON.replace(hour=14)
    hours_set(camera=desk, hours=[])
    assert next_of(desk) == NOON.replace(hour=13)


@pytest.mark.parametrize("second", [Stretch(2, time(15), time(17))])
def test_hours_that_overlap_are_refused_and_nothing_is_changed(
    desk: Camera, second: Stretch
) -> None:
    hours_set(camera=None, hours=AFTERNOON)
    with pytest.raises(ScheduleRefused, match="14:00 and from 15:00 overlap"):
        hours_set(camera=None, hours=[*AFTERNOON, second])
    assert CaptureHours.objects.count() == 1


def test_another_time_zone_moves_all_cameras(
    desk: Camera, organisation: Organisation
) -> None:
    hours_set(camera=None, hours=AFTERNOON)
    organisation.time_zone = "America/New_York"
    organisation.save()
    cameras_reschedule()
    assert next_of(desk) == NOON.replace(hour=19)


def test_a_camera_that_is_switched_off_has_no_next_picture(desk: Camera) -> None:
    camera_switch(camera=desk, active=False)
    assert next_of(desk) is None
    camera_switch(camera=desk, active=True)
    assert next_of(desk) == NOON + 10 * MINUTE


def test_lost_cameras_are_found(desk: Camera) -> None:
    Camera.objects.update(next_at=None)
    CameraFactory.create(kind="push")
    assert cameras_reschedule_lost() == 1
    assert next_of(desk) == NOON + 10 * MINUTE


def person_pauses(camera: Camera, by: User) -> Pause:
    assert camera.person
    camera.person.user = by
    camera.person.save()
    reason = Pause.Reason.PERSON
    return pause_begin(time=Time(NOON), reason=reason, by=by, person=camera.person)


def test_a_person_pauses_their_camera_and_goes_on(desk: Camera, clock: Any) -> None:
    user = UserFactory.create()
    pause = person_pauses(desk, user)
    assert person_pauses(desk, user) == pause
    assert desk.person
    assert own_pause(person=desk.person, now=NOON) == pause
    assert next_of(desk) is None
    clock.shift(30 * MINUTE)
    pause_end(pause=pause, by=user)
    assert next_of(desk) == NOON + 40 * MINUTE
    assert Pause.objects.get().ends_at == NOON + 30 * MINUTE
    assert own_pause(person=desk.person, now=NOON + 30 * MINUTE) is None


def test_nobody_else_ends_the_pause_of_a_person(desk: Camera, admin: User) -> None:
    pause = person_pauses(desk, UserFactory.create())
    with pytest.raises(ScheduleRefused, match="Only the person"):
        pause_end(pause=pause, by=admin)
    assert next_of(desk) is None


def test_a_pause_that_has_not_begun_is_taken_back(desk: Camera, admin: User) -> None:
    leave = Time(NOON + 5 * MINUTE, NOON + 60 * 24 * MINUTE)
    pause = pause_begin(time=leave, reason=Pause.Reason.LEAVE, by=admin)
    assert next_of(desk) == NOON + 60 * 24 * MINUTE
    pause_end(pause=pause, by=admin)
    assert not Pause.objects.exists()
    assert next_of(desk) == NOON + 10 * MINUTE


@pytest.mark.parametrize(
    ("case", "text"),
    [("both", "not of both"), ("backwards", "ends after"), ("nobody", "which person")],
)
def test_a_pause_without_sense_is_refused(desk: Camera, case: str, text: str) -> None:
    asked: dict[str, Any] = {"time": Time(NOON), "reason": Pause.Reason.MAINTENANCE}
    if case == "both":
        asked |= {"camera": desk, "person": PersonFactory.create()}
    if case == "backwards":
        asked["time"] = Time(NOON, NOON)
    if case == "nobody":
        asked["reason"] = Pause.Reason.PERSON
    with pytest.raises(ScheduleRefused, match=text):
        pause_begin(by=None, **asked)
