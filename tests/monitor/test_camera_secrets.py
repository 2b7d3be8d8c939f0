"""Logins and keys inside the address of a camera: sealed, hidden, put back in place."""

from __future__ import annotations

import base64
import io
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from capture import CaptureError, Code, Shot, Source
from capture.hidden import fill
from monitor.camera_login import login_open, login_read, login_seal, source_with_login
from monitor.models import Camera, CameraProbe, Person
from monitor.services import capture, probes
from monitor.services.cameras import (
    CameraRefused,
    Draft,
    camera_create,
    camera_from_probe,
)
from tests import images

CLEAR = "http://10.0.0.7/snap.cgi?user=admin&channel=1&pwd=geheim"
HIDDEN = "http://10.0.0.7/snap.cgi?user=***&channel=1&pwd=***"
migration = import_module("monitor.migrations.0026_hidden_addresses")


class Asked:
    """A camera that notes how it was asked, and says that in its error."""

    def __init__(self) -> None:
        self.sources: list[Source] = []

    def fetch(self, source: Source) -> Shot:
        self.sources.append(source)
        return Shot(images.jpeg(), timezone.now(), 1)


def draft(person: Person, address: str = CLEAR, **facts: Any) -> Draft:
    return Draft("Desk 7", "snapshot", person, address=address, **facts)


@pytest.fixture
def camera(person: Person) -> Camera:
    return camera_create(draft=draft(person))


def probed(camera: Camera, admin: User, address: str, **typed: str) -> CameraProbe:
    assert camera.person
    changed = draft(camera.person, address, **typed)
    return probes.probe_camera(camera=camera, by=admin, draft=changed)


def asked_with(row: Camera | CameraProbe) -> str:
    source = source_with_login(row)
    return fill(source.address, source.secrets)


def test_nothing_of_it_is_stored_in_the_clear(camera: Camera) -> None:
    assert camera.address == HIDDEN
    assert b"geheim" not in bytes(camera.sealed_login)
    assert asked_with(camera) == CLEAR
    assert "geheim" not in repr(source_with_login(camera))


def test_a_test_picture_asks_with_it_and_says_nothing(
    person: Person, admin: User, caplog: pytest.LogCaptureFixture
) -> None:
    probe, fetcher = probes.probe_begin(draft=draft(person), by=admin), Asked()
    probes.probe_fetch(probe=probe, fetcher=fetcher)
    probe.refresh_from_db()
    assert (probe.status, probe.address) == ("fetched", HIDDEN)
    assert fetcher.sources[0].secrets == ("admin", "geheim")
    CameraProbe.objects.update(status="done")
    made = camera_from_probe(probe=CameraProbe.objects.get())
    assert asked_with(made) == CLEAR
    assert "geheim" not in caplog.text


def test_a_capture_asks_with_it(camera: Camera) -> None:
    now, fetcher = timezone.now(), Asked()
    Camera.objects.update(slot_at=now, lease_until=now)
    capture.camera_capture(claim=capture.Claim(camera.pk, now), fetcher=fetcher)
    assert fetcher.sources[0].secrets == ("admin", "geheim")


@pytest.mark.parametrize(
    ("address", "asked"),
    [
        (HIDDEN, CLEAR),
        (HIDDEN.replace("channel=1", "channel=2"), CLEAR.replace("=1", "=2")),
        ("http://10.0.0.7/b?pwd=***", "http://10.0.0.7/b?pwd=geheim"),
        ("http://10.0.0.7/b?pwd=neu&user=***", "http://10.0.0.7/b?pwd=neu&user=admin"),
        ("http://10.0.0.7/plain", "http://10.0.0.7/plain"),
    ],
)
def test_what_stays_hidden_is_kept_at_the_same_place(
    camera: Camera, admin: User, address: str, asked: str
) -> None:
    assert asked_with(probed(camera, admin, address)) == asked


@pytest.mark.parametrize(
    "address",
    [
        HIDDEN.replace("10.0.0.7", "10.0.0.8"),
        HIDDEN.replace("10.0.0.7", "10.0.0.7:8080"),
        HIDDEN.replace("http:", "https:"),
        "http://10.0.0.7/b?password=***",
        "http://10.0.0.7/b?pwd=***&pwd=***",
    ],
)
def test_no_other_place_or_name_gets_it(
    camera: Camera, admin: User, address: str
) -> None:
    with pytest.raises(CameraRefused, match="in place of") as caught:
        probed(camera, admin, address)
    assert caught.value.field == "address"
    assert not CameraProbe.objects.exists()


def test_a_new_camera_has_nothing_that_stays_hidden(
    person: Person, admin: User
) -> None:
    for make in (
        lambda: probes.probe_begin(draft=draft(person, HIDDEN), by=admin),
        lambda: camera_create(draft=draft(person, HIDDEN)),
    ):
        with pytest.raises(CameraRefused, match="Write the value of user"):
            make()


