from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import FilePayload, Page, Request, Route, expect

from monitor.models import Flag, Person, Snapshot
from monitor.services import flags
from monitor.services.flags import Rise
from tests.browser.conftest import PASSWORD, lock
from tests.faces import draw_face
from tests.factories import (
    MODEL,
    PersonFactory,
    SnapshotFactory,
    reading,
    reading_series,
)
from tests.fakes import HAPPY, FakeEngine, face, frame

pytestmark = pytest.mark.browser


def overflow(page: Page) -> int:
    width: int = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    return width


def picture(name: str = "ada.jpg") -> FilePayload:
    return {"name": name, "mimeType": "image/jpeg", "buffer": draw_face((320, 240))}


def lively(person: Person) -> Person:
    reading_series(person, stress=[0.7] * 12, until=timezone.now().date())
    return person


def flagged(person: Person, days_ago: int = 0) -> Flag:
    on = timezone.now().date() - timedelta(days=days_ago)
    rise = Rise(recent=0.7, baseline=0.2, z=4.0, model=MODEL, formula="1")
    return flags.flag_raise(person_id=person.pk, on=on, rise=rise)[0]


def test_signing_in_leads_to_the_overview(visitor: Page, ada: Person) -> None:
    visitor.goto("/")
    visitor.get_by_label("User name").fill("health")
    visitor.get_by_label("Password").fill(PASSWORD)
    visitor.get_by_role("button", name="Sign in").click()
    expect(visitor.get_by_role("heading", name="Overview")).to_be_visible()
    expect(visitor.get_by_text("Demonstration data.")).to_be_visible()


def test_typing_filters_the_people(page: Page, ada: Person) -> None:
    page.goto("/")
    page.get_by_label("Search by name or number").fill("nobody")
    expect(page.get_by_text("Nobody matches.")).to_be_visible()
    expect(page).to_have_url(re.compile("q=nobody"))


def test_the_charts_are_drawn(page: Page, ada: Person) -> None:
    lively(ada)
    page.goto(f"/people/{ada.pk}/")
    expect(page.locator("canvas[data-drawn]")).to_have_count(2)
    painted = page.evaluate(
        """() => [...document.querySelectorAll("canvas")].map((canvas) => {
          const { width, height } = canvas;
          const pixels = canvas.getContext("2d").getImageData(0, 0, width, height).data;
          return pixels.some((value) => value > 0);
        })"""
    )
    assert painted == [True, True]


def test_another_period_is_drawn_without_a_new_page(page: Page, ada: Person) -> None:
    lively(ada)
    page.goto(f"/people/{ada.pk}/")
    page.evaluate("window.same = true")
    page.get_by_role("link", name="Quarter").click()
    expect(page.get_by_role("link", name="Quarter")).to_have_attribute(
        "aria-current", "true"
    )
    expect(page.locator("canvas[data-drawn]")).to_have_count(2)
    assert page.evaluate("window.same") is True


def test_the_dark_theme_is_kept(page: Page, ada: Person) -> None:
    page.goto("/")
    html = page.locator("html")
    expect(html).to_have_attribute("data-bs-theme", "light")
    page.get_by_role("button", name="Dark theme").click()
    expect(html).to_have_attribute("data-bs-theme", "dark")
    page.reload()
    expect(html).to_have_attribute("data-bs-theme", "dark")


def test_the_theme_of_the_system_is_followed(page: Page, ada: Person) -> None:
    page.emulate_media(color_scheme="dark")
    page.goto("/")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")


def test_an_uploaded_face_shows_its_result(
    page: Page, ada: Person, engine: FakeEngine
) -> None:
    engine.frames = [frame(face(HAPPY))]
    page.goto(f"/upload/?person={ada.pk}")
    page.set_input_files("input[type=file]", [picture("one.jpg"), picture("two.jpg")])
    expect(page.locator("[data-outcome=counted]")).to_have_count(2)
    expect(page.locator("[data-summary]")).to_have_text("2 of 2 analysed")
    page.get_by_role("link", name="Result of one.jpg").click()
    expect(page.get_by_text("Counted")).to_be_visible()


def test_a_refused_file_says_why(page: Page, ada: Person, engine: FakeEngine) -> None:
    page.goto(f"/upload/?person={ada.pk}")
    page.set_input_files(
        "input[type=file]",
        {"name": "notes.jpg", "mimeType": "image/jpeg", "buffer": b"no picture"},
    )
    expect(page.get_by_text("The file is not a picture")).to_be_visible()
    expect(page.locator("[data-summary]")).to_contain_text("1 not accepted")


