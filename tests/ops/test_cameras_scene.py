"""Good cameras and bad ones, asked by the real process; what their page says of them.

Lateness is held against the longest that one camera may take: a good camera that waits
for a bad one would be later than that.
"""

from __future__ import annotations

import json
import re
import socketserver
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from bench.stack import Stack, query, stack
from capture import Limits
from capture.frozen import REPEATS
from tests.capture.cameras import HttpCamera, RawCamera, running
from tests.capture.conftest import rtsp_ports as rtsp_ports  # noqa: PLC0414  a fixture
from tests.capture.conftest import rtsp_server as rtsp_server  # noqa: PLC0414  and its
from tests.faces import draw_face
from tests.ops.processes import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.model]

ROUNDS = REPEATS + 1
LATEST = timedelta(seconds=Limits().seconds)
GOOD = ("desk", "stream", "folder")
# By name: the state, and the words of the page.
TROUBLES = {
    "unplugged": ("unreachable", "Cannot be reached"),
    "stranger": ("wrong_password", "Refuses the password"),
    "stranger of a stream": ("wrong_password", "Refuses the password"),
    "frozen": ("frozen", "Picture stands still"),
    "huge": ("too_large", "Picture too large"),
    "endless": ("too_large", "Picture too large"),
    "garbage": ("not_a_picture", "Sends no picture"),
    "dripping": ("slow", "Answers too slowly"),
    "dripping head": ("slow", "Answers too slowly"),
    "silent": ("slow", "Answers too slowly"),
}
SLOW = tuple(name for name, (state, _) in TROUBLES.items() if state == "slow")

SETUP = """
import json
from datetime import time
from django.contrib.auth.models import User
from monitor.camera_login import login_seal
from monitor.models import Camera, CaptureHours, Organisation, Person, Team
from monitor.services.consent import consent_give
from monitor.services.roles import it_role_ensure
Organisation.objects.create(name="Works")
User.objects.create(username="it").groups.add(it_role_ensure())
person = Person.objects.create(number="1", team=Team.objects.create(name="Post"))
consent_give(person=person)
for day in range(7):
    CaptureHours.objects.create(weekday=day, begins=time(0), ends=time(0))
for name, kind, address, user, password in json.loads(%r):
    Camera.objects.create(
        name=name, kind=kind, address=address, person=person, every_minutes=240,
        jitter_seconds=0, sealed_login=login_seal(user, password))
result = None
"""
ASK = """
import json, time
from pathlib import Path
from django.utils import timezone
from monitor.models import Camera
from tests.faces import draw_face
slow, folder, rounds = json.loads(%r)
prompt = Camera.objects.exclude(name__in=slow)
def done(rows, began):
    return not rows.exclude(slot_at=None, tried_at__gte=began).exists()
def wait(rows, began):
    end = time.monotonic() + 120
    while not done(rows, began):
        assert time.monotonic() < end, list(rows.values_list("name", "state"))
        time.sleep(0.1)
first = timezone.now()
for number in range(rounds):
    picture = draw_face((320 + len(list(Path(folder).iterdir())), 240))
    Path(folder, f"{time.time_ns()}.jpg").write_bytes(picture)
    began = timezone.now()
    Camera.objects.filter(slot_at=None).update(next_at=began)
    wait(prompt, began)
wait(Camera.objects.all(), first)
result = None
"""
LOOK = """
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client, override_settings
from monitor.models import Camera, CameraDay, Reading, Snapshot
from monitor.services.analysis import analyse_waiting
analyse_waiting()
plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
with override_settings(STORAGES=settings.STORAGES | {"staticfiles": plain}):
    client = Client(SERVER_NAME="localhost")
    client.force_login(User.objects.get(username="it"))
    page = client.get("/cameras/").content.decode()
ids = dict(Camera.objects.values_list("pk", "name"))
rows = Snapshot.objects.values_list("idempotency_key", "taken_at", "status")
result = {
    "page": page,
    "states": dict(Camera.objects.values_list("name", "state")),
    "pictures": [
        [ids[int(key.split(":")[1])], key.split(":", 2)[2], taken.isoformat(), status]
        for key, taken, status in rows
    ],
    "counted": {
        ids[camera]: [attempts, successes] for camera, attempts, successes in
        CameraDay.objects.values_list("camera", "attempts", "successes")
    },
    "readings": Reading.objects.count(),
}
"""


class Faces:
    """A face that moves a little from picture to picture; knows how many it gave."""

    def __init__(self) -> None:
        self.given = 0
        self.sizes = count(320)

    def __call__(self) -> bytes:
        self.given += 1
        return draw_face((next(self.sizes), 240), share=0.5)


