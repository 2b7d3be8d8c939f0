"""The agent against the real server over real HTTP; only the clock is simulated."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from django.utils import timezone
from pytest_django.live_server_helper import LiveServer

from monitor.agent.agent import Agent
from monitor.agent.camera import CameraProblem, Shot
from monitor.agent.clock import Clock
from monitor.agent.settings import CameraSettings, Limits, Settings
from monitor.agent.spool import Spool
from monitor.api.throttling import DeviceThrottle
from monitor.models import Camera, Device, Pause, Snapshot
from monitor.services import intake
from monitor.services.devices import device_revoke
from tests import images
from tests.monitor.device_messages import Sender
from tests.monitor.wire import Wire

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


@dataclass
class Webcam:
    """Each picture is another one; it knows when it took them."""

    taken: list[datetime] = field(default_factory=list)
    broken: bool = False

    def take(self) -> Shot:
        if self.broken:
            raise CameraProblem("unreachable", "pulled out")
        milliseconds = round(time.time() * 1000)
        self.taken.append(datetime.fromtimestamp(milliseconds / 1000, tz=UTC))
        return Shot(images.jpeg(seed=len(self.taken)))


@dataclass
class Site:
    """A server, a wire to it, and an agent beside a camera that looks every minute."""

    wire: Wire
    sender: Sender
    folder: Path
    clock: time_machine.Traveller
    webcam: Webcam = field(default_factory=Webcam)
    agent: Agent = field(init=False)

    def start(self) -> None:
        settings = Settings(
            server=self.wire.url,
            key=self.sender.device.key,
            secret=self.sender.secret,
            spool=self.folder,
            camera=CameraSettings("command"),
            camera_id=self.sender.device.camera_id,
        )
        spool = Spool(self.folder, settings.limits)
        self.agent = Agent(settings, self.webcam, spool, Clock())

    def pass_time(self, seconds: float) -> None:
        end = time.time() + seconds
        while time.time() < end:
            wait = min(self.agent.step(), end - time.time())
            self.clock.shift(max(wait, 0.01))

    def offline(self, minutes: int) -> None:
        """The server is away; before that the agent has heard from it."""
        self.pass_time(1)
        self.wire.down()
        self.pass_time(60 * minutes)
        self.wire.up()

    def arrived(self) -> list[datetime]:
        """When the pictures were taken, in the order in which they arrived."""
        rows = Snapshot.objects.order_by("pk")
        return list(rows.values_list("taken_at", flat=True))

    def waiting(self) -> int:
        return len(self.agent.spool.entries())


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def site(
    clock: time_machine.Traveller,
    live_server: LiveServer,
    camera: Camera,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Site]:
    monkeypatch.setattr("monitor.agent.client.SECONDS", 300)  # however busy we are
    Camera.objects.update(every_minutes=1)
    wire = Wire(live_server.url)
    wire.up()
    clock.shift(1)
    made = Site(wire, Sender.of(camera), tmp_path / "spool", clock)
    made.start()
    yield made
    made.agent.spool.close()
    wire.down()


def test_half_an_hour_without_server_arrives_once_each_and_in_order(
    site: Site,
) -> None:
    site.offline(30)
    stored = site.waiting()
    assert stored == len(site.webcam.taken) >= 29
    assert site.arrived() == []
    site.pass_time(600)
    assert site.arrived() == site.webcam.taken
    assert site.arrived() == sorted(set(site.arrived()))
    assert site.waiting() == 0
    late = Snapshot.objects.order_by("pk")[0]
    assert late.received_at - late.taken_at > timedelta(minutes=28)


def test_answers_that_are_lost_repeat_pictures_that_count_once(site: Site) -> None:
    site.offline(10)
    site.wire.lose = lambda n: n % 3
    site.pass_time(3600)
    site.wire.lose = lambda n: False
    site.pass_time(600)
    assert site.arrived() == site.webcam.taken
    replayed = [
        row for row in site.wire.pictures() if "Idempotency-Replayed" in row.headers
    ]
    assert len(replayed) > 5


def test_an_agent_that_starts_anew_goes_on_where_it_was(site: Site) -> None:
    site.offline(10)
    site.wire.lose = lambda n: n == len(site.wire.passed) and n > 4
    site.pass_time(30)
    site.agent.spool.close()  # as the end of its process does
    (site.folder / "half.jpg.part").write_bytes(b"half")
    site.wire.lose = lambda n: False
    site.start()
    site.pass_time(600)
    assert site.arrived() == site.webcam.taken
    assert not list(site.folder.glob("*.part"))


def test_a_start_without_server_follows_the_last_plan(site: Site) -> None:
    site.offline(2)
    site.wire.down()
    site.agent.spool.close()
    before = len(site.webcam.taken)
    site.start()
    site.pass_time(300)
    # The first may fall into the start, and the last after the end by its jitter.
    assert len(site.webcam.taken) - before >= 4


@pytest.mark.parametrize("why", ["throttled", "queue_full"])
def test_it_comes_back_when_the_server_says(
    site: Site, monkeypatch: pytest.MonkeyPatch, settings: Any, why: str
) -> None:
    site.offline(12)
    if why == "throttled":
        monkeypatch.setattr(DeviceThrottle, "rate", "5/min", raising=False)
    else:
        settings.QUEUE_LIMIT = 3
        # Minutes pass within a second here, for which the answer is kept.
        monkeypatch.setattr(intake, "queue_is_full", intake.queue_is_full.__wrapped__)
    site.pass_time(900)
    settings.QUEUE_LIMIT = 20_000
    monkeypatch.setattr(DeviceThrottle, "rate", "9000/min", raising=False)
    site.pass_time(600)
    rows = site.wire.passed
    refused = [n for n, row in enumerate(rows) if row.status == 429]
    assert refused
    for n in refused:
        wait = float(rows[n].headers["Retry-After"])
        assert rows[n + 1].at - rows[n].at >= wait
    assert site.arrived() == site.webcam.taken


def test_pictures_of_a_pause_are_deleted_and_the_others_arrive(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    begins, ends = NOON + timedelta(minutes=3), NOON + timedelta(minutes=6)
    site.pass_time(1)
    site.wire.down()
    reason = Pause.Reason.PERSON
    Pause.objects.create(begins_at=begins, ends_at=ends, reason=reason)
    site.pass_time(600)
    site.wire.up()
    site.pass_time(600)
    outside = [moment for moment in site.webcam.taken if not begins <= moment < ends]
    assert site.arrived() == outside
    assert len(outside) < len(site.webcam.taken)
    assert site.waiting() == 0
    assert "refused for good (403 camera_paused) and deleted" in caplog.text


def test_a_pause_stops_the_camera(site: Site) -> None:
    site.pass_time(120)
    taken = len(site.webcam.taken)
    pause = Pause.objects.create(begins_at=timezone.now(), reason=Pause.Reason.PERSON)
    site.pass_time(62)  # until the next heartbeat
    told = len(site.webcam.taken)
    site.pass_time(600)
    assert taken <= len(site.webcam.taken) == told
    pause.delete()
    site.pass_time(180)
    assert len(site.webcam.taken) > told


def test_a_wrong_clock_is_made_up_for(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = SimpleNamespace(time=lambda: time.time() + 3600)
    monkeypatch.setattr("monitor.agent.clock.time", wrong)
    site.pass_time(300)
    assert [row.status for row in site.wire.passed][:2] == [401, 200]
    assert site.arrived() == site.webcam.taken
    assert Device.objects.get().clock_offset == pytest.approx(3600, abs=2)


def test_a_revoked_device_keeps_its_pictures_and_asks_seldom(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    device_revoke(device=site.sender.device)
    site.agent.spool.add(images.jpeg(), time.time(), now=time.time())
    site.pass_time(3600)
    assert site.waiting() == 1
    assert "check key and secret" in caplog.text
    assert len(site.wire.passed) < 40


def test_the_heartbeat_tells_what_is_wrong(site: Site) -> None:
    site.agent.spool.limits = Limits(pictures=3)
    site.offline(10)
    site.webcam.broken = True
    site.pass_time(400)
    device = Device.objects.select_related("camera").get()
    assert device.dropped == len(site.webcam.taken) - Snapshot.objects.count() > 0
    assert device.queue_length == 0
    assert device.camera.state == Camera.State.UNREACHABLE
