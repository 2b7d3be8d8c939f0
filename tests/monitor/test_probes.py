"""Test pictures of cameras: tried before they are kept, gone in minutes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from capture import CaptureError, Code, Shot, Source
from monitor import vault
from monitor.camera_login import login_open
from monitor.models import (
    AccessEntry,
    Camera,
    CameraProbe,
    Pause,
    Person,
    Reading,
    Team,
)
from monitor.services import probes
from monitor.services.camera_schedule import Time, pause_begin
from monitor.services.cameras import (
    CameraRefused,
    Draft,
    camera_create,
    camera_from_probe,
)
from monitor.services.consent import consent_withdraw
from tests import images
from tests.fakes import FakeEngine, face, frame


class OneCamera:
    """Gives a picture to who has the password, and notes what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Source] = []

    def fetch(self, source: Source) -> Shot:
        self.asked.append(source)
        if source.password != "geheim":  # noqa: S105
            raise CaptureError(Code.WRONG_PASSWORD, "The camera refuses the password.")
        return Shot(images.jpeg(), timezone.now(), 120)


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch, engine: FakeEngine) -> FakeEngine:
    monkeypatch.setattr(probes, "get_engine", lambda _: engine)
    return engine


def draft(person: Person | None, **changed: Any) -> Draft:
    facts = {
        "name": "Desk 7",
        "kind": "snapshot",
        "person": person,
        "address": "http://ada:geheim@10.0.0.7/snap.jpg",
    }
    return Draft(**facts | changed)


def tried(person: Person, admin: User, **changed: Any) -> CameraProbe:
    """A test picture from asking to verdict."""
    probe = probes.probe_begin(draft=draft(person, **changed), by=admin)
    taken = probes.probe_take()
    assert taken == probe
    probes.probe_fetch(probe=taken, fetcher=OneCamera())
    probes.probe_judge(pk=probe.pk)
    probe.refresh_from_db()
    return probe


def test_a_test_picture_shows_the_face_and_no_emotion(
    person: Person, admin: User, fake: FakeEngine
) -> None:
    probe = tried(person, admin)
    assert (probe.status, probe.faces, probe.box_width) == ("done", 1, 120)
    assert probes.probe_picture(probe=probe) == images.jpeg()
    assert not Reading.objects.exists()


def test_the_gate_says_what_is_wrong(
    person: Person, admin: User, fake: FakeEngine
) -> None:
    fake.frames = [frame(face(reason="too_dark"))]
    assert tried(person, admin).reason == "too_dark"
    fake.frames = [frame(face(reason="uncertain"))]
    assert tried(person, admin, name="Desk 8").reason == ""


def test_a_camera_is_made_of_what_was_tried(
    person: Person, admin: User, fake: FakeEngine
) -> None:
    camera = camera_from_probe(probe=tried(person, admin))
    assert (camera.address, camera.person) == ("http://10.0.0.7/snap.jpg", person)
    assert login_open(camera.sealed_login) == ("ada", "geheim")
    assert b"geheim" not in bytes(camera.sealed_login)
    assert camera.next_at is not None
    assert not CameraProbe.objects.exists()


def test_it_says_why_there_is_no_picture(person: Person, admin: User) -> None:
    probe = probes.probe_begin(
        draft=draft(person, address="http://10.0.0.7/"), by=admin
    )
    probes.probe_fetch(probe=probe, fetcher=OneCamera())
    probe.refresh_from_db()
    assert (probe.status, probe.code) == ("failed", "wrong_password")


def probed(camera: Camera, admin: User, address: str, **typed: str) -> CameraProbe:
    changed = draft(camera.person, address=address, **typed)
    return probes.probe_camera(camera=camera, by=admin, draft=changed)


def test_another_path_keeps_the_password(
    person: Person, admin: User, fake: FakeEngine
) -> None:
    camera = camera_from_probe(probe=tried(person, admin))
    probe = probed(camera, admin, "http://10.0.0.7/other.jpg")
    fetcher = OneCamera()
    probes.probe_fetch(probe=probe, fetcher=fetcher)
    assert fetcher.asked[0].password == "geheim"  # noqa: S105
    probes.probe_judge(pk=probe.pk)
    probe.refresh_from_db()
    camera_from_probe(probe=probe)
    assert Camera.objects.get().address == "http://10.0.0.7/other.jpg"


def test_a_new_password_alone_keeps_the_user(
    person: Person, admin: User, fake: FakeEngine
) -> None:
    camera = camera_from_probe(probe=tried(person, admin))
    probe = probed(camera, admin, camera.address, password="neu")  # noqa: S106
    assert login_open(probe.sealed_login) == ("ada", "neu")


