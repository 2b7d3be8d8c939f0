"""The agent where something around it is broken: disk, camera, server, settings."""

from __future__ import annotations

import errno
import os
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from monitor.agent.__main__ import UNUSABLE, main
from monitor.agent.agent import Agent
from monitor.agent.camera import CameraProblem, Shot, camera_for
from monitor.agent.client import Answer
from monitor.agent.clock import Clock
from monitor.agent.settings import CameraSettings, Settings, SettingsProblem, load
from monitor.agent.spool import Spool
from tests import images
from tests.monitor.test_agent import GOOD, folder, spool

__all__ = ["folder", "spool"]


class Webcam:
    def take(self) -> Shot:
        return Shot(images.jpeg())


@pytest.fixture
def agent(spool: Spool) -> Agent:
    settings = Settings(
        server="http://127.0.0.1:9",
        key="dev_1",
        secret="ab" * 32,
        spool=spool.folder,
        camera=CameraSettings("command"),
    )
    return Agent(settings, Webcam(), spool, Clock())


def full(*_: Any) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_loses_a_picture_and_not_the_agent(
    agent: Agent, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(os, "fsync", full)
    assert agent.capture() is False
    assert "No space left" in caplog.text
    assert list(agent.spool.folder.glob("*.part")) == []


def test_a_plan_that_cannot_be_stored_holds_all_the_same(
    agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = (
        b'{"every_seconds": 60, "jitter_seconds": 0, "active": true,'
        b' "heartbeat_seconds": 60, "stretches": []}'
    )
    monkeypatch.setattr(agent.client, "heartbeat", lambda _: Answer(200, body))
    monkeypatch.setattr(os, "fsync", full)
    assert agent.heartbeat()
    assert agent.told is not None and agent.told.every == 60


def test_a_picture_that_the_server_fails_at_does_not_hold_up_the_others(
    agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    moments = [time.time() - 2, time.time() - 1]
    for moment in moments:
        agent.spool.add(b"picture", moment, now=moment)
    bad, good = agent.spool.entries()

    def picture(entry: Any, _: bytes) -> Answer:
        return Answer(500 if entry.key == bad.key else 202, b"")

    monkeypatch.setattr(agent.client, "picture", picture)
    for _ in range(2):
        agent.quiet_until = 0
        agent.send_one()
    assert [entry.key for entry in agent.spool.entries()] == [bad.key]


def test_after_an_outage_one_bad_picture_does_not_hold_up_the_others(
    agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    moments = [time.time() - 3, time.time() - 2, time.time() - 1]
    for moment in moments:
        agent.spool.add(b"picture", moment, now=moment)
    bad = agent.spool.entries()[0]
    outage = iter([500] * len(moments))

    def picture(entry: Any, _: bytes) -> Answer:
        return Answer(next(outage, 500 if entry.key == bad.key else 202), b"")

    monkeypatch.setattr(agent.client, "picture", picture)
    for _ in range(2 * len(moments)):
        agent.quiet_until = 0
        agent.send_one()
    assert [entry.key for entry in agent.spool.entries()] == [bad.key]
    agent.send_one()
    assert agent.failed_at == {bad.key: 3}


def test_an_answer_that_is_not_the_servers_does_not_change_the_clock(
    agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    portal = Answer(302, b"", date=time.time() - 3600)
    monkeypatch.setattr(agent.client, "heartbeat", lambda _: portal)
    assert not agent.heartbeat()
    assert agent.clock.ahead == 0


def test_servers_whose_clocks_differ_are_not_asked_without_a_pause(
    agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead = iter([3600, 0] * 50)
    asked: list[float] = []

    def heartbeat(_: Any) -> Answer:
        asked.append(time.time())
        return Answer(401, b"", date=time.time() - next(ahead))

    monkeypatch.setattr(agent.client, "heartbeat", heartbeat)
    for _ in range(20):
        agent.step()
    assert len(asked) <= 3


class Trickle(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        for _ in range(100):
            try:
                self.wfile.write(b"x")
            except OSError:
                return
            time.sleep(0.05)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def trickle() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Trickle)
    threading.Thread(target=server.serve_forever, args=(0.02,)).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def test_a_camera_that_never_ends_its_answer_is_slow(trickle: str) -> None:
    camera = camera_for(CameraSettings("http", url=trickle, seconds=0.3))
    began = time.monotonic()
    with pytest.raises(CameraProblem) as caught:
        camera.take()
    assert caught.value.state == "slow"
    assert time.monotonic() - began < 3


def change(folder: Path, old: str, new: str) -> Path:
    (folder / "agent.toml").write_text(GOOD.replace(old, new))
    return folder / "agent.toml"


def test_paths_are_relative_to_the_file(folder: Path) -> None:
    (folder / "pictures").mkdir()
    text = 'kind = "folder"\npath = "pictures"'
    old = 'kind = "command"\ncommand = ["true"]'
    (folder / "agent.toml").write_text(
        GOOD.replace(old, text).replace("[camera]", 'ca_file = "ca.pem"\n[camera]')
    )
    read = load(folder / "agent.toml")
    assert read.ca_file == str(folder / "ca.pem")
    assert read.camera.path == str(folder / "pictures")


def test_a_port_that_is_none_is_said_at_once(folder: Path) -> None:
    with pytest.raises(SettingsProblem, match="[Pp]ort"):
        load(change(folder, "stress.example/", "stress.example:many/"))
    with pytest.raises(SettingsProblem, match="[Pp]ort"):
        camera_for(CameraSettings("http", url="http://camera:many/"))


def test_a_certificate_that_is_not_there_ends_the_program(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = change(folder, "[camera]", 'ca_file = "nowhere.pem"\n[camera]')
    assert main(["--config", str(path), "--check"]) == UNUSABLE
    assert "nowhere.pem" in capsys.readouterr().err
