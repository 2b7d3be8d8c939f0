"""The agent as a process of its own, and what it needs to run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django.live_server_helper import LiveServer

from monitor.agent.settings import Limits
from monitor.agent.spool import Spool
from monitor.models import Camera, Consent, Snapshot
from tests import images
from tests.monitor.device_messages import Sender
from tests.monitor.wire import Wire

ROOT = Path(__file__).resolve().parents[2]
PICTURES = 20
FOREIGN = """
import sys
import monitor.agent.__main__
print(sorted(
    name for name in sys.modules
    if name.startswith("monitor") and not name.startswith("monitor.agent")
    or name.split(".")[0] in {"django", "rest_framework", "celery", "cv2", "numpy"}
))
"""


@pytest.fixture
def wire(live_server: LiveServer) -> Iterator[Wire]:
    made = Wire(live_server.url, delay=0.1)
    made.up()
    yield made
    made.down()


def config(folder: Path, wire: Wire, sender: Sender) -> Path:
    """Writes the settings; the camera is a command."""
    secret, picture = folder / "secret", folder / "picture.jpg"
    secret.write_text(sender.secret)
    secret.chmod(0o600)
    picture.write_bytes(images.jpeg())
    path = folder / "agent.toml"
    path.write_text(
        f'server = "{wire.url}"\nkey = "{sender.device.key}"\n'
        f"camera_id = {sender.device.camera_id}\n"
        'secret_file = "secret"\nspool = "spool"\n'
        f'[camera]\nkind = "command"\ncommand = ["cat", "{picture}"]\n'
    )
    return path


def started(path: Path, *more: str) -> subprocess.Popen[str]:
    argv = [sys.executable, "-m", "monitor.agent", "--config", str(path), *more]
    return subprocess.Popen(
        argv, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def fill(folder: Path) -> list[datetime]:
    """What was taken while the server was away; says when."""
    spool = Spool(folder / "spool", Limits())
    now = timezone.now().replace(microsecond=0)
    times = [now - timedelta(minutes=n) for n in range(PICTURES, 0, -1)]
    for n, moment in enumerate(times):
        spool.add(images.jpeg(seed=n), moment.timestamp(), now=time.time())
    spool.close()
    return times


@pytest.mark.slow
def test_a_killed_agent_loses_and_doubles_nothing(
    wire: Wire, camera: Camera, tmp_path: Path
) -> None:
    Camera.objects.update(every_minutes=1)
    Consent.objects.update(given_at=timezone.now() - timedelta(days=1))
    path = config(tmp_path, wire, Sender.of(camera))
    times = fill(tmp_path)
    agent = started(path, "--once")
    while len(wire.pictures()) < 5:
        assert agent.poll() is None
        time.sleep(0.05)
    os.kill(agent.pid, signal.SIGKILL)
    agent.communicate()
    assert 0 < Snapshot.objects.count() < PICTURES
    again = started(path, "--once")
    said, _ = again.communicate(timeout=300)
    assert again.returncode == 0, said
    rows = Snapshot.objects.order_by("pk").values_list("taken_at", flat=True)
    assert list(rows[:PICTURES]) == times
    assert len(rows) in {PICTURES + 1, PICTURES + 2}  # those of the two starts


@pytest.mark.slow
def test_check_says_what_works_and_a_signal_ends_it(
    wire: Wire, camera: Camera, tmp_path: Path
) -> None:
    path = config(tmp_path, wire, Sender.of(camera))
    said, _ = started(path, "--check").communicate(timeout=300)
    assert "camera: a picture of" in said
    assert "server: accepts this device" in said
    assert "clock: agrees" in said
    agent = started(path)
    while len(wire.passed) < 2:
        assert agent.poll() is None
        time.sleep(0.05)
    agent.terminate()
    said, _ = agent.communicate(timeout=300)
    assert agent.returncode == 0
    assert "stopped" in said


@pytest.mark.slow
def test_it_needs_neither_django_nor_the_rest_of_the_product() -> None:
    argv = [sys.executable, "-c", FOREIGN]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert (done.stdout, done.stderr) == ("['monitor']\n", "")
