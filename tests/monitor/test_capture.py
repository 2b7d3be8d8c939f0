"""Fetching pictures: who takes one on, what becomes of it, and what stops it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.db import OperationalError

from capture import CaptureError, Code, Shot, Source
from monitor.camera_login import login_seal
from monitor.models import Camera, CameraDay, Organisation, Pause, Snapshot
from monitor.services import capture
from monitor.services.camera_schedule import (
    ScheduleRefused,
    Time,
    camera_capture_now,
    camera_reschedule,
    pause_begin,
)
from monitor.services.capture import Claim, camera_capture, cameras_due
from monitor.services.consent import consent_give, consent_withdraw
from tests.factories import CameraFactory, PersonFactory
from tests.images import jpeg

# A Wednesday, 12:00 in Berlin.
NOON = datetime(2026, 1, 14, 11, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


@dataclass
class FakeFetcher:
    """Gives a picture, or raises what it is told; runs `meanwhile` while it waits."""

    error: Exception | None = None
    data: bytes = field(default_factory=jpeg)
    meanwhile: Any = None
    asked: list[Source] = field(default_factory=list)

    def fetch(self, source: Source) -> Shot:
        self.asked.append(source)
        if self.meanwhile:
            self.meanwhile()
        if self.error:
            raise self.error
        return Shot(self.data, datetime.now(UTC), 12)


@pytest.fixture
def clock() -> Iterator[Any]:
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock


@pytest.fixture
def desk(organisation: Organisation, clock: Any) -> Camera:
    """Every ten minutes, without a spread; the next picture is due now."""
    return CameraFactory.create(
        kind=Camera.Kind.SNAPSHOT,
        address="http://192.168.7.7/now.jpg",
        sealed_login=login_seal("eye", "hush"),
        every_minutes=10,
        jitter_seconds=0,
        next_at=NOON,
    )


def due(now: datetime = NOON, **more: Any) -> list[Claim]:
    asked: dict[str, Any] = {"now": now, "limit": 9, "doubtful": 9} | more
    return cameras_due(**asked)


def the(camera: Camera) -> Camera:
    return Camera.objects.get(pk=camera.pk)


def test_a_picture_that_is_due_is_taken_on_once(desk: Camera) -> None:
    assert due() == [Claim(desk.pk, NOON)]
    assert due() == []
    assert the(desk).next_at == NOON + 10 * MINUTE


def test_none_is_taken_before_its_time(desk: Camera) -> None:
    assert due(NOON - SECOND) == []


def test_a_picture_goes_through_the_one_door(desk: Camera) -> None:
    fetcher = FakeFetcher()
    (claim,) = due()
    assert camera_capture(claim=claim, fetcher=fetcher) == Camera.State.OK
    source = fetcher.asked[0]
    assert (source.address, source.user, source.password) == (
        "http://192.168.7.7/now.jpg",
        "eye",
        "hush",
    )
    snapshot = Snapshot.objects.get()
    assert (snapshot.person, snapshot.camera, snapshot.source) == (
        desk.person,
        desk,
        Snapshot.Source.CAMERA,
    )
    row = the(desk)
    assert (row.state, row.seen_at, row.slot_at) == (Camera.State.OK, NOON, None)
    counts = CameraDay.objects.values_list("day", "attempts", "successes")
    assert list(counts) == [(NOON.date(), 1, 1)]


@pytest.mark.parametrize("code", Code)
def test_a_camera_that_gives_none_has_a_state_and_a_next_picture(
    desk: Camera, code: Code
) -> None:
    (claim,) = due()
    fails = FakeFetcher(error=CaptureError(code, "no"))
    assert camera_capture(claim=claim, fetcher=fails) == code
    row = the(desk)
    assert (row.state, row.state_since, row.tried_at) == (code, NOON, NOON)
    assert (row.seen_at, row.next_at) == (None, NOON + 10 * MINUTE)
    day = CameraDay.objects.get()
    assert (day.attempts, day.successes) == (1, 0)


def test_a_state_lasts_since_it_began(desk: Camera, clock: Any) -> None:
    fails = FakeFetcher(error=CaptureError(Code.SLOW, "no"))
    for _ in range(2):
        (claim,) = due(datetime.now(UTC))
        camera_capture(claim=claim, fetcher=fails)
        clock.shift(10 * MINUTE)
    row = the(desk)
    assert (row.state_since, row.tried_at) == (NOON, NOON + 10 * MINUTE)


@pytest.mark.parametrize(
    ("data", "state"), [(b"<html>", "not_a_picture"), (b"", "refused")]
)
def test_what_intake_refuses_is_a_state(desk: Camera, data: bytes, state: str) -> None:
    (claim,) = due()
    assert camera_capture(claim=claim, fetcher=FakeFetcher(data=data)) == state


def test_a_full_queue_is_not_the_fault_of_the_camera(
    desk: Camera, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.services.intake.queue_is_full", lambda *_: True)
    (claim,) = due()
    assert camera_capture(claim=claim, fetcher=FakeFetcher()) == Camera.State.OK
    assert not Snapshot.objects.exists()


def test_a_login_that_no_key_opens_is_a_wrong_password(desk: Camera) -> None:
    Camera.objects.update(sealed_login=b"sealed with another key")
    (claim,) = due()
    state = camera_capture(claim=claim, fetcher=FakeFetcher())
    assert state == Camera.State.WRONG_PASSWORD


def test_the_picture_of_a_dead_process_is_taken_over_and_counts_once(
    desk: Camera, clock: Any
) -> None:
    (claim,) = due()
    # It has handed the picture in and dies before it can say so.
    capture._hand_in(claim, FakeFetcher().fetch(capture.source_of(desk)))
    assert due(NOON + capture.LEASE - SECOND) == []
    clock.shift(capture.LEASE)
    (again,) = due(NOON + capture.LEASE)
    assert again == claim
    assert camera_capture(claim=again, fetcher=FakeFetcher()) == Camera.State.OK
    assert Snapshot.objects.count() == 1
    # The first one, should it live after all, counts nothing any more.
    capture.outcome_record(claim=claim, state="crashed", now=NOON)
    assert the(desk).state == Camera.State.OK
    assert CameraDay.objects.get().attempts == 1


def test_who_says_that_it_lives_keeps_the_picture(desk: Camera) -> None:
    (claim,) = due()
    capture.claims_renew(claims=[claim], now=NOON + 4 * SECOND)
    assert due(NOON + capture.LEASE) == []


def test_a_late_scheduler_makes_no_burst(desk: Camera) -> None:
    Camera.objects.update(next_at=NOON - 64 * MINUTE)
    assert due() == []
    assert the(desk).next_at == NOON + 10 * MINUTE


def test_one_overdue_picture_is_taken_while_it_is_fresh(desk: Camera) -> None:
    Camera.objects.update(next_at=NOON - 5 * MINUTE)
    assert due() == [Claim(desk.pk, NOON - 5 * MINUTE)]
    assert due(NOON + MINUTE, busy=[desk.pk]) == []


def test_the_overdue_picture_of_the_evening_is_left_out(desk: Camera) -> None:
    closing = NOON.replace(hour=17)  # 18:00 in Berlin
    Camera.objects.update(next_at=closing - SECOND)
    assert due(closing + MINUTE) == []
    Camera.objects.update(next_at=closing - SECOND)
    assert due(closing + SECOND) != []


def test_cameras_that_work_come_first(desk: Camera) -> None:
    Camera.objects.update(state=Camera.State.SLOW)
    other = CameraFactory.create(kind="snapshot", next_at=NOON)
    assert [claim.camera for claim in due(limit=1)] == [other.pk]
    assert due(doubtful=0) == []
    assert [claim.doubtful for claim in due()] == [True]


@pytest.mark.parametrize("change", [{"active": False}, {"kind": "push"}])
def test_a_camera_that_is_not_fetched_is_left_alone(
    desk: Camera, change: dict[str, Any]
) -> None:
    Camera.objects.update(**change)
    assert due() == []


def test_without_consent_nothing_is_fetched(desk: Camera) -> None:
    assert desk.person
    consent_withdraw(person=desk.person)
    assert due() == []
    consent_give(person=desk.person)
    assert due() == [Claim(desk.pk, NOON)]


def test_a_withdrawal_between_two_looks_stops_the_picture(desk: Camera) -> None:
    (claim,) = due()
    assert desk.person
    consent_withdraw(person=desk.person)
    fetcher = FakeFetcher()
    assert camera_capture(claim=claim, fetcher=fetcher) is None
    assert fetcher.asked == []
    assert (the(desk).slot_at, the(desk).state) == (None, Camera.State.NEW)


def paused(**whose: Any) -> Pause:
    reason = Pause.Reason.MAINTENANCE
    return pause_begin(time=Time(NOON), reason=reason, by=None, **whose)


def test_a_pause_stops_the_picture_even_on_its_way(desk: Camera) -> None:
    (claim,) = due()
    fetcher = FakeFetcher(meanwhile=lambda: paused(camera=desk))
    assert camera_capture(claim=claim, fetcher=fetcher) is None
    assert not Snapshot.objects.exists()
    assert not CameraDay.objects.exists()


@pytest.mark.parametrize("whose", ["camera", "person", "site"])
def test_each_kind_of_pause_holds_at_once(desk: Camera, whose: str) -> None:
    subject: dict[str, dict[str, Any]] = {
        "camera": {"camera": desk},
        "person": {"person": desk.person},
        "site": {},
    }
    paused(**subject[whose])
    assert the(desk).next_at is None
    Camera.objects.update(next_at=NOON)  # as if it had been claimed just before
    assert due() == []


def test_the_pause_of_another_camera_changes_nothing(desk: Camera) -> None:
    other = CameraFactory.create(person=PersonFactory.create())
    paused(camera=other)
    paused(person=other.person)
    assert due() == [Claim(desk.pk, NOON)]


def test_capture_now_takes_a_picture_with_the_next_look(desk: Camera) -> None:
    Camera.objects.update(next_at=NOON + 10 * MINUTE)
    camera_capture_now(camera=desk)
    assert due() == [Claim(desk.pk, NOON)]
    assert the(desk).next_at == NOON + 10 * MINUTE


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"active": False}, "switched off"),
        ({"hour": 20}, "outside of its hours"),
        ({"pause": True}, "paused"),
    ],
)
def test_capture_now_is_refused_where_no_picture_may_be_taken(
    desk: Camera, clock: Any, change: dict[str, Any], text: str
) -> None:
    if "active" in change:
        Camera.objects.update(active=False)
    if "hour" in change:
        clock.move_to(NOON.replace(hour=20))
    if "pause" in change:
        paused(camera=desk)
    with pytest.raises(ScheduleRefused, match=text):
        camera_capture_now(camera=desk)


def test_the_account_may_send_and_cannot_log_in(desk: Camera) -> None:
    account: User = capture.capture_account()
    assert account.has_perm("monitor.add_snapshot")
    assert not account.has_usable_password()


def test_a_change_while_a_picture_is_taken_does_not_take_it_again(desk: Camera) -> None:
    (claim,) = due()
    camera_reschedule(camera=desk)
    camera_capture(claim=claim, fetcher=FakeFetcher())
    assert due(NOON + SECOND) == []
    assert the(desk).next_at == NOON + 10 * MINUTE


def test_a_picture_that_got_lost_on_its_way_in_is_not_taken_for_given(
    desk: Camera, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the newest file of a folder would be passed over by whoever tries again."""
    (claim,) = due()

    def gone(**_: Any) -> None:
        raise OperationalError("the database went away")

    with monkeypatch.context() as broken, pytest.raises(OperationalError):
        broken.setattr(capture, "snapshot_accept", gone)
        camera_capture(claim=claim, fetcher=Marked())
    assert the(desk).mark == ""
    assert camera_capture(claim=claim, fetcher=Marked()) == Camera.State.OK
    assert the(desk).mark == "file 7"


class Marked(FakeFetcher):
    def fetch(self, source: Source) -> Shot:
        return replace(super().fetch(source), mark="file 7")