def test_a_new_password_beside_it_changes_nothing_in_it(
    camera: Camera, admin: User
) -> None:
    probe = probed(camera, admin, HIDDEN, user="ada", password="neu")  # noqa: S106
    assert asked_with(probe) == CLEAR
    assert login_open(probe.sealed_login) == ("ada", "neu")


def test_whoever_looks_through_it_asks_with_it(camera: Camera, admin: User) -> None:
    probes.live_next(camera=camera, by=admin)
    assert asked_with(CameraProbe.objects.get()) == CLEAR


def test_an_address_changed_by_any_other_way_gets_nothing(camera: Camera) -> None:
    now, fetcher = timezone.now(), Asked()
    Camera.objects.update(
        address=HIDDEN.replace(".7", ".8"), slot_at=now, lease_until=now
    )
    claim = capture.Claim(camera.pk, now)
    assert capture.camera_capture(claim=claim, fetcher=fetcher) == "address_refused"
    assert fetcher.sources == []


def test_a_password_opens_for_its_place_alone() -> None:
    sealed = login_seal("ada", "geheim", address="http://Camera:81/a")
    assert login_read(sealed, "http://camera:81/b").password == "geheim"  # noqa: S105
    for other in ("http://camera/a", "https://camera:81/a", "rtsp://camera:81/"):
        with pytest.raises(CaptureError) as caught:
            login_read(sealed, other)
        assert caught.value.code == Code.ADDRESS_REFUSED
    assert login_read(login_seal("ada", "geheim"), "http://x/").user == "ada"


@pytest.mark.parametrize("address", [CLEAR + "\r\nX: y", "http://8.8.8.8/?pwd=geheim"])
def test_a_refusal_says_nothing_of_it(person: Person, address: str) -> None:
    with pytest.raises(CameraRefused) as caught:
        camera_create(draft=draft(person, address))
    assert "geheim" not in caught.value.message + repr(caught.value.__cause__)


def migrate() -> None:
    migration.hide_secrets(apps, SimpleNamespace(connection=connection))


def stored(person: Person, name: str, address: str, sealed: bytes = b"") -> Camera:
    made: Camera = Camera.objects.create(
        name=name, person=person, kind="rtsp", address=address, sealed_login=sealed
    )
    return made


def test_addresses_that_are_stored_are_sealed_once(
    person: Person, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migration, "CHUNK", 2)
    facts = {"asked_at": timezone.now(), "name": "x", "kind": "rtsp", "address": CLEAR}
    CameraProbe.objects.create(by=admin, person=person, **facts)
    sealed = login_seal("ada", "neu")
    for number in range(5):
        stored(person, f"Desk {number}", CLEAR, sealed if number else b"")
    plain = stored(person, "plain", "rtsp://10.0.0.9/a", sealed)
    pasted = stored(person, "pasted", "http://ada:neu@10.0.0.7/b")
    for _ in range(2):
        migrate()
        rows = Camera.objects.filter(name__startswith="Desk")
        assert {row.address for row in rows} == {HIDDEN}
        assert {asked_with(row) for row in rows} == {CLEAR}
        assert {login_open(row.sealed_login)[1] for row in rows} == {"", "neu"}
        assert not CameraProbe.objects.exists()
        pasted.refresh_from_db()
        assert pasted.address == "http://10.0.0.7/b"
        assert login_open(pasted.sealed_login) == ("ada", "neu")
        plain.refresh_from_db()
        assert login_read(plain.sealed_login, plain.address).place == "rtsp://10.0.0.9"
    once = bytes(plain.sealed_login)
    migrate()
    plain.refresh_from_db()
    assert bytes(plain.sealed_login) == once


def test_what_no_key_opens_is_left_and_told(
    person: Person, caplog: pytest.LogCaptureFixture
) -> None:
    row = stored(person, "Desk", CLEAR, b"sealed with a key that is gone")
    migrate()
    row.refresh_from_db()
    assert row.address == CLEAR
    assert f"camera {row.pk}: no key opens its login" in caplog.text
    assert "geheim" not in caplog.text


MANY = "http://10.0.0.7/?" + "&".join(["p=1"] * 110)  # 457 letters, 677 with stars


def test_an_address_without_room_for_stars_is_refused(
    person: Person, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(CameraRefused) as caught:
        camera_create(draft=draft(person, MANY))
    assert caught.value.field == "address"
    row = stored(person, "Desk", MANY)
    migrate()
    row.refresh_from_db()
    assert (row.address, "has no room" in caplog.text) == (MANY, True)


def test_no_dump_of_the_database_holds_it(camera: Camera, admin: User) -> None:
    probed(camera, admin, HIDDEN)
    out = io.StringIO()
    call_command("dumpdata", "monitor.camera", "monitor.cameraprobe", stdout=out)
    assert "pwd=***" in out.getvalue()
    assert "geheim" not in out.getvalue()
    sealed = base64.b64encode(bytes(camera.sealed_login)).decode()
    assert sealed in out.getvalue()
