"""Each command of docker-compose.yml starts and works, outside of a container."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest
import redis
from django.conf import settings

from bench.stack import redis_beside
from config.prepare import make_keys
from config.probe import web_answers
from tests.ops.compose import environment, ours
from tests.ops.processes import ROOT, clean_environment, run, wait_until
from tests.ops.servers import free_port

pytestmark = pytest.mark.slow
DATABASE = f"commands_{os.getpid()}"


@contextlib.contextmanager
def database(folder: Path) -> Iterator[str]:
    """An empty database of the kind that these tests run on."""
    main = settings.DATABASES["default"]
    if not main["ENGINE"].endswith("postgresql"):
        yield f"sqlite:///{folder}/db.sqlite3"
        return
    server = (
        f"postgres://{main['USER']}:{main['PASSWORD']}@{main['HOST']}:{main['PORT']}"
    )
    connection = psycopg2.connect(f"{server}/postgres")
    connection.autocommit = True
    with contextlib.closing(connection), connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {DATABASE}")
        try:
            yield f"{server}/{DATABASE}"
        finally:
            cursor.execute(f"DROP DATABASE {DATABASE} WITH (FORCE)")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """What the containers get: secrets, a state folder, a migrated database."""
    folder = tmp_path_factory.mktemp("containers")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("SECRET_KEY", "IMAGE_KEYS"):
            patch.delenv(name, raising=False)
        make_keys(folder / "secrets")
    with database(folder) as url:
        (folder / "secrets" / "database_url").write_text(url)
        env = service_environment("migrate", folder)
        done = run(command("migrate"), env, seconds=300)
        assert done.returncode == 0, done.stderr
        yield folder


def command(name: str, **changes: str) -> list[str]:
    words = [changes.get(word, word) for word in ours()[name]["command"]]
    assert words[0] == "python"
    return [sys.executable, *words[1:]]


def service_environment(name: str, folder: Path) -> dict[str, str]:
    env = clean_environment(folder, **environment(ours()[name], folder))
    # Redis only where these tests have one, and there a corner of its own.
    url = settings.REDIS_URL
    env["REDIS_URL"] = redis_beside(url, 7) if url else ""
    return env


@contextlib.contextmanager
def running(argv: list[str], env: dict[str, str], log: Path) -> Iterator[None]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            argv, env=env, cwd=ROOT, stdout=output, stderr=output, process_group=0
        )
    try:
        yield
        assert process.poll() is None, log.read_text()
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(20)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def test_the_database_is_complete(folder: Path) -> None:
    argv = [sys.executable, "manage.py", "migrate", "--check"]
    assert run(argv, service_environment("migrate", folder)).returncode == 0


def test_the_web_serves_and_is_healthy(folder: Path, tmp_path: Path) -> None:
    port = free_port()
    bind = {"--bind=0.0.0.0:8000": f"--bind=127.0.0.1:{port}"}
    env, log = service_environment("web", folder), tmp_path / "log"
    with running(command("web", **bind), env, log):
        healthy = wait_until(lambda: web_answers(port, host="localhost"))
        assert healthy, log.read_text()


def test_the_worker_takes_work_and_answers_its_health_check(
    folder: Path, tmp_path: Path
) -> None:
    env, log = service_environment("worker", folder), tmp_path / "log"
    ready = folder / "state" / "worker.ready"
    with running(command("worker"), env, log):
        assert wait_until(ready.exists, seconds=60), log.read_text()
        if env["REDIS_URL"]:
            probe = ours()["worker"]["healthcheck"]["test"]
            assert probe[:2] == ["CMD", "python"]
            done = run([sys.executable, *probe[2:]], env)
            assert done.returncode == 0, done.stderr
    assert not ready.exists()


def test_the_scheduler_sends_work(folder: Path, tmp_path: Path) -> None:
    env, log = service_environment("beat", folder), tmp_path / "log"
    messages = folder / "state" / "broker" / "messages"
    queue = redis.Redis.from_url(env["REDIS_URL"]) if env["REDIS_URL"] else None
    if queue:
        queue.flushdb()

    def waiting() -> bool:
        return bool(queue.llen("celery") if queue else list(messages.glob("*.msg")))

    with running(command("beat"), env, log):
        assert wait_until(waiting, seconds=40), log.read_text()


def test_capture_looks_for_cameras_and_shows_that_it_lives(
    folder: Path, tmp_path: Path
) -> None:
    env, log = service_environment("capture", folder), tmp_path / "log"
    probe = [sys.executable, *ours()["capture"]["healthcheck"]["test"][2:]]
    assert run(probe, env).returncode == 1
    with running(command("capture"), env, log):
        alive = folder / "state" / "capture.alive"
        assert wait_until(alive.exists, seconds=60), log.read_text()
        assert run(probe, env).returncode == 0
    assert not alive.exists()


def test_a_missing_secret_is_said_plainly(tmp_path: Path) -> None:
    done = run(command("migrate"), service_environment("migrate", tmp_path))
    assert done.returncode == 2
    assert "SECRET_KEY_FILE: No such file or directory" in done.stderr