@dataclass
class Scene:
    """What the test started, and what came of it."""

    faces: Faces
    found: dict[str, Any] = field(default_factory=dict)

    def of(self, name: str) -> list[list[str]]:
        return [picture[1:] for picture in self.found["pictures"] if picture[0] == name]


def silent(_handler: socketserver.StreamRequestHandler) -> None:
    time.sleep(60)


def cameras(
    http: HttpCamera,
    plugged: HttpCamera,
    ports: tuple[int, int],
    mute: int,
    folder: str,
) -> list[tuple[str, str, str, str, str]]:
    """Name, kind, address, user and password of each."""
    paths = {
        "desk": "/picture",
        "frozen": "/snapshot",
        "huge": "/pixels",
        "endless": "/bytes",
        "garbage": "/garbage",
        "dripping": "/drip",
        "dripping head": "/drip-head",
    }
    closed = f"rtsp://127.0.0.1:{ports[1]}/h264"
    return [
        *((name, "snapshot", http.url(path), "", "") for name, path in paths.items()),
        ("unplugged", "mjpeg", plugged.url("/mjpeg"), "", ""),
        ("stranger", "snapshot", http.url("/basic"), "viewer", "wrong"),
        ("stranger of a stream", "rtsp", closed, "viewer", "wrong"),
        ("stream", "rtsp", closed, "viewer", "correct horse"),
        ("silent", "snapshot", f"http://127.0.0.1:{mute}/", "", ""),
        ("folder", "folder", folder, "", ""),
    ]


def ask(installed: Stack, folder: str, rounds: int) -> None:
    """Make all cameras due together, again as soon as the quick ones are done."""
    query(installed, ASK % json.dumps([SLOW, folder, rounds]))


def play(scene: Scene, ports: tuple[int, int], folder: str) -> None:
    with ExitStack() as started:
        enter = started.enter_context
        http = enter(running(HttpCamera(picture=scene.faces)))
        mute = enter(running(RawCamera(silent)))
        installed = enter(
            stack(embedded=True, MODEL="", CAMERA_LOOPBACK="1", CAPTURE_AT_ONCE="6")
        )
        with running(HttpCamera()) as plugged:
            asked = cameras(http, plugged, ports, mute.port, folder)
            query(installed, SETUP % json.dumps(asked))
            installed.start("capture", "manage", "capture")
            alive = installed.folder / "capture.alive"
            assert wait_until(alive.exists, seconds=120)
            ask(installed, folder, 1)
            states = query(installed, STATES)
            assert states["unplugged"] == "ok"
        ask(installed, folder, ROUNDS)
        scene.found = query(installed, LOOK)


STATES = """
from monitor.models import Camera
result = dict(Camera.objects.values_list("name", "state"))
"""


@pytest.fixture(scope="module")
def scene(
    rtsp_ports: tuple[int, int], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Scene]:
    if settings.REDIS_URL:
        pytest.skip("runs with the embedded default")
    made = Scene(Faces())
    folder: Path = tmp_path_factory.mktemp("pictures")
    play(made, rtsp_ports, str(folder))
    yield made


@pytest.mark.parametrize("name", TROUBLES)
def test_each_trouble_is_a_state_with_words(scene: Scene, name: str) -> None:
    state, words = TROUBLES[name]
    assert scene.found["states"][name] == state
    row = re.search(rf">{name}</a>.*?</tr>", scene.found["page"], re.DOTALL)
    assert row
    assert words in row[0]


@pytest.mark.parametrize("name", GOOD)
def test_good_cameras_are_asked_on_time(scene: Scene, name: str) -> None:
    assert scene.found["states"][name] == "ok"
    taken = scene.of(name)
    assert len(taken) >= ROUNDS
    late = [
        datetime.fromisoformat(at) - datetime.fromisoformat(slot)
        for slot, at, _ in taken
    ]
    assert max(late) < LATEST


@pytest.mark.parametrize("name", GOOD)
def test_no_picture_is_taken_twice(scene: Scene, name: str) -> None:
    slots = [slot for slot, *_ in scene.of(name)]
    assert len(set(slots)) == len(slots)
    assert scene.found["counted"][name] == [len(slots), len(slots)]
    if name == "desk":
        assert scene.faces.given == len(slots)


def test_pictures_become_readings(scene: Scene) -> None:
    assert {status for *_, status in scene.of("desk")} == {"done"}
    assert {status for *_, status in scene.of("stream")} == {"no_face"}
    assert scene.found["readings"] >= 2 * ROUNDS
