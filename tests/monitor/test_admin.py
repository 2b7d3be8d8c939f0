"""The admin sets things up; it does not show results."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from monitor.models import (
    AccessEntry,
    Camera,
    Organisation,
    Person,
    SiteCalibration,
)
from monitor.services.access import access_record
from monitor.services.pins import pin_set, row_by_pin
from tests.factories import NOON, CameraFactory, TeamFactory, reading
from tests.monitor.test_correction import calibrated


@pytest.fixture
def client(admin: User) -> Client:
    client = Client()
    client.force_login(admin)
    return client


@pytest.mark.parametrize(
    "name",
    [
        *("team", "person", "camera", "organisation"),
        *("accessentry", "modelversion", "sitecalibration", "notification"),
        *("device", "personpin"),
    ],
)
def test_the_lists_open(client: Client, person: Person, name: str) -> None:
    assert client.get(f"/admin/monitor/{name}/").status_code == 200


@pytest.mark.parametrize("invented", [True, False])
def test_demonstration_data_is_marked_here_too(
    client: Client, organisation: Organisation, invented: bool
) -> None:
    Organisation.objects.update(demonstration=invented)
    answer = client.get("/admin/")
    assert ("Demonstration data" in answer.content.decode()) is invented


def test_a_persons_form_opens(client: Client, person: Person) -> None:
    url = f"/admin/monitor/person/{person.pk}/change/"
    assert client.get(url).status_code == 200


def test_a_pin_is_set_for_somebody_and_set_anew(client: Client, person: Person) -> None:
    for pin in ("480173", "739104"):
        client.post("/admin/monitor/personpin/add/", {"person": person.pk, "pin": pin})
        row = row_by_pin(number=person.number, pin=pin, now=NOON)
        assert row is not None and row.person == person


def test_a_pin_that_is_set_is_not_shown(client: Client, person: Person) -> None:
    pin_set(person=person, pin="480173")
    page = client.get(f"/admin/monitor/personpin/{person.pk}/change/")
    assert page.status_code == 200
    assert "480173" not in page.content.decode()


def test_a_weak_pin_is_refused_in_the_form(client: Client, person: Person) -> None:
    sent = {"person": person.pk, "pin": "123456"}
    page = client.post("/admin/monitor/personpin/add/", sent).content.decode()
    assert "too easy to guess" in page


@pytest.mark.parametrize(
    ("action", "visible"), [("withdraw_consent", 0), ("give_consent", 1)]
)
def test_consent_is_recorded_by_action(
    client: Client, person: Person, action: str, visible: int
) -> None:
    data = {"action": action, "_selected_action": [person.pk]}
    assert client.post("/admin/monitor/person/", data).status_code == 302
    assert Person.objects.consented().count() == visible


def test_a_calibration_can_be_taken_back(client: Client) -> None:
    row = calibrated("m@1")
    url = f"/admin/monitor/sitecalibration/{row.pk}/delete/"
    assert client.post(url, {"post": "yes"}).status_code == 302
    assert not SiteCalibration.objects.exists()


def test_the_trail_cannot_be_changed(
    client: Client, person: Person, admin: User
) -> None:
    access_record(actor=admin, people=[person], action=AccessEntry.Action.PERSON)
    entry = AccessEntry.objects.get()
    assert client.get("/admin/monitor/accessentry/add/").status_code == 403
    url = f"/admin/monitor/accessentry/{entry.pk}/delete/"
    assert client.post(url, {"post": "yes"}).status_code == 403


def test_another_time_zone_gives_cameras_their_next_picture_anew(
    client: Client, organisation: Organisation
) -> None:
    camera = CameraFactory.create(kind="rtsp")
    url = f"/admin/monitor/organisation/{organisation.pk}/change/"
    form = client.get(url).context["adminform"].form
    assert (
        client.post(url, form.initial | {"time_zone": "Asia/Kolkata"}).status_code
        == 302
    )
    camera.refresh_from_db()
    assert camera.next_at is not None


def test_a_changed_camera_counts_at_once(client: Client, person: Person) -> None:
    camera = CameraFactory.create(kind="rtsp", person=person)
    url = f"/admin/monitor/camera/{camera.pk}/change/"
    data = {"name": "Desk", "person": person.pk, "active": "on", "kind": "rtsp"}
    numbers = {"every_minutes": 5, "jitter_seconds": 0}
    assert client.post(url, data | numbers).status_code == 302
    camera.refresh_from_db()
    assert camera.next_at is not None


ROOM = "those of a room are only fetched"


def written(**whose: object) -> dict[str, object]:
    facts = {"name": "Door", "active": "on", "every_minutes": 5, "jitter_seconds": 0}
    return facts | whose


@pytest.mark.parametrize("is_new", [True, False])
def test_a_camera_that_sends_is_given_to_no_room(
    client: Client, person: Person, is_new: bool
) -> None:
    url = "/admin/monitor/camera/add/"
    if not is_new:
        camera = CameraFactory.create(kind="push", person=person)
        url = f"/admin/monitor/camera/{camera.pk}/change/"
    answer = client.post(url, written(team=TeamFactory.create().pk))
    assert answer.status_code == 200
    assert list(answer.context["adminform"].form.errors) == ["team"]
    assert ROOM in answer.content.decode()
    assert not Camera.objects.filter(team__isnull=False).exists()
    assert client.post(url, written(person=person.pk)).status_code == 302
    assert Camera.objects.get().name == "Door"


def test_a_camera_that_is_fetched_may_get_a_room(
    client: Client, person: Person
) -> None:
    camera = CameraFactory.create(kind="rtsp", person=person)
    url, team = f"/admin/monitor/camera/{camera.pk}/change/", TeamFactory.create()
    assert client.post(url, written(team=team.pk)).status_code == 302
    camera.refresh_from_db()
    assert (camera.person, camera.team) == (None, team)


def looked(person: Person, *moments: datetime) -> None:
    entry = {"person": person, "action": AccessEntry.Action.PERSON}
    AccessEntry.objects.bulk_create(AccessEntry(at=at, **entry) for at in moments)


def test_access_entries_are_found_by_month(client: Client, person: Person) -> None:
    """Months of the organisation: the last hour of October in UTC is November here."""
    looked(person, datetime(2025, 10, 31, 22, tzinfo=UTC))
    looked(person, datetime(2025, 10, 31, 23, tzinfo=UTC), NOON)
    answer = client.get("/admin/monitor/accessentry/")
    (_, found) = answer.context["cl"].filter_specs
    months = [code for code, _ in found.lookup_choices]
    assert (months[0], months[-1], len(months)) == ("2026-03", "2025-10", 6)
    for month, entries in {"2025-10": 1, "2025-11": 1, "2026-01": 0, "?": 3}.items():
        answer = client.get("/admin/monitor/accessentry/", {"month": month})
        assert answer.context["cl"].result_count == entries


def test_no_more_access_entries_are_counted_than_anybody_leafs_through(
    client: Client, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.admin_lists.COUNTED", 2)
    looked(person, NOON, NOON, NOON)
    answer = client.get("/admin/monitor/accessentry/")
    assert answer.context["cl"].result_count == 2


@pytest.mark.parametrize("together", [True, False])
def test_a_camera_whose_pictures_are_known_is_not_deleted(
    client: Client, person: Person, together: bool
) -> None:
    used, unused = CameraFactory.create_batch(2, person=person)
    reading(person, snapshot__camera=used)
    for camera in (used, unused):
        url = f"/admin/monitor/camera/{camera.pk}/delete/"
        sent: dict[str, Any] = {"post": "yes"}
        if together:
            url = "/admin/monitor/camera/"
            sent |= {"action": "delete_selected", "_selected_action": [camera.pk]}
        answer = client.post(url, sent, follow=True).content.decode()
        assert ("switch it off instead" in answer) is (camera == used)
    assert list(Camera.objects.all()) == [used]
    assert used.snapshots.exists()
