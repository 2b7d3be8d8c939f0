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
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright
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
    """Errors, but not the refusals of pictures, which pages handle."""
    refusal = said.location["url"].endswith("/api/v1/snapshots/")
    return [said.text] if said.type == "error" and not refusal else []


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        pytest.skip(f"no browser: none of {', '.join(BROWSERS)} is installed")
    if not (django_settings.NODE_MODULES / "htmx.org").is_dir():
        pytest.skip("no browser libraries: run bin/setup")
    with sync_playwright() as driver:
        found = driver.chromium.launch(executable_path=program, args=OPTIONS)
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


@pytest.fixture
def visitor(browser: Browser, server: LiveServer, health: User) -> Iterator[Page]:
    """A page on a telephone's width that nobody is signed in on.

    Whatever the browser complains about fails the test.
    """
    context = browser.new_context(
        base_url=server.url, viewport={"width": 360, "height": 740}
    )
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.extend(unexpected(said)))
    yield page
    context.close()
    with lock:  # whatever the server still answers
        assert complaints == []


@pytest.fixture
def page(visitor: Page, server: LiveServer, health: User) -> Page:
    client = Client()
    client.force_login(health)
    session = client.cookies[django_settings.SESSION_COOKIE_NAME].value
    visitor.context.add_cookies(
        [
            {
                "name": django_settings.SESSION_COOKIE_NAME,
                "value": session,
                "url": server.url,
            }
        ]
    )
    return visitor
