"""The process that fetches: bounded, one at a time per camera, stopped cleanly."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import wait
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError

from monitor.capture_runner import Runner
from monitor.services import capture, probes
from monitor.services.capture import Claim
from tests.factories import NOON


class World:
    """The services that the runner calls, without a database; `gate` holds cameras."""

    def __init__(self, cameras: int) -> None:
        self.waiting = [Claim(n, NOON) for n in range(cameras)]
        self.asked: list[tuple[int, list[int]]] = []
        self.renewed: list[int] = []
        self.ended: list[tuple[int, str]] = []
        self.doubtful = -1
        self.error: Exception | None = None
        self.gate = threading.Event()

    def due(
        self, *, now: Any, limit: int, doubtful: int, busy: list[int]
    ) -> list[Claim]:
        self.asked.append((limit, list(busy)))
        self.doubtful = doubtful
        taken, self.waiting = self.waiting[:limit], self.waiting[limit:]
        return taken

    def fetch(self, *, claim: Claim, fetcher: Any) -> str:
        assert self.gate.wait(10)
        if self.error:
            raise self.error
        self.ended.append((claim.camera, "ok"))
        return "ok"

    def end(self, *, claim: Claim, state: str, now: Any) -> None:
        self.ended.append((claim.camera, state))

    def renew(self, *, claims: list[Claim], now: Any) -> None:
        self.renewed += [claim.camera for claim in claims]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    world = World(cameras=5)
    monkeypatch.setattr(capture, "cameras_due", world.due)
    monkeypatch.setattr(capture, "camera_capture", world.fetch)
    monkeypatch.setattr(capture, "outcome_record", world.end)
    monkeypatch.setattr(capture, "claims_renew", world.renew)
    monkeypatch.setattr(probes, "probe_take", lambda: None)
    monkeypatch.setattr("monitor.capture_runner.close_old_connections", lambda: None)
    yield world
    world.gate.set()


@pytest.fixture
def runner(tmp_path: Path, world: World) -> Runner:
    return Runner(None, at_once=2, heartbeat=tmp_path / "alive")  # type: ignore[arg-type]


def finish(runner: Runner, world: World) -> None:
    world.gate.set()
    for future in list(runner.running):
        future.exception(timeout=10)


def test_it_takes_on_no_more_than_it_can_ask_at_once(
    runner: Runner, world: World
) -> None:
    runner.look()
    runner.look()
    assert world.asked == [(2, [])]
    finish(runner, world)
    runner.look()
    assert world.asked[1] == (2, [])


def test_cameras_that_are_being_asked_are_named(runner: Runner, world: World) -> None:
    world.waiting = world.waiting[:1]
    runner.look()
    runner.look()
    assert world.asked == [(2, []), (1, [0])]


def test_cameras_in_trouble_get_half_of_the_threads(
    runner: Runner, world: World
) -> None:
    world.waiting = [Claim(1, NOON, doubtful=True)]
    runner.look()
    assert world.doubtful == 1
    runner.look()
    assert world.doubtful == 0


def test_it_keeps_what_it_works_on_and_shows_that_it_lives(
    runner: Runner, world: World
) -> None:
    runner.look()
    runner.renewed = 0
    runner.look()
    assert world.renewed == [0, 1]
    assert runner.heartbeat.exists()


def test_a_stop_waits_for_what_was_begun(runner: Runner, world: World) -> None:
    stop = threading.Event()
    thread = threading.Thread(target=runner.run, args=(stop,))
    thread.start()
    while not runner.running:
        pass
    stop.set()
    world.gate.set()
    thread.join(10)
    assert {camera for camera, _ in world.ended} >= {0, 1}
    assert not runner.running
    assert not runner.heartbeat.exists()


def test_what_breaks_in_an_unknown_way_is_noted_and_hurts_nobody_else(
    runner: Runner, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.error = ValueError("who would have thought")
    runner.look()
    finish(runner, world)
    runner.look()
    assert sorted(world.ended)[:2] == [(0, "crashed"), (1, "crashed")]
    assert "who would have thought" in caplog.text


def test_it_outlives_a_database_that_is_away(
    runner: Runner, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(**_: Any) -> None:
        raise OperationalError("gone")

    monkeypatch.setattr(capture, "cameras_due", away)
    runner._safely(runner.look)
    assert not runner.heartbeat.exists()


def test_one_test_picture_is_taken_beside_the_others(
    runner: Runner, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting, taken = ["first", "second"], []
    monkeypatch.setattr(probes, "probe_take", lambda: waiting.pop(0))
    monkeypatch.setattr(
        probes, "probe_fetch", lambda *, probe, fetcher: taken.append(probe)
    )
    world.waiting = []
    runner.look()
    for future in runner.probing:
        future.result(timeout=10)
    assert taken == ["first"]
    assert waiting == ["second"]


def test_a_test_picture_that_breaks_is_logged(
    runner: Runner,
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(**_: Any) -> None:
        raise RuntimeError("in a way nobody listed")

    waiting = ["first", None]
    monkeypatch.setattr(probes, "probe_take", lambda: waiting.pop(0))
    monkeypatch.setattr(probes, "probe_fetch", broken)
    runner.probe()
    wait(runner.probing, timeout=10)
    runner.probe()
    assert "nobody listed" in caplog.text
    assert not runner.probing