@pytest.mark.parametrize(
    "address",
    ["http://10.0.0.8/snap.jpg", "https://10.0.0.7/", "http://10.0.0.7:8080/snap.jpg"],
)
def test_another_place_never_gets_the_stored_password(
    person: Person, admin: User, fake: FakeEngine, address: str
) -> None:
    camera = camera_from_probe(probe=tried(person, admin))
    with pytest.raises(CameraRefused) as caught:
        probed(camera, admin, address)
    assert caught.value.field == "password"
    assert not CameraProbe.objects.exists()
    assert probed(camera, admin, address, user="ada", password="geheim")  # noqa: S106


def test_a_certificate_can_be_taken_away(
    person: Person, admin: User, fake: FakeEngine
) -> None:
    camera = camera_from_probe(probe=tried(person, admin, certificate="ab" * 32))
    assert probed(camera, admin, camera.address).certificate == ""
    again = probes.probe_camera(camera=camera, by=admin)
    assert again.certificate == "ab" * 32


def test_what_was_seen_at_the_old_address_is_forgotten(
    person: Person, admin: User, fake: FakeEngine
) -> None:
    camera = camera_from_probe(probe=tried(person, admin))
    Camera.objects.update(mark="9", repeats=7, fingerprint="f")
    probe = probed(camera, admin, "http://10.0.0.7/other.jpg")
    CameraProbe.objects.filter(pk=probe.pk).update(status="done")
    camera_from_probe(probe=CameraProbe.objects.get())
    camera.refresh_from_db()
    assert (camera.mark, camera.repeats, camera.fingerprint) == ("", 0, "")


@pytest.mark.parametrize("status", ["waiting", "fetched", "failed"])
def test_nothing_is_kept_without_a_test_picture(
    person: Person, admin: User, status: str
) -> None:
    probe = probes.probe_begin(draft=draft(person), by=admin)
    probe.status = status
    with pytest.raises(CameraRefused, match="no test picture"):
        camera_from_probe(probe=probe)
    assert not Camera.objects.exists()


def test_nothing_is_kept_without_consent(
    person: Person, admin: User, fake: FakeEngine
) -> None:
    probe = tried(person, admin)
    consent_withdraw(person=person)
    with pytest.raises(CameraRefused, match="has not consented"):
        camera_from_probe(probe=probe)


def pause(person: Person) -> None:
    time = Time(timezone.now())
    pause_begin(person=person, time=time, reason=Pause.Reason.PERSON, by=None)


def stop(person: Person, how: str) -> None:
    pause(person) if how == "pause" else consent_withdraw(person=person)


def test_nobody_is_looked_at_in_their_pause(
    person: Person, admin: User, fake: FakeEngine
) -> None:
    camera = camera_from_probe(probe=tried(person, admin))
    pause(person)
    looks: list[Callable[[], object]] = [
        lambda: probes.probe_begin(draft=draft(person, name="Desk 8"), by=admin),
        lambda: probes.probe_camera(camera=camera, by=admin),
        lambda: probes.live_next(camera=camera, by=admin),
    ]
    for look in looks:
        with pytest.raises(CameraRefused, match="are paused"):
            look()
    assert not CameraProbe.objects.exists()


def test_a_camera_is_set_up_in_its_own_pause(
    person: Person, admin: User, fake: FakeEngine
) -> None:
    camera = camera_from_probe(probe=tried(person, admin))
    time, why = Time(timezone.now()), Pause.Reason.MAINTENANCE
    pause_begin(camera=camera, time=time, reason=why, by=admin)
    pause_begin(time=time, reason=Pause.Reason.HOLIDAY, by=admin)
    assert probes.probe_camera(camera=camera, by=admin)


@pytest.mark.parametrize("how", ["pause", "consent"])
def test_a_stop_reaches_what_is_on_its_way(
    person: Person, admin: User, how: str
) -> None:
    probe, fetcher = probes.probe_begin(draft=draft(person), by=admin), OneCamera()
    stop(person, how)
    probes.probe_fetch(probe=probe, fetcher=fetcher)
    probe.refresh_from_db()
    assert (probe.status, probe.code, fetcher.asked) == ("failed", "stopped", [])


@pytest.mark.parametrize("how", ["pause", "consent"])
def test_a_stop_reaches_the_picture_that_was_fetched(
    person: Person, admin: User, fake: FakeEngine, how: str
) -> None:
    probe = probes.probe_begin(draft=draft(person), by=admin)
    probes.probe_fetch(probe=probe, fetcher=OneCamera())
    stop(person, how)
    probes.probe_judge(pk=probe.pk)
    probe.refresh_from_db()
    assert (probe.code, bytes(probe.sealed), fake.batches) == ("stopped", b"", [])


