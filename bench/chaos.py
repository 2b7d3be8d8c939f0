"""Work against truth: everything is sent twice while things break.

    python -m bench.chaos [--pictures 1000] [--clients 8] [--kills 5] [--embedded]

Eight clients post every picture twice under the same key. Meanwhile the worker is
killed (SIGKILL) again and again and Redis is emptied once. At the end every picture
must be exactly one snapshot, DONE or NO_FACE, with its bytes gone and the day summaries
equal to a recomputation. Exit status 1 when anything differs.
"""

from __future__ import annotations

import argparse
import http.client
import json
import random
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
import redis

from bench.client import Client
from bench.stack import REDIS, Stack, populate, query, stack
from tests.faces import draw_face

LEASE_SECONDS = 3
PATIENCE = 300
FACELESS = 5  # every fifth picture shows nobody

COUNTS = """
from django.db.models import Count
from monitor.models import DailySummary, Reading, Snapshot, SnapshotImage
from monitor.services.summaries import summaries_refresh
S = Snapshot.objects
def summaries():
    rows = DailySummary.objects.order_by("person", "day", "model")
    return [
        [round(v, 9) if isinstance(v, float) else str(v) for v in row]
        for row in rows.values_list(
            "person", "day", "model", "bins", "counted", "unsure", "angry_sum",
            "happy_sum", "neutral_sum", "sad_sum", "surprise_sum")
    ]
before = summaries()
days = set(DailySummary.objects.values_list("person_id", "day"))
summaries_refresh(person_days=days)
result = {
    "snapshots": S.count(),
    "by_status": dict(S.values_list("status").annotate(n=Count("pk"))),
    "attempts": dict(S.values_list("attempts").annotate(n=Count("pk"))),
    "keys": S.values("idempotency_key").distinct().count(),
    "readings": Reading.objects.count(),
    "read_snapshots": Reading.objects.values("snapshot").distinct().count(),
    "pictures_kept": SnapshotImage.objects.count(),
    "summarised": sum(DailySummary.objects.values_list("counted", flat=True))
    + sum(DailySummary.objects.values_list("unsure", flat=True)),
    "summaries_exact": before == summaries(),
}
"""
SNAPSHOTS = "monitor_snapshot"


@dataclass
class Sent:
    """What the clients were told: the ids answered for each key."""

    ids: dict[str, set[int]] = field(default_factory=dict)
    answers: int = 0
    retried: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, key: str, snapshot: int) -> None:
        with self.lock:
            self.ids.setdefault(key, set()).add(snapshot)
            self.answers += 1


def pictures(number: int) -> list[bytes]:
    """Pictures that all differ; most of them show a drawn face."""
    rng = np.random.default_rng(7)
    made: list[bytes] = []
    for n in range(number):
        if n % FACELESS == 0:
            noise = rng.integers(0, 255, (240, 320, 3), dtype=np.uint8)
            smooth = cv2.GaussianBlur(noise, (0, 0), 4)
            made.append(cv2.imencode(".jpg", smooth)[1].tobytes())
        else:
            size = (320 + n % 97, 240 + n % 89)
            made.append(draw_face(size, smile=rng.uniform(-1, 1), share=0.5))
    return made


def send(client: Client, job: tuple[str, bytes, int], sent: Sent) -> None:
    key, picture, person = job
    while True:
        try:
            status, answer = client.post(picture, person=person, key=key)
        except (OSError, http.client.HTTPException):
            status, answer = 0, None
        if status == 202:
            sent.note(key, answer["id"])
            return
        if status and status < 500:
            raise RuntimeError(f"refused: {status} {answer}")
        with sent.lock:
            sent.retried += 1
        time.sleep(0.2)


def send_all(
    running: Stack, token: str, jobs: list[tuple[str, bytes, int]], clients: int
) -> Sent:
    sent = Sent()
    local = threading.local()

    def one(job: tuple[str, bytes, int]) -> None:
        if not hasattr(local, "client"):
            local.client = Client(running.port, token)
        send(local.client, job, sent)

    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(one, jobs))
    return sent


