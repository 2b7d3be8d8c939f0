"""Who sees what of a room: its camera's health, its looks written down, no person."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User

from monitor.camera_selectors import camera_row, camera_rows
from monitor.models import (
    AccessEntry,
    Camera,
    CameraProbe,
    Snapshot,
    Team,
)
from monitor.services import probes
from monitor.services.camera_schedule import Time, pause_begin
from monitor.services.cameras import CameraRefused, Draft, camera_create
from monitor.services.consent import consent_give
from tests.factories import CameraFactory, PersonFactory
from tests.fakes import FakeEngine, face, frame
from tests.monitor.conftest import client_of
from tests.monitor.test_capture import FakeFetcher
from tests.monitor.test_rooms import (
    FIVE,
    NOON,
    Change,
    clock,
    leave,
    member,
    newcomer,
    rest,
    room,
    taken,
    team,
    withdraw,
)

__all__ = ["clock", "room", "team"]


def draft(team: Team, **fields: Any) -> Draft:
    asked = {"kind": "snapshot", "address": "http://192.168.7.8/a.jpg"} | fields
    return Draft("Door", team=team, **asked)


def test_nobody_sees_a_rooms_snapshot_as_a_picture_of_somebody(
    room: Camera, admin: User
) -> None:
    snapshot = taken(room)
    assert not Snapshot.objects.visible_to(admin).exists()
    answer = client_of(admin).get(f"/api/v1/snapshots/{snapshot.pk}/")
    assert answer.status_code == 404


def test_the_cameras_page_says_why_a_room_rests(
    room: Camera, team: Team, admin: User
) -> None:
    assert camera_row(camera=room, now=NOON).rests == ""
    withdraw(team)
    row = camera_row(camera=room, now=NOON)
    assert "everybody in its team consents" in row.rests
    assert row.next_at is None
    consent_give(person=member(team))
    assert camera_row(camera=room, now=NOON).next_at == NOON


def test_the_cameras_page_says_that_a_pause_rests_a_room(
    room: Camera, team: Team
) -> None:
    pause_begin(time=Time(NOON), reason="maintenance", by=None, camera=room)
    assert camera_row(camera=room, now=NOON).rests == ""
    rest(team)
    row = camera_row(camera=room, now=NOON)
    assert row.rests.startswith("Somebody of this team has paused")
    assert member(team).name not in row.rests
    desk = CameraFactory.create(person=member(team))
    assert camera_row(camera=desk, now=NOON).rests == ""


def test_rooms_do_not_cost_more_queries_with_more_of_them(
    room: Camera, team: Team, admin: User, django_assert_num_queries: Any
) -> None:
    rest(team)
    for n in range(4):
        CameraFactory.create(name=f"Hall {n}", person=None, team=room.team)
    with django_assert_num_queries(5):
        assert len(camera_rows(user=admin, now=NOON)) == 5


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (withdraw, "everybody in its team consents"),
        (newcomer, "everybody in its team consents"),
        (leave, "8 or more people"),
    ],
)
def test_a_closed_room_gets_no_camera_and_no_test_picture(
    team: Team, admin: User, change: Change, text: str
) -> None:
    change(team)
    with pytest.raises(CameraRefused, match=text) as refused:
        camera_create(draft=draft(team))
    assert refused.value.field == "team"
    with pytest.raises(CameraRefused, match=text):
        probes.probe_begin(draft=draft(team), by=admin)


def test_a_camera_that_sends_cannot_watch_a_room(team: Team) -> None:
    with pytest.raises(CameraRefused, match="another kind"):
        camera_create(draft=draft(team, kind="push"))


@pytest.mark.parametrize("change", [withdraw, newcomer, leave, rest])
def test_nobody_looks_into_a_closed_room(
    room: Camera, team: Team, admin: User, change: Change
) -> None:
    probe = probes.probe_camera(camera=room, by=admin)
    probes.probe_fetch(probe=probe, fetcher=FakeFetcher())
    probe.refresh_from_db()
    change(team)
    with pytest.raises(CameraRefused):
        probes.live_next(camera=room, by=admin)
    with pytest.raises(CameraRefused):
        probes.probe_picture(probe=probe)
    probes.probe_judge(pk=probe.pk)
    probe.refresh_from_db()
    assert (probe.status, bytes(probe.sealed)) == ("failed", b"")


def test_a_look_into_a_room_is_written_down_for_each_of_the_team(
    room: Camera, team: Team, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = FakeEngine([frame(*FIVE, face(reason="too_small"))])
    monkeypatch.setattr("monitor.services.probes.get_engine", lambda _: engine)
    PersonFactory.create()
    assert probes.live_next(camera=room, by=admin) is None
    probe = CameraProbe.objects.get()
    probes.probe_fetch(probe=probe, fetcher=FakeFetcher())
    probes.probe_judge(pk=probe.pk)
    probe.refresh_from_db()
    assert (probe.status, probe.faces) == ("done", 4)
    assert probes.probe_picture(probe=probe)
    seen = AccessEntry.objects.filter(action="live").values_list("person", flat=True)
    assert sorted(seen) == sorted(team.people.values_list("pk", flat=True))
