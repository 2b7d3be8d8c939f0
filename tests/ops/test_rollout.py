"""Two real workers, and a model that is changed while pictures keep coming."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from django.conf import settings

from bench.chaos import Sent, send, wait_until_finished
from bench.client import Client
from bench.stack import Stack, populate, query, stack
from tests.faces import draw_face
from tests.monitor.models_of import twin
from tests.ops.processes import wait_until

READINGS = """
from monitor.models import Reading, Snapshot
rows = Reading.objects.values_list(
    "model", "snapshot__claimed_at", "snapshot__finished_at", "snapshot_id")
result = {
    "readings": [
        [model, claimed.timestamp(), finished.timestamp(), snapshot]
        for model, claimed, finished, snapshot in rows
    ],
    "snapshots": list(Snapshot.objects.values_list("pk", "status")),
}
"""
WORKERS = ("worker-a", "worker-b")
QUIET = ("--concurrency=1", "--without-gossip", "--without-mingle")


class Switch(NamedTuple):
    """A command that made `version` active some time between `begun` and `done`."""

    version: str
    begun: float
    done: float


def now() -> float:
    return datetime.now(UTC).timestamp()


def start_worker(running: Stack, name: str) -> None:
    """One that says in its log when it has done a task."""
    words = ("celery", "-A", "config", "worker", "-n", f"{name}@%h", "-l", "INFO")
    running.start(name, *words, *QUIET)


def logs(running: Stack) -> list[str]:
    return [(running.folder / f"{name}.log").read_text() for name in WORKERS]


def keep_sending(running: Stack, token: str, person: int, end: threading.Event) -> Sent:
    client, sent = Client(running.port, token), Sent()
    number = 0
    while not end.is_set():
        picture = draw_face((320 + number % 97, 240), share=0.5)
        send(client, (f"key-{number}", picture, person), sent)
        number += 1
        time.sleep(0.02)
    return sent


def switch(running: Stack, *command: str) -> Switch:
    begun = now()
    words = running.manage("models", *command).split()
    done = now()
    time.sleep(1.5)
    return Switch(next(word for word in words if "@" in word), begun, done)


def change_models(running: Stack, folder: Path) -> list[Switch]:
    """Before any change, then there and back while pictures come."""
    begun = now()
    running.manage("models", "import", str(folder))
    words = running.manage("models", "list").split()
    first = Switch(words[words.index("use:") + 1], begun - 60, begun)
    changes = (("activate", folder.name), ("rollback",))
    return [first, *(switch(running, *change) for change in changes)]


def run(folder: Path, *, embedded: bool) -> tuple[list[Switch], dict[str, Any]]:
    # Full batches call the other worker, so they are kept small.
    with stack(embedded=embedded, MODEL="", BATCH_SIZE="2") as running:
        token, (person,) = populate(running, people=1)
        running.start_web()
        for name in WORKERS:
            start_worker(running, name)
        running.start_beat()
        assert wait_until(lambda: all("ready." in log for log in logs(running)))
        end = threading.Event()
        sender = threading.Thread(
            target=keep_sending, args=(running, token, person, end)
        )
        sender.start()
        try:
            switches = change_models(running, folder)
        finally:
            end.set()
            sender.join()
        wait_until_finished(running, running.count("monitor_snapshot"))
        worked = all("analyse_waiting[" in log for log in logs(running))
        return switches, query(running, READINGS) | {"both_worked": worked}


def was_active(switches: list[Switch], row: list[Any]) -> bool:
    """Whether its model can have been active between claim and result."""
    model, claimed, finished, _ = row
    ends = [later.done for later in switches[1:]] + [float("inf")]
    return any(
        change.version == model and claimed < end and finished > change.begun
        for change, end in zip(switches, ends, strict=True)
    )


def check(switches: list[Switch], found: dict[str, Any]) -> None:
    rows = found["readings"]
    assert found["both_worked"]
    assert {row[0] for row in rows} == {change.version for change in switches}
    assert [row for row in rows if not was_active(switches, row)] == []
    assert {status for _, status in found["snapshots"]} == {"done"}
    assert sorted(row[3] for row in rows) == sorted(pk for pk, _ in found["snapshots"])
    batches = defaultdict(set)
    for model, claimed, _, _ in rows:
        batches[claimed].add(model)
    assert [models for models in batches.values() if len(models) > 1] == []


@pytest.mark.slow
@pytest.mark.model
@pytest.mark.skipif(bool(settings.REDIS_URL), reason="runs with the embedded default")
def test_on_one_machine_every_picture_is_read_by_an_active_model(
    tmp_path: Path,
) -> None:
    check(*run(twin(tmp_path), embedded=True))


@pytest.mark.slow
@pytest.mark.services
@pytest.mark.model
@pytest.mark.skipif(not settings.REDIS_URL, reason="no REDIS_URL: needs both servers")
def test_on_postgresql_every_picture_is_read_by_an_active_model(
    tmp_path: Path,
) -> None:
    check(*run(twin(tmp_path), embedded=False))
