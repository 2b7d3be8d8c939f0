"""`bin/demo`: the whole product on one machine, under one supervisor."""

import argparse
import fcntl
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from django.conf import settings

from config import env
from config.probe import capture_works, web_answers
from config.supervisor import Command, Supervisor, say
from config.worker import ready_file

READY_WITHIN = 90  # seconds


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bin/demo", description=__doc__)
    parser.add_argument("port", nargs="?", type=int, help="the same as --port")
    parser.add_argument("--port", dest="named_port", type=int, metavar="PORT")
    options = parser.parse_args(arguments)
    options.port = options.named_port or options.port or 8000
    if not 1 <= options.port <= 65535:
        parser.error(f"{options.port} is no port; choose one from 1024 to 65535")
    return options


def take_lock(path: Path, port: int) -> IO[str]:
    """Hold the file as long as this process lives; a crash lets it go by itself."""
    file = path.open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        sys.exit(
            f"A demo already runs from {path.parent}: {file.read().strip()}.\n"
            "Stop it with Ctrl-C there, or set STATE_DIR to another folder."
        )
    file.truncate(0)
    file.write(f"process {os.getpid()}, port {port}\n")
    file.flush()
    return file


def check_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as exc:
            sys.exit(
                f"Port {port} cannot be used ({exc.strerror}). "
                f"Choose another one: bin/demo --port {port + 1}"
            )


def commands(port: int, site: str) -> list[Command]:
    python, manage = sys.executable, str(env.ROOT / "manage.py")
    host = urlsplit(site).hostname or "localhost"
    celery = (python, "-m", "celery", "-A")
    web = "--no-control-socket --access-logfile=- "
    web += f"--bind=127.0.0.1:{port} --workers=1 --threads=4"
    worker = "--pool=prefork --concurrency=1 --without-gossip --without-mingle"
    return [
        Command(
            "web",
            (python, "-m", "gunicorn", "config.wsgi", *web.split()),
            ready=lambda: web_answers(port, host=host, timeout=1),
        ),
        Command(
            "worker",
            (*celery, "config.worker", "worker", *worker.split()),
            ready=ready_file().exists,
        ),
        # No pid file: a stale one would stop the next start, and the lock suffices.
        Command("scheduler", (*celery, "config", "beat", "--pidfile=")),
        Command("capture", (python, manage, "capture"), ready=capture_works),
    ]


def greet(site: str) -> None:
    password = (settings.STATE_DIR / "demo_password").read_text().strip()
    say(
        f"\nReady: {site}\n"
        "  user names  admin, health, it, employee\n"
        f"  password    {password}\n"
        f"  logs        {settings.STATE_DIR / 'log'}\n"
        "Ctrl-C stops everything."
    )


def main(arguments: list[str]) -> int:
    port: int = parse(arguments).port
    environment = env.for_child(SITE_URL=f"http://localhost:{port}")
    lock = take_lock(settings.STATE_DIR / "demo.pid", port)
    with lock:
        check_port(port)
        seed = [sys.executable, str(env.ROOT / "manage.py"), "seed_demo"]
        if subprocess.run(seed, env=environment, check=False).returncode:  # noqa: S603
            say("The demonstration data could not be made; see above.")
            return 1
        ready_file().unlink(missing_ok=True)
        settings.CAPTURE_HEARTBEAT.unlink(missing_ok=True)
        site = environment["SITE_URL"]
        logs = settings.STATE_DIR / "log"
        supervisor = Supervisor(commands(port, site), logs=logs, env=environment)
        return supervisor.run(ready_within=READY_WITHIN, on_ready=lambda: greet(site))


if __name__ == "__main__":
    env.select_settings()
    sys.exit(main(sys.argv[1:]))
