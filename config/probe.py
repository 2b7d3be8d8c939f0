"""Asks a process of this machine whether it works; for the demo and for containers.

`python -m config.probe` asks the web process, `python -m config.probe worker` the
worker of this host; `python -m config.probe capture` looks for a sign of life of the
process that fetches. They end with 0 when the answer is right.
"""

import http.client
import socket
import sys
import time
from urllib.parse import urlsplit

from django.conf import settings

from config import env
from config.celery import app

DEFAULT_SITE = "http://localhost:8000"
PORT = 8000
SIGN_OF_LIFE = 30  # seconds


def web_answers(port: int, *, host: str, timeout: float = 5) -> bool:
    """`host` is the name of the site: requests under other names are refused."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request("GET", "/health/", headers={"Host": host})
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def worker_answers(name: str, *, timeout: float = 5) -> bool:
    return name in (app.control.ping(destination=[name], timeout=timeout) or [{}])[0]


def capture_works() -> bool:
    """It looks twice a second; while it waits for the database it says nothing."""
    try:
        last = settings.CAPTURE_HEARTBEAT.stat().st_mtime
    except OSError:
        return False
    return time.time() - last < SIGN_OF_LIFE


def main(arguments: list[str]) -> int:
    if arguments == ["worker"]:
        return 0 if worker_answers(f"worker@{socket.gethostname()}") else 1
    if arguments == ["capture"]:
        return 0 if capture_works() else 1
    host = urlsplit(env.text("SITE_URL", DEFAULT_SITE)).hostname or "localhost"
    return 0 if web_answers(PORT, host=host) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
