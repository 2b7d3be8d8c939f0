"""Which tests `--repeat` runs again, on other servers: all that these could change.

Left out is a test that asks for no database, has none of the marks below, and runs no
processes of the product. That it is right to do so is checked in every run: whoever
would be left out fails when it sets up a database all the same, starts a process, or
touches the folder in which the broker lies.
"""

from __future__ import annotations

import sys
from collections.abc import Generator
from typing import Any

import pytest
from django.conf import settings
from django.test import SimpleTestCase

DATABASE = frozenset({"db", "transactional_db", "live_server"})
MARKS = ("django_db", "services", "browser")
PROCESSES = "tests/ops/"
# Their processes know no server: these packages may import neither Django nor Celery.
APART = ("tests/capture/", "tests/inference/")
# They come first, so that at the end no worker is left with a long file.
LONG = (
    "tests/ops/",
    "tests/inference/",
    "tests/monitor/test_seed_demo",
    "tests/monitor/test_isolation",
)
STARTS = ("subprocess.Popen", "os.fork", "os.posix_spawn", "os.system", "os.exec")
ADVICE = (
    "this test is not repeated on PostgreSQL and Redis, for it asks for no database; "
    "but it {what}: name the fixture `db`, or mark it slow"
)


class Watch:
    """Notes what a test does that could differ between servers."""

    item: pytest.Item | None = None
    seen: str = ""

    def __call__(self, event: str, args: tuple[Any, ...]) -> None:
        """An audit hook: called at every event of the interpreter, so it is quick."""
        if self.item is None or self.seen:
            return
        if event == "open":
            if isinstance(args[0], str) and args[0].startswith(self.folder):
                self.seen = f"opens {args[0]}"
        elif event in STARTS and not _is_apart(self.item):
            self.seen = f"starts a process ({event})"

    def begin(self, item: pytest.Item) -> None:
        self.folder = f"{settings.STATE_DIR}/"
        self.item, self.seen = item, ""

    def end(self) -> None:
        self.item = None


watch = Watch()
left_out = pytest.StashKey[int]()


def is_repeated(item: pytest.Item) -> bool:
    """Whether another database or broker could make a difference to this test."""
    names = set(getattr(item, "fixturenames", ()))
    case = getattr(item, "cls", None)
    return bool(
        DATABASE & names
        or (item.get_closest_marker("slow") and not _is_apart(item))
        or any(item.get_closest_marker(mark) for mark in MARKS)
        or (case and issubclass(case, SimpleTestCase))
        or item.nodeid.startswith(PROCESSES)
    )


def _is_apart(item: pytest.Item) -> bool:
    return item.nodeid.startswith(APART)


def pytest_addoption(parser: pytest.Parser) -> None:
    text = "only tests that another database or broker could make a difference to"
    parser.addoption("--repeat", action="store_true", help=text)


def pytest_configure(config: pytest.Config) -> None:
    sys.addaudithook(watch)
    config.stash[left_out] = 0
    if hasattr(config, "workerinput") and "tests.workers" not in sys.modules:
        raise pytest.UsageError("processes would share files: add -p tests.workers")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    if config.getoption("--repeat"):
        same = [item for item in items if not is_repeated(item)]
        items[:] = [item for item in items if is_repeated(item)]
        config.hook.pytest_deselected(items=same)
        config.stash[left_out] = len(same)
    items.sort(key=lambda item: not item.nodeid.startswith(LONG))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, Any, Any]:
    if not is_repeated(item):
        watch.begin(item)
    try:
        return (yield)
    finally:
        watch.end()


def pytest_fixture_setup(fixturedef: Any) -> None:
    """Also a fixture that a test asks for while it runs."""
    if watch.item and fixturedef.argname in DATABASE and not watch.seen:
        watch.seen = f"sets up {fixturedef.argname}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if call.when == "teardown" and watch.seen and watch.item is item:
        report.outcome = "failed"
        report.longrepr = ADVICE.format(what=watch.seen)
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["left_out"] = session.config.stash[left_out]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Every worker collects the same tests."""
    if hasattr(node, "workeroutput"):
        node.config.stash[left_out] = node.workeroutput["left_out"]


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    if config.getoption("--repeat"):
        number = config.stash[left_out]
        terminalreporter.write_line(
            f"{number} tests left out: they ask for no database and start no process"
        )