def break_things(running: Stack, kills: int, log: list[str]) -> None:
    """Kill the worker `kills` times in the middle of a batch and empty Redis once."""
    rng = random.Random(7)
    for number in range(1, kills + 1):
        wait_for_work(running)
        time.sleep(rng.uniform(0, 0.25))
        running.kill("worker")
        held = running.count(SNAPSHOTS, "status = 'processing'")
        log.append(f"worker killed over {held} pictures")
        if number == 2 and "REDIS_URL" in running.environment:
            redis.Redis.from_url(REDIS).flushdb()
            log.append("Redis emptied")
        running.start_worker()


def wait_for_work(running: Stack) -> None:
    """Until some worker holds a new claim, not one of a dead one."""
    end = time.monotonic() + PATIENCE
    young = "status = 'processing' AND attempts > 0 AND claimed_at > "
    young += (
        "now() - interval '0.1 s'"
        if "DATABASE_URL" in running.environment
        else "strftime('%Y-%m-%d %H:%M:%f', 'now', '-0.1 seconds')"
    )
    while time.monotonic() < end and not running.count(SNAPSHOTS, young):
        time.sleep(0.01)


def wait_until_finished(running: Stack, pictures: int) -> None:
    end = time.monotonic() + PATIENCE
    finished = "status NOT IN ('pending', 'processing')"
    while running.count(SNAPSHOTS, finished) < pictures and time.monotonic() < end:
        time.sleep(0.5)


def run(options: argparse.Namespace) -> dict[str, Any]:
    made = pictures(options.pictures)
    with stack(embedded=options.embedded, LEASE_SECONDS=str(LEASE_SECONDS)) as running:
        token, people = populate(running, people=5)
        if not options.embedded:
            redis.Redis.from_url(REDIS).flushdb()
        running.start_web()
        running.start_worker()
        running.start_beat()
        jobs = [
            (f"key-{n}", picture, people[n % len(people)])
            for n, picture in enumerate(made)
        ] * 2
        random.Random(7).shuffle(jobs)
        log: list[str] = []
        breaker = threading.Thread(
            target=break_things, args=(running, options.kills, log)
        )
        began = time.monotonic()
        breaker.start()
        sent = send_all(running, token, jobs, options.clients)
        sending = time.monotonic() - began
        breaker.join()
        wait_until_finished(running, options.pictures)
        return {
            "seconds_sending": round(sending, 1),
            "seconds_all": round(time.monotonic() - began, 1),
            "faults": log,
            "answers": sent.answers,
            "sent_again": sent.retried,
            "keys_with_two_ids": sum(len(ids) > 1 for ids in sent.ids.values()),
            **query(running, COUNTS),
        }


def problems(found: dict[str, Any], pictures: int) -> list[str]:
    done = found["by_status"].get("done", 0)
    expected = {
        "snapshots": pictures,
        "keys": pictures,
        "answers": 2 * pictures,
        "keys_with_two_ids": 0,
        "readings": done,
        "read_snapshots": done,
        "summarised": done,
        "pictures_kept": 0,
        "summaries_exact": True,
    }
    wrong = [
        f"{name}: {found[name]} instead of {value}"
        for name, value in expected.items()
        if found[name] != value
    ]
    finished = done + found["by_status"].get("no_face", 0)
    if finished != pictures:
        wrong.append(f"{finished} ended DONE or NO_FACE instead of {pictures}")
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pictures", type=int, default=1000)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--embedded", action="store_true", help="SQLite, file broker")
    options = parser.parse_args()
    found = run(options)
    for name, value in found.items():
        print(f"{name:20} {value}")
    print(json.dumps(found))
    wrong = problems(found, options.pictures)
    for line in wrong:
        print(f"WRONG: {line}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
