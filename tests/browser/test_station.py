"""A check-in station in a browser with a camera: one picture, then a clear screen."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, ViewportSize, expect
from pytest_django.live_server_helper import LiveServer

from monitor.models import Person, SelfReport, Snapshot, StationVisit
from monitor.services import pins, stations
from tests.browser.conftest import Launch, lock
from tests.browser.test_pages import overflow
from tests.fakes import FakeEngine

pytestmark = pytest.mark.browser

PIN = "480173"
SLOW = 30_000  # milliseconds, on a machine that is busy
TRACK = "window.track = document.querySelector('video').srcObject.getTracks()[0]"


@pytest.fixture
def kiosk(
    launch: Launch, server: LiveServer, ada: Person, engine: FakeEngine
) -> Iterator[Page]:
    """The start page on a telephone's width, of a device that was just set up."""
    pins.pin_set(person=ada, pin=PIN)
    _, secret = stations.station_create(name="Canteen")
    options = ("device-for-media-stream", "ui-for-media-stream")
    browser = launch(*(f"--use-fake-{option}" for option in options))
    size: ViewportSize = {"width": 390, "height": 844}
    page = browser.new_page(base_url=server.url, viewport=size)
    page.set_default_timeout(SLOW)
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.clock.install()
    page.goto(f"/station/enrol/{secret}/")
    page.get_by_role("button", name="Set up this device").click()
    yield page
    browser.close()
    with lock:
        assert complaints == []


def identify(page: Page, person: Person) -> None:
    page.get_by_label("Your number").fill(person.number)
    page.get_by_label("Your PIN").fill(PIN)
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("heading", name="What do you want")).to_be_visible()


def expect_start(page: Page) -> None:
    expect(page.get_by_role("heading", name="Check in")).to_be_visible(timeout=SLOW)
    expect(page.get_by_label("Your number")).to_have_value("")
    with lock:
        assert not StationVisit.objects.exists()


def test_one_picture_its_result_and_no_way_back(kiosk: Page, ada: Person) -> None:
    identify(kiosk, ada)
    assert overflow(kiosk) == 0
    kiosk.get_by_role("button", name="Switch the camera on").click()
    expect(kiosk.get_by_text("The camera is on.")).to_be_visible()
    kiosk.get_by_role("button", name="Take the picture").click()
    expect(kiosk.get_by_text("Counted", exact=True)).to_be_visible(timeout=SLOW)
    assert overflow(kiosk) == 0
    with lock:
        assert Snapshot.objects.get().source == "station"
    kiosk.get_by_role("link", name="Done").click()
    expect_start(kiosk)
    kiosk.go_back()
    expect_start(kiosk)


def test_the_screen_clears_itself(kiosk: Page, ada: Person) -> None:
    identify(kiosk, ada)
    kiosk.get_by_label("Not at all").check()
    kiosk.get_by_role("button", name="Keep this answer").click()
    expect(kiosk.get_by_role("heading", name="Your answer is kept")).to_be_visible()
    kiosk.clock.fast_forward(20_500)
    expect_start(kiosk)
    with lock:
        assert SelfReport.objects.get().person == ada


@pytest.mark.parametrize("status", [None, 502])
def test_a_server_that_is_away_leaves_no_error_page(
    kiosk: Page, ada: Person, status: int | None
) -> None:
    identify(kiosk, ada)
    kiosk.get_by_label("Not at all").check()
    kiosk.get_by_role("button", name="Keep this answer").click()
    expect(kiosk.get_by_role("heading", name="Your answer is kept")).to_be_visible()
    kiosk.route(
        "**/station/",
        lambda each: each.fulfill(status=status) if status else each.abort(),
    )
    kiosk.clock.fast_forward(20_500)
    expect(kiosk.get_by_text("no connection")).to_be_visible()
    expect(kiosk.get_by_text("Your answer is kept")).to_have_count(0)
    kiosk.unroute("**/station/")
    kiosk.clock.fast_forward(5_500)
    expect_start(kiosk)


def test_no_camera_stays_on_while_the_server_is_away(kiosk: Page, ada: Person) -> None:
    identify(kiosk, ada)
    kiosk.get_by_role("button", name="Switch the camera on").click()
    expect(kiosk.get_by_text("The camera is on.")).to_be_visible()
    kiosk.evaluate(TRACK)
    assert kiosk.evaluate("track.readyState") == "live"
    kiosk.route("**/station/", lambda each: each.abort())
    kiosk.clock.fast_forward(60_500)
    expect(kiosk.get_by_text("no connection")).to_be_visible()
    assert kiosk.evaluate("track.readyState") == "ended"
