"""A session in a browser whose camera shows a film of faces."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Browser, Page, Request, expect
from pytest_django.live_server_helper import LiveServer

from inference.arrays import Rgb
from monitor import tasks
from monitor.models import Organisation, Person, Reading, Snapshot
from monitor.services import analysis
from tests.browser.conftest import Launch, lock, sign_in, unexpected
from tests.browser.test_pages import overflow
from tests.faces import draw_scene
from tests.inference import shared

pytestmark = [pytest.mark.browser, pytest.mark.model]

SIZE = (640, 480)
FRAMES_OF_EACH = 60
FOR_THE_NETWORK = 60_000  # milliseconds; it is loaded on a machine that is busy


def scenes() -> Iterator[Rgb]:
    """Photographed faces where the data sets are, drawn ones elsewhere."""
    folder = shared.ROOT.parent / "shared" / "data" / "jaffe"
    for kind in ("happy", "sad"):
        path = next(iter(sorted(folder.glob(f"{kind}/*"))), None)
        if path is None:
            yield draw_scene(SIZE, smile=1 if kind == "happy" else -1)
            continue
        photograph = cv2.imread(str(path))
        assert photograph is not None
        face = cv2.resize(photograph, (SIZE[1], SIZE[1]))
        side = (SIZE[0] - SIZE[1]) // 2
        edge = cv2.BORDER_REPLICATE
        yield np.asarray(cv2.copyMakeBorder(face, 0, 0, side, side, edge), np.uint8)


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("camera") / "film.mjpeg"
    with path.open("wb") as file:
        for scene in scenes():
            ok, data = cv2.imencode(".jpg", scene[..., ::-1])
            assert ok
            file.write(data.tobytes() * FRAMES_OF_EACH)
    return path


@pytest.fixture(scope="session")
def camera_browser(launch: Launch, film: Path) -> Iterator[Browser]:
    found = launch(
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={film}",
    )
    yield found
    found.close()


@pytest.fixture(autouse=True)
def worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures are analysed by the real engine, inside the request."""
    monkeypatch.setattr(tasks.analyse_waiting, "delay", analysis.analyse_waiting)


@pytest.fixture
def own_page(
    camera_browser: Browser, server: LiveServer, ada: Person, health: User
) -> Iterator[Page]:
    """A telephone's page of Ada, who is signed in."""
    ada.user = health
    ada.save(update_fields=["user"])
    context = camera_browser.new_context(
        base_url=server.url, viewport={"width": 390, "height": 844}
    )
    sign_in(context, health, server.url)
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.extend(unexpected(said)))
    yield page
    context.close()
    with lock:
        assert complaints == []


def start(page: Page, form: str) -> None:
    page.goto("/session/")
    page.get_by_role("radio", name=form).check()
    page.get_by_role("button", name="Start").click()


def outcome(page: Page) -> None:
    found = page.locator("[data-result][data-outcome]")
    expect(found).to_be_visible(timeout=FOR_THE_NETWORK)


def test_a_picture_is_sent_shown_and_read(own_page: Page) -> None:
    start(own_page, "The picture")
    outcome(own_page)
    expect(own_page.get_by_alt_text("The picture that was sent")).to_be_visible()
    with lock:
        snapshot = Snapshot.objects.get()
        assert (snapshot.source, snapshot.status) == ("session", "done")
        assert snapshot.readings.count() == 1


def test_only_numbers_leave_the_device(own_page: Page) -> None:
    start(own_page, "Only numbers")
    outcome(own_page)
    sent = json.loads(own_page.locator("[data-sent-numbers]").inner_text())
    with lock:
        reading = Reading.objects.select_related("snapshot").get()
    assert reading.snapshot.source == "on_device"
    assert not hasattr(reading.snapshot, "image")
    assert sent["probabilities"] == pytest.approx(reading.scores.as_dict())
    assert sent["model"] == reading.model


def test_the_rate_of_the_overlay(
    own_page: Page, capsys: pytest.CaptureFixture[str]
) -> None:
    start(own_page, "Only numbers")
    outcome(own_page)
    rate = own_page.locator("[data-rate]")
    rates = []
    for _ in range(5):
        own_page.wait_for_timeout(1500)
        rates.append(rate.inner_text())
    with capsys.disabled():
        sys.stdout.write(f"\noverlay: {', '.join(rates)}\n")
    assert all(re.fullmatch(r"[\d.]+ a second", text) for text in rates)
    painted = own_page.evaluate(
        """() => {
          const canvas = document.querySelector("[data-overlay]");
          const { width, height } = canvas;
          const context = canvas.getContext("2d");
          const { data } = context.getImageData(0, 0, width, height);
          return data.some((value) => value > 0);
        }"""
    )
    assert painted


