"""A real browser against a real server; the worker is answered by a fake engine."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterator

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    ViewportSize,
    sync_playwright,
)
from pytest_django.live_server_helper import LiveServer

from bench.screenshots import BROWSERS, OPTIONS
from monitor import tasks
from monitor.models import Organisation, Person
from monitor.services import analysis
from tests.factories import PersonFactory, UserFactory
from tests.fakes import FakeEngine

# Playwright's synchronous API runs an event loop in the thread of the test.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

PASSWORD = "a password for tests"
lock = threading.RLock()


def one_at_a_time(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Requests share the one connection of a database in memory, so they take turns."""

    def answer(request: HttpRequest) -> HttpResponse:
        with lock:
            return get_response(request)

    return answer


def unexpected(said: ConsoleMessage) -> list[str]:
    """Errors, but not the refusals of what somebody sent, which pages handle."""
    handled = (
        "/api/v1/snapshots/",
        "/api/v1/readings/",
        "/cameras/add/",
        # Of somebody who paused between the page and its picture.
        "/picture/",
    )
    refusal = said.location["url"].endswith(handled)
    return [said.text] if said.type == "error" and not refusal else []


Launch = Callable[..., Browser]


@pytest.fixture(scope="session")
def launch() -> Iterator[Launch]:
    """Starts a browser with further options; one driver serves all of them."""
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        pytest.skip(f"no browser: none of {', '.join(BROWSERS)} is installed")
    if not (django_settings.NODE_MODULES / "htmx.org").is_dir():
        pytest.skip("no browser libraries: run bin/setup")
    with sync_playwright() as driver:
        yield lambda *options: driver.chromium.launch(
            executable_path=program, args=[*OPTIONS, *options]
        )


@pytest.fixture(scope="session")
def browser(launch: Launch) -> Iterator[Browser]:
    found = launch()
    yield found
    found.close()


@pytest.fixture(scope="package")
def server(django_db_setup: None) -> Iterator[LiveServer]:
    static = "django.contrib.staticfiles.storage.StaticFilesStorage"
    changed = override_settings(
        MIDDLEWARE=[f"{__name__}.one_at_a_time", *django_settings.MIDDLEWARE],
        STORAGES=django_settings.STORAGES | {"staticfiles": {"BACKEND": static}},
    )
    with changed:
        running = LiveServer("localhost")
        yield running
        running.stop()


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    """Pictures are analysed at once, inside the request that brings them."""
    fake = FakeEngine()
    monkeypatch.setattr(analysis, "get_engine", lambda _: fake)
    monkeypatch.setattr(tasks.analyse_waiting, "delay", analysis.analyse_waiting)
    return fake


@pytest.fixture
def health(transactional_db: None) -> User:
    Organisation.objects.create(name="Works", demonstration=True)
    user = UserFactory.create(username="health", occupational_health=True)
    user.set_password(PASSWORD)
    user.save(update_fields=["password"])
    return user


@pytest.fixture
def ada(health: User) -> Person:
    return PersonFactory.create(name="Ada Example", team__name="Post")


Opener = Callable[[User | None], Page]


@pytest.fixture
def opened(browser: Browser, server: LiveServer, health: User) -> Iterator[Opener]:
    """Opens pages on a telephone's width, each in a browser of its own.

    Whatever a browser complains about fails the test.
    """
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def page_of(user: User | None) -> Page:
        size: ViewportSize = {"width": 360, "height": 740}
        context = browser.new_context(base_url=server.url, viewport=size)
        contexts.append(context)
        if user:
            sign_in(context, user, server.url)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.extend(unexpected(said)))
        return page

    yield page_of
    for context in contexts:
        context.close()
    with lock:  # whatever the server still answers
        assert complaints == []


def session_of(user: User) -> tuple[str, str]:
    """The cookie of somebody who is signed in."""
    client = Client()
    client.force_login(user)
    name = django_settings.SESSION_COOKIE_NAME
    return name, client.cookies[name].value


@pytest.fixture
def visitor(opened: Opener) -> Page:
    """A page that nobody is signed in on."""
    return opened(None)


@pytest.fixture
def page(opened: Opener, health: User) -> Page:
    return opened(health)


def sign_in(context: BrowserContext, user: User, url: str) -> None:
    name, value = session_of(user)
    context.add_cookies([{"name": name, "value": value, "url": url}])
