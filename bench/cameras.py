"""Captures on time: many cameras every minute while the scheduler is killed.

    python -m bench.cameras [--cameras 200] [--minutes 10] [--processes 1] [--fake]

Each camera is an address of a small HTTP server in this process. `manage.py capture`
fetches from all of them; twice it is killed (SIGKILL) and started again at once. Prints
how many pictures were due, made, doubled and forgotten, how late they were against the
schedule's own moments, and a JSON line; ends with 1 when one is doubled, forgotten, or
more than 10 s late. --fake fetches without `capture.pool`. It needs a PostgreSQL
(DATABASE_URL), such as that of `python -m tests.ops.servers FOLDER COMMAND...`.
"""

from __future__ import annotations

import argparse
import io
import json
import signal
import statistics
import sys
import threading
import time
import urllib.request
from collections import Counter
from datetime import UTC, datetime, timedelta
from datetime import time as time_of_day
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
from PIL import Image

from bench.stack import Stack, query, stack
from capture import Shot, Source
from monitor.capture_schedule import Schedule, Stretch

Plan = set[tuple[str, datetime]]
ON_TIME = 10.0
KILLS = 2
MINUTE = timedelta(minutes=1)
ALWAYS = tuple(Stretch(day, time_of_day(0), time_of_day(0)) for day in range(7))
SETUP = """
from datetime import time
from monitor.models import Camera, CaptureHours, Organisation, Person, Team
from monitor.services.camera_schedule import cameras_reschedule
from monitor.services.capture import capture_account
from monitor.services.consent import consent_give
Organisation.objects.create(name="Bench", time_zone="UTC")
capture_account()
team = Team.objects.create(name="Bench")
people = [Person(number=f"B{n}", name=f"Bench {n}", team=team) for n in range(%(n)d)]
for person in people:
    person.save()
    consent_give(person=person)
cameras = Camera.objects.bulk_create(
    Camera(name=f"Camera {n}", person=person, kind="snapshot", every_minutes=1,
           jitter_seconds=%(jitter)d, address=f"%(url)s/{n}.jpg")
    for n, person in enumerate(people))
CaptureHours.objects.bulk_create(
    CaptureHours(weekday=n, begins=time(0), ends=time(0)) for n in range(7))
cameras_reschedule()
result = [camera.pk for camera in cameras]
"""
MADE = """
from monitor.models import Camera, CameraDay, Snapshot
from django.db.models import Sum
rows = Snapshot.objects.filter(source="camera")
result = {
    "made": [(key, at.isoformat())
             for key, at in rows.values_list("idempotency_key", "taken_at")],
    "attempts": CameraDay.objects.aggregate(n=Sum("attempts"))["n"],
    "states": sorted(set(Camera.objects.values_list("state", flat=True))),
}
"""