def test_nothing_but_numbers_is_requested(own_page: Page) -> None:
    asked: list[Request] = []
    own_page.on("request", lambda each: asked.append(each))
    start(own_page, "Only numbers")
    outcome(own_page)
    (body,) = [each.post_data for each in asked if each.method == "POST"]
    assert body is not None and len(body) < 1000
    assert "image" not in body


def test_the_indicator_tells_and_stopping_releases_the_camera(own_page: Page) -> None:
    start(own_page, "The picture")
    expect(own_page.get_by_text("The camera is on", exact=True)).to_be_visible()
    expect(own_page).to_have_title(re.compile("^● Camera on"))
    own_page.evaluate(
        "window.track = document.querySelector('video').srcObject.getTracks()[0]"
    )
    own_page.locator("#session").get_by_role("button", name="Stop").click()
    assert own_page.evaluate("track.readyState") == "ended"
    assert own_page.evaluate("document.querySelector('video').srcObject") is None
    expect(own_page).to_have_title(re.compile("^My session"))
    expect(own_page.locator("[data-indicator]")).to_be_hidden()


def test_a_pause_switches_the_camera_off(own_page: Page) -> None:
    start(own_page, "The picture")
    own_page.get_by_role("button", name="Pause").click()
    expect(own_page.get_by_text("Paused: the camera is off")).to_be_visible()
    assert own_page.evaluate("document.querySelector('video').srcObject") is None
    own_page.get_by_role("button", name="Resume").click()
    expect(own_page).to_have_title(re.compile("^● Camera on"))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("NotAllowedError", "not allowed"),
        ("NotFoundError", "No camera was found"),
        ("NotReadableError", "in use by another program"),
    ],
)
def test_a_camera_that_does_not_start_says_why(
    own_page: Page, name: str, words: str
) -> None:
    own_page.add_init_script(
        "navigator.mediaDevices.getUserMedia = async () => {"
        f" throw new DOMException('', '{name}'); }}"
    )
    start(own_page, "The picture")
    expect(own_page.get_by_role("alert")).to_contain_text(words)
    expect(own_page.get_by_role("button", name="Start")).to_be_enabled()


def test_a_page_without_https_says_so(own_page: Page) -> None:
    own_page.add_init_script(
        "Object.defineProperty(window, 'isSecureContext', { value: false })"
    )
    start(own_page, "The picture")
    expect(own_page.get_by_role("alert")).to_contain_text("https://")


def test_a_changed_model_ends_the_session(own_page: Page) -> None:
    error = {"code": "model_changed", "message": "…", "field": "model"}
    own_page.route(
        "**/api/v1/readings/",
        lambda route: route.fulfill(status=409, json={"error": error}),
    )
    start(own_page, "Only numbers")
    alert = own_page.get_by_role("alert")
    expect(alert).to_contain_text("Load the page again", timeout=FOR_THE_NETWORK)
    expect(own_page.get_by_role("button", name="Start")).to_be_visible()


def test_the_keyboard_is_enough_on_a_phone(own_page: Page) -> None:
    own_page.goto("/session/")
    assert overflow(own_page) == 0
    own_page.get_by_role("radio", name="Only numbers").focus()
    own_page.keyboard.press("ArrowDown")
    expect(own_page.get_by_role("radio", name="The picture")).to_be_checked()
    own_page.get_by_role("button", name="Start").focus()
    own_page.keyboard.press("Enter")
    expect(own_page).to_have_title(re.compile("^● Camera on"))
    assert overflow(own_page) == 0


def test_a_site_may_refuse_readings_of_browsers(own_page: Page) -> None:
    Organisation.objects.update(browser_readings=False)
    own_page.goto("/session/")
    expect(own_page.get_by_role("radio", name="Only numbers")).to_be_disabled()
    expect(own_page.get_by_role("radio", name="The picture")).to_be_checked()


def test_a_frame_that_a_hidden_page_cannot_have_ends_nothing(own_page: Page) -> None:
    own_page.add_init_script(
        "ImageCapture.prototype.grabFrame = async () => {"
        " throw new DOMException('', 'InvalidStateError'); };"
        "Object.defineProperty(document, 'hidden', { value: true })"
    )
    start(own_page, "The picture")
    shows_none = own_page.get_by_text("shows no picture while its page is hidden")
    expect(shows_none).to_be_visible(timeout=FOR_THE_NETWORK)
    expect(own_page).to_have_title(re.compile("^● Camera on"))