def test_a_dropped_file_is_sent(page: Page, ada: Person, engine: FakeEngine) -> None:
    page.goto(f"/upload/?person={ada.pk}")
    data = page.evaluate_handle(
        """(bytes) => {
          const data = new DataTransfer();
          data.items.add(new File([new Uint8Array(bytes)], "drop.jpg"));
          return data;
        }""",
        list(draw_face((320, 240))),
    )
    page.dispatch_event("[data-dropzone]", "drop", {"dataTransfer": data})
    expect(page.locator("[data-outcome=counted]")).to_have_count(1)


def test_a_lost_connection_sends_the_same_picture_once(
    page: Page, ada: Person, engine: FakeEngine
) -> None:
    keys: list[str | None] = []

    def lose_the_first_answer(route: Route, request: Request) -> None:
        keys.append(request.header_value("idempotency-key"))
        if len(keys) == 1:
            route.abort()
        else:
            route.continue_()

    page.route("**/api/v1/snapshots/", lose_the_first_answer)
    page.goto(f"/upload/?person={ada.pk}")
    page.set_input_files("input[type=file]", picture())
    expect(page.locator("[data-outcome=counted]")).to_have_count(1)
    assert len(keys) == 2
    assert keys[0] == keys[1]


def test_a_waiting_result_refreshes_itself(page: Page, ada: Person) -> None:
    waiting = SnapshotFactory.create(person=ada)
    page.goto(f"/snapshots/{waiting.pk}/")
    expect(page.get_by_text("Waiting to be analysed.")).to_be_visible()
    with lock:
        Snapshot.objects.update(status="no_face", finished_at=timezone.now())
    expect(page.get_by_text("No face was found")).to_be_visible()


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/people/{ada}/",
        "/people/{ada}/report/",
        "/upload/",
        "/snapshots/{done}/",
        "/flags/",
        "/flags/{flag}/",
        "/rule/",
    ],
)
def test_nothing_scrolls_sideways_on_a_phone(
    page: Page, ada: Person, path: str
) -> None:
    done = reading(lively(ada), timezone.now()).snapshot
    flag = flagged(ada)
    page.goto(path.format(ada=ada.pk, done=done.pk, flag=flag.pk))
    assert overflow(page) == 0


def test_the_queue_is_worked_through_by_keyboard(page: Page, ada: Person) -> None:
    flagged(ada)
    later = flagged(PersonFactory.create(name="Ben Later"), days_ago=-1)
    page.goto("/flags/")
    page.get_by_role("link", name="Ada Example").focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("link", name="Ben Later")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"/flags/{later.pk}/"))
    page.get_by_text("Close with an outcome").press("Enter")
    expect(page.get_by_label("What was agreed")).to_be_visible()


def test_choosing_a_filter_replaces_the_queue(page: Page, ada: Person) -> None:
    flagged(ada)
    page.goto("/flags/")
    page.get_by_label("State").select_option("closed")
    expect(page.get_by_text("No flag matches.")).to_be_visible()
    expect(page).to_have_url(re.compile("state=closed"))


def test_a_flag_is_drawn_reviewed_and_closed(page: Page, ada: Person) -> None:
    flag = flagged(lively(ada))
    page.goto(f"/flags/{flag.pk}/")
    expect(page.locator("canvas[data-drawn]")).to_have_count(2)
    page.get_by_label("What was seen or done").fill("Seen.")
    page.get_by_role("button", name="Acknowledge").click()
    expect(page.get_by_text("The flag is acknowledged")).to_be_visible()
    page.get_by_text("Close with an outcome").click()
    page.get_by_label("Outcome").select_option("confirmed")
    for label in ("What was found", "What was agreed", "Reason"):
        page.get_by_label(label).fill("Two days off.")
    page.get_by_role("button", name="Close the flag").click()
    expect(page.get_by_text("The flag is closed")).to_be_visible()


def test_the_keyboard_reaches_the_content_first(page: Page, ada: Person) -> None:
    page.goto("/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()


def test_the_description_of_the_api_can_be_read(page: Page) -> None:
    page.goto("/api/v1/docs/")
    expect(page.get_by_text("/api/v1/snapshots/", exact=True).first).to_be_visible()