class Server:
    """As many cameras as asked for; no two of their pictures are alike."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        asked, rng, lock = self.asked, np.random.default_rng(7), threading.Lock()

        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                with lock:
                    asked[self.path] += 1
                    pixels = rng.integers(0, 255, (30, 40, 3), dtype=np.uint8)
                picture = io.BytesIO()
                Image.fromarray(pixels).resize((320, 240)).save(picture, "JPEG")
                self.send_response(200)
                self.send_header("Content-Type", "image/jpeg")
                self.send_header("Content-Length", str(picture.tell()))
                self.end_headers()
                self.wfile.write(picture.getvalue())

            def log_message(self, *_: object) -> None:
                """Two hundred lines a minute help nobody."""

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()


class Plain:
    """Stands for `capture.pool.Pool`."""

    def fetch(self, source: Source) -> Shot:
        with urllib.request.urlopen(source.address, timeout=8) as answer:
            return Shot(answer.read(), datetime.now(UTC), 0)


def process() -> None:
    """What `manage.py capture` does, with the plain fetcher."""
    import django

    django.setup()
    from django.conf import settings

    from monitor.capture_runner import Runner

    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    at_once, heartbeat = settings.CAPTURE_AT_ONCE, settings.CAPTURE_HEARTBEAT
    Runner(Plain(), at_once=at_once, heartbeat=heartbeat).run(stop)


def start(running: Stack, name: str, *, fake: bool) -> float:
    """Seconds until the process does its work."""
    began = time.monotonic()
    alive = running.folder / "capture.alive"
    alive.unlink(missing_ok=True)
    command = ["bench.cameras", "--process"] if fake else ["django", "capture"]
    running.start(name, *command)
    # Others write the file, too, so that with several of them this may be too short.
    while not alive.exists():
        if running.processes[name].poll() is not None:
            raise RuntimeError((running.folder / f"{name}.log").read_text()[-3000:])
        time.sleep(0.05)
    return time.monotonic() - began


def expected(cameras: list[int], jitter: int, since: datetime, until: datetime) -> Plan:
    """Key and moment of each picture that the schedule asks for."""
    found = set()
    for pk in cameras:
        plan = Schedule(pk, MINUTE, timedelta(seconds=jitter), ALWAYS, (), UTC)
        moment = plan.next_after(since)
        while moment and moment < until:
            found.add((f"camera:{pk}:{moment.isoformat()}", moment))
            moment = plan.next_after(moment)
    return found


def run(options: argparse.Namespace) -> dict[str, Any]:
    server = Server()
    extra = {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "CAMERA_LOOPBACK": "1",
        "CAMERA_NETWORKS": "127.0.0.0/8",
        "CAPTURE_AT_ONCE": str(options.at_once),
    }
    setup = {"n": options.cameras, "jitter": options.jitter, "url": server.url}
    with stack(embedded=False, **extra) as running:
        cameras = query(running, SETUP % setup)
        names = [f"capture{n}" for n in range(options.processes)]
        starts = [start(running, name, fake=options.fake) for name in names]
        since = datetime.now(UTC) + timedelta(seconds=1)
        until = since + options.minutes * MINUTE
        part = options.minutes * 60 / (KILLS + 1)
        for n in range(KILLS):
            time.sleep(part)
            name = names[n % len(names)]
            running.kill(name)
            starts.append(start(running, name, fake=options.fake))
        time.sleep(max(0.0, (until - datetime.now(UTC)).total_seconds()) + ON_TIME + 2)
        found = query(running, MADE)
    plan = expected(cameras, options.jitter, since, until)
    return count(plan, found["made"]) | {
        "asked": sum(server.asked.values()),
        "attempts": found["attempts"],
        "states": found["states"],
        "seconds_to_start": [round(each, 1) for each in starts],
        "processes": options.processes,
        "cameras": options.cameras,
        "minutes": options.minutes,
    }


def count(plan: Plan, made: list[list[str]]) -> dict[str, Any]:
    """Pictures against plan; lateness in seconds from the moment that was planned."""
    moments = dict(plan)
    taken = [(key, datetime.fromisoformat(at)) for key, at in made if key in moments]
    times = Counter(key for key, _ in taken)
    late = sorted((at - moments[key]).total_seconds() for key, at in taken) or [0.0]
    return {
        "due": len(plan),
        "made": len(times),
        "doubled": sum(n - 1 for n in times.values()),
        "forgotten": len(plan) - len(times),
        "late": sum(seconds > ON_TIME for seconds in late),
        "median_s": round(statistics.median(late), 2),
        "p99_s": round(late[int(0.99 * (len(late) - 1))], 2),
        "max_s": round(late[-1], 2),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--cameras", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--jitter", type=int, default=20, help="seconds")
    parser.add_argument("--at-once", type=int, default=8)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--fake", action="store_true", help="without capture.pool")
    parser.add_argument("--process", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.process:
        process()
        return 0
    found = run(options)
    for name, value in found.items():
        print(f"{name:20} {value}")
    print(json.dumps(found))
    return 1 if found["doubled"] or found["forgotten"] or found["late"] else 0


if __name__ == "__main__":
    sys.exit(main())