@pytest.mark.parametrize("how", ["pause", "consent"])
def test_a_stop_hides_the_picture_that_is_shown(
    person: Person, admin: User, fake: FakeEngine, how: str
) -> None:
    probe = tried(person, admin)
    stop(person, how)
    with pytest.raises(CameraRefused):
        probes.probe_picture(probe=probe)
    assert not AccessEntry.objects.filter(action=AccessEntry.Action.LIVE).exists()


def test_nobody_looks_through_a_camera_that_is_off(
    person: Person, admin: User, fake: FakeEngine
) -> None:
    camera = camera_from_probe(probe=tried(person, admin))
    camera.active = False
    with pytest.raises(CameraRefused, match="switched off"):
        probes.live_next(camera=camera, by=admin)


def test_what_was_given_up_stays_so(person: Person, admin: User) -> None:
    probe = probes.probe_begin(draft=draft(person), by=admin)
    probes.probes_prune(now=timezone.now() + timedelta(minutes=2))
    probes.probe_fetch(probe=probe, fetcher=OneCamera())
    probe.refresh_from_db()
    assert (probe.status, bytes(probe.sealed)) == ("failed", b"")


def test_two_processes_do_not_take_one_test_picture(
    person: Person, admin: User
) -> None:
    probes.probe_begin(draft=draft(person), by=admin)
    assert probes.probe_take() is not None
    assert probes.probe_take() is None


def test_looking_is_written_down(person: Person, admin: User, fake: FakeEngine) -> None:
    probes.probe_picture(probe=tried(person, admin))
    entry = AccessEntry.objects.get()
    assert (entry.action, entry.person) == (AccessEntry.Action.LIVE, person)


def test_it_goes_by_itself(person: Person, admin: User, fake: FakeEngine) -> None:
    tried(person, admin)
    probes.probes_prune(now=timezone.now())
    assert CameraProbe.objects.exists()
    probes.probes_prune(now=timezone.now() + timedelta(minutes=16))
    assert not CameraProbe.objects.exists()


@pytest.mark.parametrize(
    ("status", "seconds", "words"),
    [
        ("waiting", 60, "No capture process"),
        ("fetching", 100, "stopped in the middle"),
        ("fetched", 100, "No worker"),
    ],
)
def test_it_says_who_does_not_work(
    person: Person, admin: User, status: str, seconds: int, words: str
) -> None:
    probe = probes.probe_begin(draft=draft(person), by=admin)
    CameraProbe.objects.update(status=status)
    probes.probes_prune(now=timezone.now() + timedelta(seconds=seconds))
    probe.refresh_from_db()
    assert (probe.status, probe.code) == ("failed", "nobody")
    assert words in probe.message


def test_a_live_look_keeps_one_picture(
    person: Person, admin: User, fake: FakeEngine
) -> None:
    camera = camera_from_probe(probe=tried(person, admin))
    assert probes.live_next(camera=camera, by=admin) is None
    for _ in range(3):
        probe = probes.probe_take()
        assert probe is not None
        probes.probe_fetch(probe=probe, fetcher=OneCamera())
        probes.probe_judge(pk=probe.pk)
        assert probes.live_next(camera=camera, by=admin) == probe
    assert CameraProbe.objects.filter(status="done").count() == 1


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"address": "http://169.254.169.254/"}, "address"),
        ({"address": "http://127.0.0.1/"}, "address"),
        ({"address": "file:///etc/passwd"}, "address"),
        ({"address": "rtsp://10.0.0.7/"}, "address"),
        ({"person": None}, "person"),
        ({"every_minutes": 0}, "every_minutes"),
    ],
)
def test_it_refuses(
    person: Person, admin: User, changed: dict[str, Any], field: str
) -> None:
    with pytest.raises(CameraRefused) as caught:
        probes.probe_begin(draft=draft(**{"person": person} | changed), by=admin)
    assert caught.value.field == field
    assert "geheim" not in caught.value.message


def test_it_refuses_two_owners(person: Person) -> None:
    with pytest.raises(CameraRefused):
        camera_create(draft=draft(person, team=Team.objects.get(), kind="push"))


def test_it_refuses_a_name_that_is_taken(person: Person, admin: User) -> None:
    camera_create(draft=draft(person, kind="push"))
    with pytest.raises(CameraRefused, match="of this name"):
        probes.probe_begin(draft=draft(person), by=admin)


def test_it_refuses_without_consent(person: Person, admin: User) -> None:
    consent_withdraw(person=person)
    with pytest.raises(CameraRefused, match="has not consented"):
        probes.probe_begin(draft=draft(person), by=admin)
    assert not CameraProbe.objects.exists()


def test_the_picture_is_stored_sealed(
    person: Person, admin: User, fake: FakeEngine
) -> None:
    sealed = bytes(tried(person, admin).sealed)
    assert images.jpeg()[100:200] not in sealed
    assert vault.unseal(sealed) == images.jpeg()
