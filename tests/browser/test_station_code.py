"""A QR code held before the camera of a station, read by the page itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import pytest
from playwright.sync_api import Browser, Page, Request, expect
from pytest_django.live_server_helper import LiveServer

from monitor.models import Person, SelfReport, Snapshot, Station
from monitor.services import pins, stations
from tests.browser.conftest import Launch, lock
from tests.browser.test_pages import overflow
from tests.fakes import FakeEngine
from tests.qr import scene_with

pytestmark = pytest.mark.browser

SLOW = 30_000  # milliseconds, on a machine that is busy
WITHOUT_A_READER = "delete window.BarcodeDetector"
Showing = Callable[[str], Page]


@pytest.fixture
def code(ada: Person) -> str:
    pins.pin_set(person=ada, pin="480173")
    return pins.code_make(person=ada)


@pytest.fixture
def showing(
    launch: Launch, server: LiveServer, tmp_path: Path, engine: FakeEngine
) -> Iterator[Showing]:
    """The start page of a station whose camera sees a code with the text given."""
    browsers: list[Browser] = []
    complaints: list[str] = []

    def page_of(text: str) -> Page:
        film = tmp_path / "film.mjpeg"
        ok, data = cv2.imencode(".jpg", scene_with(text)[..., ::-1])
        assert ok
        film.write_bytes(data.tobytes() * 30)
        options = ("device-for-media-stream", "ui-for-media-stream")
        fake = [f"--use-fake-{option}" for option in options]
        browsers.append(launch(*fake, f"--use-file-for-fake-video-capture={film}"))
        page = browsers[-1].new_page(
            base_url=server.url, viewport={"width": 390, "height": 844}
        )
        page.set_default_timeout(SLOW)
        page.add_init_script(WITHOUT_A_READER)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        with lock:
            _, secret = stations.station_create(name="Canteen")
        page.goto(f"/station/enrol/{secret}/")
        page.get_by_role("button", name="Set up this device").click()
        return page

    yield page_of
    for browser in browsers:
        browser.close()
    with lock:
        assert complaints == []


def show(page: Page) -> None:
    page.get_by_role("button", name="Show my QR code").click()


def expect_refusal(page: Page) -> None:
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("This did not work.", timeout=SLOW)


def is_off(page: Page) -> bool:
    return bool(page.evaluate("document.querySelector('video').srcObject === null"))


def test_a_code_leads_to_an_answer(showing: Showing, code: str, ada: Person) -> None:
    page = showing(code)
    sent: list[Request] = []
    page.on("request", lambda each: sent.append(each))
    show(page)
    expect(page.get_by_role("heading", name="What do you want")).to_be_visible()
    (body,) = [each.post_data for each in sent if each.method == "POST"]
    assert body is not None and code in body and len(body) < 300
    page.get_by_label("Not at all").check()
    page.get_by_role("button", name="Keep this answer").click()
    expect(page.get_by_role("heading", name="Your answer is kept")).to_be_visible()
    with lock:
        assert SelfReport.objects.get().person == ada


def test_a_code_leads_to_a_reading(showing: Showing, code: str, ada: Person) -> None:
    page = showing(code)
    show(page)
    page.get_by_role("button", name="Switch the camera on").click()
    page.get_by_role("button", name="Take the picture").click()
    expect(page.get_by_text("Counted", exact=True)).to_be_visible(timeout=SLOW)
    with lock:
        assert Snapshot.objects.get().person == ada


OWN_READER = """
() => {
  window.BarcodeDetector = class {
    static async getSupportedFormats() { return ["qr_code"]; }
    async detect() { %s; }
  };
}"""


@pytest.mark.parametrize("works", [True, False])
def test_a_browsers_own_reader_is_asked_first_and_may_fail(
    showing: Showing, code: str, works: bool
) -> None:
    page = showing("nothing" if works else code)
    answers = f"return [{{ rawValue: '{code}' }}]"
    page.evaluate(OWN_READER % (answers if works else "throw new DOMException()"))
    show(page)
    expect(page.get_by_role("heading", name="What do you want")).to_be_visible()


def test_an_old_code_is_refused(showing: Showing, code: str, ada: Person) -> None:
    pins.code_make(person=ada)
    page = showing(code)
    show(page)
    expect_refusal(page)


def test_a_station_that_rests_refuses(showing: Showing, code: str) -> None:
    page = showing(code)
    with lock:
        Station.objects.update(tries=Station.MOST)
    show(page)
    expect_refusal(page)


def test_a_revoked_station_says_so(showing: Showing, code: str) -> None:
    page = showing(code)
    with lock:
        stations.station_revoke(station=Station.objects.get())
    show(page)
    heading = page.get_by_role("heading", name="This device is not")
    expect(heading).to_be_visible(timeout=SLOW)


def test_what_other_codes_say_stays_on_the_device(showing: Showing, code: str) -> None:
    page = showing("WIFI:S:Works;T:WPA;P:secret;;")
    sent: list[Request] = []
    page.on("request", lambda each: sent.append(each))
    show(page)
    expect(page.get_by_text("Hold your QR code")).to_be_visible()
    assert overflow(page) == 0
    page.evaluate(
        "window.track = document.querySelector('video').srcObject.getTracks()[0]"
    )
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("none for checking in", timeout=SLOW)
    assert page.evaluate("track.readyState") == "ended" and is_off(page)
    assert [each.url for each in sent if each.method == "POST"] == []
    with lock:
        assert Station.objects.get().tries == 0


@pytest.mark.parametrize("has_own", [True, False])
def test_a_reader_that_does_not_load_is_said_with_the_camera_off(
    showing: Showing, code: str, has_own: bool
) -> None:
    page = showing(code)
    if has_own:
        page.evaluate(OWN_READER % "throw new DOMException()")
    library = "**/vendor/qr/decode.js"
    page.route(library, lambda each: each.abort())
    show(page)
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("Codes cannot be read now.", timeout=SLOW)
    assert is_off(page)
    expect(page.get_by_text("The camera is off.")).to_be_visible()
    page.unroute(library)
    show(page)
    expect(page.get_by_role("heading", name="What do you want")).to_be_visible()


def test_a_page_that_is_left_switches_the_camera_off(
    showing: Showing, code: str
) -> None:
    page = showing("nothing")
    show(page)
    expect(page.get_by_text("Hold your QR code")).to_be_visible()
    page.evaluate(
        "Object.defineProperty(document, 'hidden', { value: true });"
        "document.dispatchEvent(new Event('visibilitychange'))"
    )
    expect(page.get_by_text("The camera is off.")).to_be_visible()
    assert is_off(page)


def test_pressing_twice_opens_one_camera(showing: Showing, code: str) -> None:
    page = showing("nothing")
    page.evaluate(
        """() => {
          window.opened = 0;
          const own = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
          navigator.mediaDevices.getUserMedia = (wish) => (window.opened++, own(wish));
        }"""
    )
    page.get_by_role("button", name="Show my QR code").dblclick()
    expect(page.get_by_text("Hold your QR code")).to_be_visible()
    assert page.evaluate("opened") == 1
