"""The whole system as processes of its own, for benchmarks and fault injection.

A stack has its own folder, keys, port and database; nothing of it outlives `stop`.
"""

from __future__ import annotations

import base64
import contextlib
import os
import secrets
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg2

ROOT = Path(__file__).resolve().parent.parent
# The servers of DATABASE_URL and REDIS_URL, else those of this machine; databases of
# their own names are used and dropped, and of Redis the ninth number after this one.
POSTGRES = os.environ.get(
    "DATABASE_URL", "postgres://postgres@127.0.0.1:5432/postgres"
).rpartition("/")[0]


def redis_beside(url: str, further: int) -> str:
    """The same server, another number."""
    server, _, number = url.rpartition("/")
    return f"{server}/{int(number or 0) + further}"


REDIS = redis_beside(os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0"), 9)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Stack:
    """Processes by name; `environment` is what each of them is started with."""

    environment: dict[str, str]
    folder: Path
    port: int
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def manage(self, *args: str) -> str:
        command = [sys.executable, str(ROOT / "manage.py"), *args]
        done = subprocess.run(
            command, env=self.environment, cwd=ROOT, capture_output=True, text=True
        )
        if done.returncode:
            raise RuntimeError(f"{args[0]} failed:\n{done.stdout}{done.stderr}")
        return done.stdout

    def start(self, name: str, *command: str) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", *command],
                env=self.environment,
                cwd=ROOT,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def start_web(self) -> None:
        bind = f"127.0.0.1:{self.port}"
        self.start(
            "web", "gunicorn", "config.wsgi", "-b", bind, "--threads", "4", "-w", "1"
        )
        self.wait_for_web()

    def start_worker(self, name: str = "worker") -> None:
        options = ("--concurrency=1", "--without-gossip", "--without-mingle")
        node = f"{name}@%h"
        self.start(name, "celery", "-A", "config", "worker", "-n", node, *options)

    def start_beat(self) -> None:
        self.start("beat", "celery", "-A", "config", "beat", "--pidfile=")

    def kill(self, name: str) -> None:
        """SIGKILL for the process and all its children; no farewell."""
        process = self.processes.pop(name)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def wait_for_web(self, seconds: float = 60) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with contextlib.suppress(OSError):  # refused, reset, or too slow as yet
                urllib.request.urlopen(f"{self.url}/health/", timeout=5).close()
                return
            time.sleep(0.1)
        raise RuntimeError((self.folder / "web.log").read_text())

    def peak_memory(self, name: str) -> int:
        """Highest resident MiB of the processes of one name, added up."""
        group = self.processes[name].pid
        peaks = 0
        for status in Path("/proc").glob("[0-9]*/status"):
            with contextlib.suppress(OSError, ProcessLookupError):
                if os.getpgid(int(status.parent.name)) == group:
                    lines = status.read_text().splitlines()
                    peak = next(line for line in lines if line.startswith("VmHWM"))
                    peaks += int(peak.split()[1]) // 1024
        return peaks

    def count(self, table: str, where: str = "true") -> int:
        """Rows of a table, asked of the database itself; quick enough to poll."""
        statement = f"SELECT count(*) FROM {table} WHERE {where}"
        url = self.environment.get("DATABASE_URL")
        connection = (
            psycopg2.connect(url)
            if url
            else sqlite3.connect(self.folder / "db.sqlite3")
        )
        try:
            cursor = connection.cursor()
            cursor.execute(statement)
            ((rows,),) = cursor.fetchall()
            return int(rows)
        finally:
            connection.close()

    def stop(self) -> None:
        for process in self.processes.values():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
        for process in self.processes.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=10)
        for name in list(self.processes):
            self.kill(name)


@contextlib.contextmanager
def stack(*, embedded: bool = False, **extra: str) -> Iterator[Stack]:
    """A migrated, empty installation; PostgreSQL and Redis unless `embedded`."""
    folder = Path(tempfile.mkdtemp(prefix="stack-"))
    environment = {
        **os.environ,
        "STATE_DIR": str(folder),
        "SECRET_KEY": secrets.token_urlsafe(60),
        "IMAGE_KEYS": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "UPLOAD_RATE": "1000000/min",
        **extra,
    }
    for variable in ("DATABASE_URL", "REDIS_URL"):
        environment.pop(variable, None)
    name = f"stack_{secrets.token_hex(4)}"
    if not embedded:
        environment["DATABASE_URL"] = f"{POSTGRES}/{name}"
        environment["REDIS_URL"] = REDIS
        _server(f"CREATE DATABASE {name}")
    running = Stack(environment, folder, free_port())
    try:
        running.manage("migrate", "--verbosity", "0")
        yield running
    finally:
        running.stop()
        if not embedded:
            _server(f"DROP DATABASE {name} WITH (FORCE)")
        shutil.rmtree(folder, ignore_errors=True)


def _server(statement: str) -> None:
    connection = psycopg2.connect(f"{POSTGRES}/postgres")
    connection.autocommit = True
    try:
        connection.cursor().execute(statement)
    finally:
        connection.close()


def query(running: Stack, code: str) -> Any:
    """Run Python in the installation's own shell; `code` sets `result`."""
    import json

    script = f"{code}\nimport json; print('RESULT' + json.dumps(result, default=str))"
    out = running.manage("shell", "--no-imports", "-c", script)
    return json.loads(out.rsplit("RESULT", 1)[1])


SETUP = """
from django.contrib.auth.models import User
from rest_framework.authtoken.models import Token
from monitor.models import Organisation, Person, Team
from monitor.services.consent import consent_give
Organisation.objects.create(name="Bench")
user = User.objects.create_superuser("bench")
team = Team.objects.create(name="Bench")
people = [Person(number=f"B{n}", name=f"Bench {n}", team=team) for n in range(%d)]
for person in people:
    person.save()
    consent_give(person=person)
token = Token.objects.create(user=user).key
result = {"token": token, "people": [p.pk for p in people]}
"""


def populate(running: Stack, people: int) -> tuple[str, list[int]]:
    """A token that may send for everybody, and the ids of consenting people."""
    made = query(running, SETUP % people)
    return made["token"], made["people"]
