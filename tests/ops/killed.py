"""Starting long work of `manage.py` in a process of its own and ending it halfway."""

from __future__ import annotations

import contextlib
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import psycopg2
from django.conf import settings

from bench.stack import ROOT, Stack, stack

PATIENCE = 120


@dataclass
class Work:
    """A command, how far it is by rows of a table, and what it said in the end."""

    running: Stack
    words: tuple[str, ...]
    table: str
    where: str = "true"
    rng: random.Random = field(default_factory=lambda: random.Random(7))

    def done(self) -> int:
        return self.running.count(self.table, self.where)

    def start(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "manage.py", *self.words],
            env=self.running.environment,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=_listening,
        )

    def end_halfway(
        self, number: signal.Signals, rows: tuple[int, int]
    ) -> subprocess.CompletedProcess[str]:
        """Send the signal once between so many rows, at random, have been added."""
        wanted = self.done() + self.rng.randint(*rows)
        process = self.start()
        end = time.monotonic() + PATIENCE
        while self.done() < wanted and time.monotonic() < end:
            if process.poll() is not None:
                break
            time.sleep(0.02)
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(number)
        said, errors = process.communicate(timeout=PATIENCE)
        return subprocess.CompletedProcess(self.words, process.returncode, said, errors)


def _listening() -> None:
    """A shell that runs tests in the background has its children ignore Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def ask(running: Stack, statement: str) -> Any:
    """The one row that a statement answers with, without starting a process."""
    url = running.environment.get("DATABASE_URL")
    path = running.folder / "db.sqlite3"
    connection = psycopg2.connect(url) if url else sqlite3.connect(path, timeout=30)
    with contextlib.closing(connection), connection:
        cursor = connection.cursor()
        cursor.execute(statement)
        return cursor.fetchone() if cursor.description else None


def is_writing(running: Stack) -> bool:
    """Whether somebody has a transaction that will change something."""
    if "DATABASE_URL" in running.environment:
        others = "datname = current_database() AND backend_xid IS NOT NULL"
        return running.count("pg_stat_activity", others) > 0
    connection = sqlite3.connect(
        running.folder / "db.sqlite3", timeout=0, isolation_level=None
    )
    with contextlib.closing(connection):
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return True
    return False


def plain(value: Any) -> float | str:
    """A value of a row, for comparing; PostgreSQL hands over bytes as a memoryview."""
    if isinstance(value, float):
        return round(value, 9)
    return str(bytes(value) if isinstance(value, memoryview) else value)


@contextlib.contextmanager
def installation(**extra: str) -> Iterator[Stack]:
    """An empty one on the kind of servers that these tests run on."""
    with stack(embedded=not settings.REDIS_URL, **extra) as running:
        yield running
