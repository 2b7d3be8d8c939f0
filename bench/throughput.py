"""Pictures per second, from the bare decoder to the whole system, in one run.

    python -m bench.throughput [--pictures 640] [--embedded] [--size 640x480]

(a) JPEG decode alone · (b) decode, detect, cut and classify in a hand-written loop ·
(c) `inference.analyse` in batches of 32 · (d) API, queue, worker and database, with web
and worker on the same cores, on PostgreSQL and Redis or embedded. (a) to (c) take
turns, so that a busy machine slows them alike; the median of the rounds counts. Prints
a table and a JSON line.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import cv2
import numpy as np

from bench.client import Client
from bench.stack import Stack, populate, query, stack
from inference import analyse, crop
from inference.classifier import Classifier
from inference.light import serving_detector
from inference.spec import active_name, model_folder
from tests.faces import draw_scene

BATCH = 32
ROUNDS = 5
CLIENTS = 4
FINISHED = """
from django.db.models import Max, Min
from monitor.models import Snapshot
spans = Snapshot.objects.aggregate(a=Min("received_at"), b=Max("finished_at"))
result = {
    "seconds": (spans["b"] - spans["a"]).total_seconds(),
    "done": Snapshot.objects.filter(status="done").count(),
    "waiting": Snapshot.objects.unfinished().count(),
}
"""


def pictures(number: int, size: tuple[int, int]) -> list[bytes]:
    """JPEGs of one drawn face under sensor noise; no two are alike."""
    rng = np.random.default_rng(7)
    scene = draw_scene(size, share=0.5).astype(np.int16)
    made = []
    for _ in range(number):
        noise = rng.normal(0, 4, scene.shape).astype(np.int16)
        noisy = np.clip(scene + noise, 0, 255).astype(np.uint8)
        options = [cv2.IMWRITE_JPEG_QUALITY, 88]
        made.append(cv2.imencode(".jpg", noisy[..., ::-1], options)[1].tobytes())
    return made


def decode(data: bytes) -> Any:
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)


def by_hand() -> Callable[[list[bytes]], None]:
    """The shortest loop that does the work with the same detector and network."""
    detector = serving_detector()
    network = Classifier(model_folder(active_name()))

    def loop(batch: list[bytes]) -> None:
        for data in batch:
            rgb = cv2.cvtColor(decode(data), cv2.COLOR_BGR2RGB)
            faces = detector.detect(rgb)
            assert faces
            network(crop.cut(rgb, faces[0], network.spec.crop)[None])

    return loop


def in_batches(made: list[bytes]) -> None:
    for start in range(0, len(made), BATCH):
        frames = analyse(made[start : start + BATCH])
        assert all(frame.faces for frame in frames)


def rates(made: list[bytes]) -> dict[str, float]:
    ways: dict[str, Callable[[list[bytes]], object]] = {
        "a": lambda batch: [decode(data) for data in batch],
        "b": by_hand(),
        "c": in_batches,
    }
    for way in ways.values():
        way(made[:BATCH])
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            began = time.perf_counter()
            way(made)
            seconds[name].append(time.perf_counter() - began)
    return {
        name: len(made) / statistics.median(values) for name, values in seconds.items()
    }


def send(running: Stack, token: str, people: list[int], made: list[bytes]) -> None:
    local = threading.local()

    def one(job: tuple[int, bytes]) -> None:
        if not hasattr(local, "client"):
            local.client = Client(running.port, token)
        number, picture = job
        person = people[number % len(people)]
        status, answer = local.client.post(picture, person=person, key=f"k{number}")
        assert status == 202, answer

    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(one, enumerate(made)))


def whole_way(made: list[bytes], *, embedded: bool) -> dict[str, float]:
    with stack(embedded=embedded) as running:
        token, people = populate(running, people=20)
        running.start_web()
        running.start_worker()
        time.sleep(8)  # the worker has loaded its model
        began = time.perf_counter()
        send(running, token, people, made)
        sending = time.perf_counter() - began
        while (found := query(running, FINISHED))["waiting"]:
            time.sleep(0.5)
        assert found["done"] == len(made), found
        return {
            "d": len(made) / found["seconds"],
            "accepted": len(made) / sending,
            "web_mib": running.peak_memory("web"),
            "worker_mib": running.peak_memory("worker"),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pictures", type=int, default=640)
    parser.add_argument("--size", default="640x480")
    parser.add_argument("--embedded", action="store_true", help="SQLite, file broker")
    options = parser.parse_args()
    width, height = map(int, options.size.split("x"))
    made = pictures(options.pictures, (width, height))
    cv2.setNumThreads(1)
    found = rates(made[: min(len(made), 256)])
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    found |= {"library_mib": memory, **whole_way(made, embedded=options.embedded)}
    print(f"{options.size}, {len(made[0]) / 1024:.0f} kB, {len(made)} pictures")
    for name, text in {
        "a": "JPEG decode alone",
        "b": "decode, detect, classify by hand",
        "c": f"inference.analyse, batches of {BATCH}",
        "d": "API, queue, worker, database",
    }.items():
        share = found[name] / found["b"]
        print(f"({name}) {text:36} {found[name]:7.1f} /s  {share:5.2f} of (b)")
    for name in ("accepted", "library_mib", "web_mib", "worker_mib"):
        print(f"{name:40} {found[name]:7.1f}")
    print(json.dumps({name: round(value, 2) for name, value in found.items()}))


if __name__ == "__main__":
    main()
