"""Rooms on the pages: the wizard, the cameras page, the team's card."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from monitor.models import Camera, CameraProbe, Person, Snapshot, Team
from monitor.services.camera_schedule import Time, pause_begin
from monitor.services.consent import consent_withdraw
from monitor.services.teams import team_figures_release
from tests.factories import NOON, PersonFactory, TeamFactory
from tests.monitor.test_room_figures import room_data
from tests.monitor.test_teams import FIRST, settled


@pytest.fixture
def team(organisation: object) -> Team:
    made: Team = TeamFactory.create(name="Packing")
    PersonFactory.create_batch(9, team=made)
    return made


@pytest.fixture
def room(team: Team) -> Camera:
    made: Camera = Camera.objects.create(
        name="Hall", team=team, kind="snapshot", address="http://10.0.0.7/a.jpg"
    )
    return made


def text(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def asked(**whose: int) -> dict[str, Any]:
    facts = {"name": "Hall", "kind": "rtsp", "address": "rtsp://10.0.0.9/main"}
    return facts | {"every_minutes": 10} | whose


def test_the_wizard_offers_desks_and_rooms(client_it: Client, team: Team) -> None:
    shown = text(client_it, "/cameras/add/")
    assert "Watches the desk of" in shown
    assert "or the room of the team" in shown
    client_it.post("/cameras/add/", asked(team=team.pk))
    probe = CameraProbe.objects.get()
    assert (probe.person, probe.team) == (None, team)
    again = text(client_it, f"/cameras/add/?again={probe.pk}")
    assert f'<option value="{team.pk}" selected>' in again


def test_a_room_that_was_tried_is_kept_as_one(
    client_it: Client, it_staff: User, team: Team
) -> None:
    probe = CameraProbe.objects.create(
        by=it_staff, asked_at=NOON, name="Hall", team=team, kind="snapshot",
        address="http://10.0.0.7/", status="done", faces=6, every_minutes=5,
    )  # fmt: skip
    assert "Good: 6 faces can be read." in text(
        client_it, f"/cameras/tests/{probe.pk}/"
    )
    client_it.post(f"/cameras/tests/{probe.pk}/keep/")
    camera = Camera.objects.get()
    assert (camera.team, camera.person, camera.is_room) == (team, None, True)
    assert "watches the room of Packing" in text(client_it, f"/cameras/{camera.pk}/")


@pytest.mark.parametrize(
    ("faces", "words"),
    [(0, "No faces can be read"), (2, "with 3 or more"), (4, "needs 5")],
)
def test_a_test_picture_of_a_room_says_how_many_faces_it_takes(
    client_it: Client, it_staff: User, team: Team, faces: int, words: str
) -> None:
    probe = CameraProbe.objects.create(
        by=it_staff, asked_at=NOON, name="x", team=team, kind="rtsp", status="done",
        faces=faces,
    )  # fmt: skip
    assert words in text(client_it, f"/cameras/tests/{probe.pk}/")


@pytest.mark.parametrize("both", [True, False])
def test_it_is_a_desk_or_a_room(client_it: Client, team: Team, both: bool) -> None:
    person = Person.objects.all()[0]
    whose = {"person": person.pk, "team": team.pk} if both else {}
    answer = client_it.post("/cameras/add/", asked(**whose))
    assert answer.status_code == 400
    assert "one of the two" in answer.content.decode()


def test_the_pages_say_why_a_room_rests_and_name_nobody(
    client_it: Client, team: Team, room: Camera
) -> None:
    person = team.people.all()[0]
    consent_withdraw(person=person)
    for page in ("/cameras/", f"/cameras/{room.pk}/"):
        shown = text(client_it, page)
        assert "Not looked at" in shown
        assert "everybody in its team consents" in shown
        assert person.name not in shown
    answer = client_it.post("/cameras/add/", asked(team=team.pk))
    assert "everybody in its team consents" in answer.content.decode()
    answer = client_it.post(f"/cameras/{room.pk}/now/", follow=True)
    assert "No pictures are fetched from this camera" in answer.content.decode()


def test_the_pages_say_that_a_pause_rests_a_room_and_name_nobody(
    client_it: Client, team: Team, room: Camera
) -> None:
    person = team.people.all()[0]
    pause_begin(time=Time(NOON), reason="person", by=None, person=person)
    for page in ("/cameras/", f"/cameras/{room.pk}/"):
        shown = text(client_it, page)
        assert "Not looked at" in shown
        assert "Somebody of this team has paused their pictures" in shown
        assert "Nothing to do." not in shown
        assert person.name not in shown
    answer = client_it.post(f"/cameras/{room.pk}/now/", follow=True)
    (said,) = answer.context["messages"]
    assert str(said).startswith("Somebody of this team has paused")


def test_the_live_page_says_whose_room_it_is(client_it: Client, room: Camera) -> None:
    shown = text(client_it, f"/cameras/{room.pk}/live/")
    assert "the room of Packing" in shown
    assert "everybody in the team" in shown


def test_a_picture_of_a_room_has_no_page(
    client_health: Client, team: Team, room: Camera
) -> None:
    snapshot = Snapshot.objects.create(
        team=team, camera=room, source="camera", taken_at=NOON, received_at=NOON
    )
    assert client_health.get(f"/snapshots/{snapshot.pk}/").status_code == 404


def test_the_teams_card_shows_the_room(
    client_health: Client, team: Team, room: Camera
) -> None:
    room_data(team, 0.4, FIRST)
    team_figures_release(now=settled(FIRST))
    shown = text(client_health, "/")
    assert "5 of 10 working days (50%)" in shown
    assert "40%" in shown


def test_the_teams_card_says_why_a_room_is_not_shown(
    client_health: Client, team: Team, room: Camera
) -> None:
    room_data(team, 0.4, FIRST, days=4)
    team_figures_release(now=settled(FIRST))
    assert "4 of 5 days with pictures of enough faces" in text(client_health, "/")
