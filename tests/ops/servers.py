"""Runs a command with a PostgreSQL and a Redis of its own that end with it.

`python -m tests.ops.servers FOLDER COMMAND...` starts both on free ports with their
data below FOLDER and hands their addresses to the command. Servers of this machine are
left alone: the tests create, flush and drop what they like. Ends with 69
(EX_UNAVAILABLE) when a server is not installed.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import psycopg2
import redis

from config.supervisor import follow_parent

UNAVAILABLE = 69
START_SECONDS = 30
DEBIAN_POSTGRES = Path("/usr/lib/postgresql")
# The data of a test need not survive a power failure.
POSTGRES_OPTIONS = (
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
)
# It would count the rows of a table while a test that rolls back fills it, find none,
# and every plan after that would join all rows with all, as if there were none.
NO_COUNTING = "autovacuum=off"


def find_program(name: str) -> str | None:
    """Debian keeps the server programs of PostgreSQL outside of PATH."""
    if found := shutil.which(name):
        return found
    places = sorted(DEBIAN_POSTGRES.glob(f"*/bin/{name}"), reverse=True)
    return str(places[0]) if places else None


def missing() -> list[str]:
    names = ("initdb", "postgres", "redis-server")
    return [name for name in names if not find_program(name)]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def server_user() -> str | None:
    """PostgreSQL refuses to run as root."""
    return "nobody" if os.getuid() == 0 else None


@contextlib.contextmanager
def running(argv: Sequence[str], log: Path, user: str | None) -> Iterator[None]:
    with log.open("ab") as output:
        process = subprocess.Popen(
            argv,
            stdout=output,
            stderr=output,
            user=user,
            cwd="/",
            start_new_session=True,
            preexec_fn=follow_parent(signal.SIGINT),
        )
    try:
        yield
    finally:
        # PostgreSQL would wait for its clients after SIGTERM.
        process.send_signal(signal.SIGINT)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_for_postgres(url: str, log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while True:
        try:
            psycopg2.connect(url).close()
            return
        except psycopg2.OperationalError:
            if time.monotonic() > end:
                sys.exit(f"PostgreSQL does not start:\n{log.read_text()}")
            time.sleep(0.1)


@contextlib.contextmanager
def postgres(folder: Path, *more: str) -> Iterator[str]:
    """Yield the address of a new server; its one user may do everything.

    more: settings beyond those that every test needs.
    """
    data, log = folder / "postgres", folder / "postgres.log"
    port, user = free_port(), server_user()
    data.mkdir(mode=0o700)
    if user:
        folder.chmod(0o711)
        shutil.chown(data, user)
    make = [str(find_program("initdb")), "--pgdata", str(data), "--username=postgres"]
    make += ["--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]
    subprocess.run(make, check=True, user=user, cwd="/", stdout=subprocess.DEVNULL)
    argv = [str(find_program("postgres")), "-D", str(data), "-p", str(port)]
    argv += [part for option in (*POSTGRES_OPTIONS, *more) for part in ("-c", option)]
    with running(argv, log, user):
        url = f"postgres://postgres@127.0.0.1:{port}/postgres"
        wait_for_postgres(url, log)
        yield url


@contextlib.contextmanager
def redis_server(folder: Path) -> Iterator[str]:
    port = free_port()
    argv = [str(find_program("redis-server")), "--port", str(port)]
    argv += ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    argv += ["--databases", "256"]  # each process of tests has some (tests.workers)
    with running(argv, folder / "redis.log", user=None):
        url = f"redis://127.0.0.1:{port}/0"
        client = redis.Redis.from_url(url)
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            with contextlib.suppress(redis.ConnectionError):
                client.ping()
                break
            time.sleep(0.05)
        client.close()
        yield url


def main(folder: Path, command: Sequence[str]) -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if absent := missing():
        sys.stderr.write(f"not installed: {', '.join(absent)}\n")
        return UNAVAILABLE
    with postgres(folder, NO_COUNTING) as database, redis_server(folder) as broker:
        env = os.environ | {"DATABASE_URL": database, "REDIS_URL": broker}
        return subprocess.run(command, env=env, preexec_fn=follow_parent()).returncode


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
