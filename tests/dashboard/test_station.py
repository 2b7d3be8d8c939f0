"""The screen of a check-in station, and who sets it up."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponseBase
from django.test import Client
from pytest_django.fixtures import Settings

from monitor.models import (
    AccessEntry,
    Pause,
    Person,
    SelfReport,
    Snapshot,
    Station,
    StationVisit,
)
from monitor.services import analysis, pins, stations
from monitor.services.consent import consent_withdraw
from monitor.services.roles import it_role_ensure
from tests import images
from tests.dashboard.conftest import signed_in
from tests.factories import NOON, PersonFactory, UserFactory
from tests.fakes import FakeEngine, face, frame

PIN = "480173"


@pytest.fixture(autouse=True)
def quick(settings: Settings) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def known(ada: Person) -> Person:
    pins.pin_set(person=ada, pin=PIN)
    return ada


@pytest.fixture
def kiosk(known: Person) -> Client:
    """A device that was set up by opening its link."""
    _, secret = stations.station_create(name="Canteen")
    client = Client()
    assert client.post(f"/station/enrol/{secret}/").headers["Location"] == "/station/"
    return client


@pytest.fixture
def inside(kiosk: Client) -> Client:
    """Ada has typed number and PIN."""
    assert identify(kiosk).headers["Location"] == "/station/visit/"
    return kiosk


def identify(client: Client, number: str = "P001", pin: str = PIN) -> Any:
    return client.post("/station/", {"number": number, "pin": pin})


def send(client: Client, seed: int = 0) -> Any:
    image = SimpleUploadedFile("x.jpg", images.jpeg(seed), "image/jpeg")
    return client.post("/station/picture/", {"image": image})


def read(monkeypatch: pytest.MonkeyPatch, engine: FakeEngine) -> None:
    monkeypatch.setattr(analysis, "get_engine", lambda _: engine)
    analysis.analyse_waiting()


def at_start(answer: HttpResponseBase) -> bool:
    return answer.headers.get("Location") == "/station/"


def test_one_picture_gives_ones_own_result(
    inside: Client, known: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert send(inside).status_code == 202
    assert "Waiting" in inside.get("/station/result/").content.decode()
    read(monkeypatch, FakeEngine())
    page = inside.get("/station/result/").content.decode()
    assert "Sad" in page and "70%" in page and "Counted" in page
    snapshot = Snapshot.objects.get()
    assert (snapshot.person, snapshot.source) == (known, "station")


def test_what_is_not_counted_says_why(
    inside: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(inside)
    read(monkeypatch, FakeEngine([frame(face(reason="blurred"))]))
    page = inside.get("/station/result/").content.decode()
    assert "Not counted, because: The face is blurred." in page


def test_a_look_at_the_result_is_one_entry(
    inside: Client, known: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(inside)
    read(monkeypatch, FakeEngine())
    for _ in range(2):
        inside.get("/station/result/", headers={"HX-Request": "true"})
    entry = AccessEntry.objects.get()
    assert (entry.person, entry.action) == (known, "snapshot")


def test_the_question_is_answered_once(inside: Client, known: Person) -> None:
    inside.post("/station/answer/", {"value": "3"})
    inside.post("/station/answer/", {"value": "4"})
    assert SelfReport.objects.get().value == 3
    assert "Your answer is kept" in inside.get("/station/result/").content.decode()


def test_a_second_picture_is_refused(inside: Client) -> None:
    send(inside)
    assert send(inside, seed=1).status_code == 409
    assert Snapshot.objects.count() == 1


@pytest.mark.parametrize(
    ("number", "pin"), [("P001", "111222"), ("P999", PIN), ("", ""), ("P002", PIN)]
)
def test_every_refusal_looks_alike(kiosk: Client, number: str, pin: str) -> None:
    PersonFactory.create(number="P002", consented=False)
    answer = identify(kiosk, number, pin)
    assert answer.status_code == 403
    page = answer.content.decode()
    assert "This did not work." in page
    assert PIN not in page and "P001" not in page
    assert not StationVisit.objects.exists()


def test_a_locked_pin_answers_like_a_wrong_one(kiosk: Client) -> None:
    wrong = [identify(kiosk, pin="111222").content.decode() for _ in range(5)]
    locked = identify(kiosk).content.decode()
    key = re.compile(r'(value|nonce)="[^"]+"')
    assert key.sub("", locked) == key.sub("", wrong[0])


def test_the_page_knows_where_each_module_lies(kiosk: Client) -> None:
    page = kiosk.get("/station/").content.decode()
    (text,) = re.findall(r'<script type="importmap"[^>]*>(.*?)</script>', page)
    known = json.loads(text)["imports"]
    assert set(known) == {"camera", "codes", "qr", "/static/vendor/qr/index.js"}
    decoder = (settings.NODE_MODULES / "qr" / "decode.js").read_text()
    assert set(re.findall(r"^import .* from '(.*?)'", decoder, re.M)) == {"./index.js"}


PAGES = ("/station/visit/", "/station/result/")


@pytest.mark.parametrize("page", ["/station/", *PAGES])
def test_a_device_that_was_not_set_up_is_refused(
    page: str, client: Client, db: None
) -> None:
    client.cookies["station"] = "something"
    answer = client.get(page)
    assert answer.status_code == 403
    assert "not a check-in station" in answer.content.decode()


@pytest.mark.parametrize("garbage", ["x" * 5000, "WIFI:S:a;P:b;;", "ü" * 64, "0" * 31])
def test_whatever_else_a_qr_code_says_is_refused(kiosk: Client, garbage: str) -> None:
    answer = kiosk.post("/station/", {"code": garbage})
    assert answer.status_code == 403
    assert garbage not in answer.content.decode()


def test_an_old_qr_code_is_refused_like_any_other(kiosk: Client, known: Person) -> None:
    old = pins.code_make(person=known)
    new = pins.code_make(person=known)
    assert kiosk.post("/station/", {"code": old}).status_code == 403
    assert kiosk.post("/station/", {"code": new}).status_code == 302


def test_a_locked_pin_leaves_the_code_but_a_resting_station_does_not(
    kiosk: Client, known: Person
) -> None:
    code = pins.code_make(person=known)
    for _ in range(5):
        identify(kiosk, pin="111222")
    assert kiosk.post("/station/", {"code": code}).status_code == 302
    Station.objects.update(tries=Station.MOST, tries_since=NOON)
    assert kiosk.post("/station/", {"code": code}).status_code == 403


def test_a_code_opens_nothing_at_a_revoked_station(
    kiosk: Client, known: Person
) -> None:
    code = pins.code_make(person=known)
    stations.station_revoke(station=Station.objects.get())
    answer = kiosk.post("/station/", {"code": code})
    assert answer.status_code == 403
    assert "not a check-in station" in answer.content.decode()
    assert not StationVisit.objects.exists()


def test_a_revoked_station_is_refused_in_the_midst(inside: Client) -> None:
    stations.station_revoke(station=Station.objects.get())
    assert send(inside).status_code == 403
    assert inside.get("/station/visit/").status_code == 403
    assert not Snapshot.objects.exists()


@pytest.mark.parametrize("page", PAGES)
def test_after_two_minutes_it_begins_anew(inside: Client, page: str) -> None:
    with time_machine.travel(NOON + stations.VISIT_LASTS, tick=False):
        assert at_start(inside.get(page))
        assert send(inside).status_code == 403


def test_a_consent_withdrawn_meanwhile_ends_it(inside: Client, known: Person) -> None:
    consent_withdraw(person=known)
    assert send(inside).status_code == 403
    assert at_start(inside.get("/station/visit/"))
    assert at_start(inside.post("/station/answer/", {"value": "3"}))
    assert not Snapshot.objects.exists() and not SelfReport.objects.exists()


def test_a_result_is_gone_once_the_consent_is(
    inside: Client, known: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(inside)
    read(monkeypatch, FakeEngine())
    consent_withdraw(person=known)
    assert at_start(inside.get("/station/result/"))


def test_a_pause_of_the_person_holds_here_too(inside: Client, known: Person) -> None:
    Pause.objects.create(person=known, begins_at=NOON, reason=Pause.Reason.PERSON)
    answer = send(inside)
    assert answer.status_code == 403
    assert "paused" in answer.json()["message"]
    assert inside.get("/station/visit/").status_code == 200


def test_the_next_person_sees_nothing_of_the_one_before(
    inside: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(inside)
    read(monkeypatch, FakeEngine())
    first = Snapshot.objects.get()
    bob = PersonFactory.create(number="P003")
    pins.pin_set(person=bob, pin="739104")
    identify(inside, "P003", "739104")
    answer = inside.get(f"/station/result/?snapshot={first.pk}&pk={first.pk}")
    assert at_start(answer)
    assert inside.get(f"/snapshots/{first.pk}/").status_code == 302


def test_going_back_to_the_start_clears(inside: Client) -> None:
    inside.get("/station/")
    assert not StationVisit.objects.exists()
    assert at_start(inside.get("/station/visit/"))


def test_a_form_that_is_sent_again_later_is_refused(inside: Client) -> None:
    cookie = inside.cookies["station_visit"].value
    inside.get("/station/")
    inside.cookies["station_visit"] = cookie
    assert send(inside).status_code == 403
    assert at_start(inside.post("/station/answer/", {"value": "3"}))


def test_a_visit_is_no_login(inside: Client, known: Person) -> None:
    assert "sessionid" not in inside.cookies
    for page in ("/", f"/people/{known.pk}/", "/self-report/", "/people/me/pin/"):
        assert inside.get(page).headers["Location"].startswith("/login/")
    assert inside.get("/api/v1/people/").status_code == 401


@pytest.mark.parametrize("page", ["/station/", "/station/visit/"])
def test_nothing_is_kept_by_the_browser(inside: Client, page: str) -> None:
    assert "no-store" in inside.get(page).headers["Cache-Control"]


def test_the_cookies_are_out_of_reach_of_scripts(inside: Client) -> None:
    for name in ("station", "station_visit"):
        cookie = inside.cookies[name]
        assert cookie["httponly"] and cookie["samesite"] == "Strict"
        assert cookie["path"] == "/station/"


def test_setting_a_device_up_signs_out(kiosk: Client, health: User) -> None:
    secret = stations.station_link(station=Station.objects.get())
    client = signed_in(health)
    assert client.get(f"/station/enrol/{secret}/").status_code == 200
    client.post(f"/station/enrol/{secret}/")
    assert client.get("/").headers["Location"].startswith("/login/")
    assert client.get(f"/station/enrol/{secret}/").status_code == 404
    assert kiosk.get("/station/").status_code == 403


@pytest.fixture
def client_it(known: Person) -> Client:
    user = UserFactory.create(username="it")
    user.groups.add(it_role_ensure())
    return signed_in(user)


def test_it_staff_make_and_revoke_stations(client_it: Client) -> None:
    page = client_it.post("/stations/", {"name": "Gate"}).content.decode()
    (address,) = re.findall(r"http://testserver(/station/enrol/[\w-]+/)", page)
    assert Client().get(address).status_code == 200
    assert address not in client_it.get("/stations/").content.decode()
    client_it.post(f"/stations/{Station.objects.get().pk}/revoke/")
    assert Client().get(address).status_code == 404


def test_others_may_not(client_employee: Client, kiosk: Client) -> None:
    pk = Station.objects.get().pk
    assert client_employee.get("/stations/").status_code == 403
    for what in ("link", "revoke"):
        assert client_employee.post(f"/stations/{pk}/{what}/").status_code == 403
    assert Station.objects.get().revoked_at is None


def test_people_set_their_own_pin(client_employee: Client, ada: Person) -> None:
    client_employee.post("/people/me/pin/", {"pin": PIN, "again": PIN})
    row = pins.row_by_pin(number="P001", pin=PIN, now=NOON)
    assert row is not None and row.person == ada
    code = pins.code_make(person=ada)
    client_employee.post("/people/me/pin/remove/")
    assert pins.row_by_code(code=code) is None


@pytest.mark.parametrize("again", ["480174", ""])
def test_a_pin_is_typed_twice(client_employee: Client, again: str) -> None:
    sent = client_employee.post("/people/me/pin/", {"pin": PIN, "again": again})
    assert sent.status_code == 400
    assert pins.row_by_pin(number="P001", pin=PIN, now=NOON) is None


def test_an_account_without_a_person_has_no_pin(client_health: Client) -> None:
    assert client_health.get("/people/me/pin/").status_code == 404
