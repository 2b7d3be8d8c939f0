"""IT staff set a camera up in a browser; a thread stands for capture and worker."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from capture import Shot, Source
from monitor import tasks
from monitor.models import Camera, CameraProbe, Pause, Person
from monitor.services import probes
from monitor.services.camera_schedule import Time, pause_begin
from monitor.services.roles import it_role_ensure
from tests.browser.conftest import Opener, lock
from tests.browser.test_pages import overflow
from tests.faces import draw_face
from tests.factories import UserFactory
from tests.fakes import FakeEngine

pytestmark = pytest.mark.browser

BUSY = 30_000  # milliseconds; the machine may be
ADDRESS = "http://127.0.0.1:8080/snap.jpg"


class Desk:
    """A camera that always shows the same drawn face."""

    def __init__(self) -> None:
        self.picture = draw_face((640, 480))

    def fetch(self, source: Source) -> Shot:
        return Shot(self.picture, timezone.now(), 80)


@pytest.fixture
def it_page(opened: Opener, ada: Person) -> Page:
    user: User = UserFactory.create(username="it")
    user.groups.add(it_role_ensure())
    return opened(user)


@pytest.fixture
def capturing(
    monkeypatch: pytest.MonkeyPatch, engine: FakeEngine, server: LiveServer, ada: Person
) -> Iterator[None]:
    """Takes test pictures on as the real process does, and judges them at once."""
    monkeypatch.setattr(probes, "get_engine", lambda _: engine)
    monkeypatch.setattr(tasks, "probe_look", lambda pk: probes.probe_judge(pk=pk))
    stop, desk = threading.Event(), Desk()
    connection = connections["default"]

    def work() -> None:
        if connection.allow_thread_sharing:  # a database in memory has only this one
            connections["default"] = connection
        while not stop.wait(0.1):
            with lock:
                if probe := probes.probe_take():
                    probes.probe_fetch(probe=probe, fetcher=desk)
        if not connection.allow_thread_sharing:
            connections.close_all()

    thread = threading.Thread(target=work)
    thread.start()
    yield
    stop.set()
    thread.join()


def wizard(page: Page, person: Person) -> None:
    page.goto("/cameras/add/")
    page.get_by_label("Kind").select_option("snapshot")
    page.get_by_label("Address", exact=True).fill(ADDRESS)
    page.get_by_label("Name", exact=True).fill("Desk 9")
    page.get_by_label("Watches the desk of").select_option(str(person.pk))


def made(person: Person) -> Camera:
    facts = {"kind": "snapshot", "address": ADDRESS}
    with lock:
        camera: Camera = Camera.objects.create(name="Desk 9", person=person, **facts)
    return camera


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_camera_is_tried_and_kept(
    it_page: Page, ada: Person, capturing: None, settings: Settings, scheme: str
) -> None:
    it_page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    settings.CAMERA_LOOPBACK = True
    wizard(it_page, ada)
    assert overflow(it_page) == 0
    it_page.get_by_role("button", name="Try it").click()
    box = it_page.locator("svg.probe-picture rect.probe-box")
    expect(box).to_be_visible(timeout=BUSY)
    expect(it_page.locator("svg.probe-picture image")).to_be_visible()
    # It asks no more once it is done.
    expect(it_page.locator("#result[hx-get]")).to_have_count(0)
    assert overflow(it_page) == 0
    it_page.get_by_role("button", name="Keep this camera").click()
    expect(it_page.get_by_text("the test picture is deleted")).to_be_visible()
    assert overflow(it_page) == 0
    it_page.goto("/cameras/")
    expect(it_page.get_by_role("link", name="Desk 9")).to_be_visible()
    assert overflow(it_page) == 0


def test_hours_are_changed_and_a_pause_begins(it_page: Page, ada: Person) -> None:
    camera = made(ada)
    it_page.goto(f"/cameras/{camera.pk}/")
    it_page.get_by_label("Monday").fill("8:00-12:00, 13:00-17:00")
    it_page.get_by_role("button", name="Keep these hours").click()
    expect(it_page.get_by_text("The hours are changed")).to_be_visible(timeout=BUSY)
    today = timezone.localdate().isoformat()
    it_page.get_by_label("From", exact=True).fill(today)
    it_page.get_by_label("to", exact=True).fill(today)
    it_page.get_by_role("button", name="Pause it").click()
    expect(it_page.get_by_text("The pause is noted.")).to_be_visible(timeout=BUSY)
    assert overflow(it_page) == 0
    with lock:
        assert camera.hours.count() >= 2
        assert camera.pauses.count() == 1


def test_a_live_look_asks_and_shows_until_the_person_pauses(
    it_page: Page, ada: Person, capturing: None, settings: Settings
) -> None:
    settings.CAMERA_LOOPBACK = True
    camera = made(ada)
    with it_page.expect_response("**/picture/", timeout=BUSY) as shown:
        it_page.goto(f"/cameras/{camera.pk}/live/")
    assert shown.value.status == 200
    expect(it_page.get_by_text("You are watching Ada Example.")).to_be_visible()
    expect(it_page.locator("#live svg image")).to_be_visible(timeout=BUSY)
    assert overflow(it_page) == 0
    with lock:
        time = Time(timezone.now())
        pause_begin(person=ada, time=time, reason=Pause.Reason.PERSON, by=None)
    expect(it_page.locator("#live")).to_contain_text("are paused", timeout=BUSY)
    expect(it_page.locator("#live svg")).to_have_count(0)


def test_a_refused_address_says_why(it_page: Page, ada: Person) -> None:
    wizard(it_page, ada)
    with it_page.expect_response("**/cameras/add/") as answer:
        it_page.get_by_role("button", name="Try it").click()
    assert answer.value.status == 400
    words = it_page.get_by_text("the address is that of the server itself")
    expect(words).to_be_visible(timeout=BUSY)
    assert overflow(it_page) == 0
    with lock:
        assert not CameraProbe.objects.exists()
