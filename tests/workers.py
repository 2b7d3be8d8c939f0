"""What each process of `pytest -n` has for itself: a state folder, databases of Redis.

Loaded by `-p tests.workers`, which is before the settings read the environment. The
test database of each process is made by pytest-django.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

KEYS = ("secret_key", "image_keys")
# Tests use number 0 of their Redis, and others below this (`bench.stack`).
APART = 16


def number_of(worker: str) -> int:
    """0 of gw0, and so on."""
    return int(worker.removeprefix("gw"))


def own_folder(shared: Path, worker: str) -> Path:
    """A folder in that of all, with the same keys."""
    folder = shared / worker
    folder.mkdir(mode=0o700, exist_ok=True)
    for name in KEYS:
        if (shared / name).exists():
            shutil.copy2(shared / name, folder / name)
    return folder


def own_redis(url: str, worker: str) -> str:
    """The same server, another number."""
    server, _, number = url.rpartition("/")
    return f"{server}/{int(number or 0) + APART * number_of(worker)}"


def _separate(worker: str) -> None:
    if state := os.environ.get("STATE_DIR"):
        os.environ["STATE_DIR"] = str(own_folder(Path(state), worker))
    if redis := os.environ.get("REDIS_URL"):
        os.environ["REDIS_URL"] = own_redis(redis, worker)


if name := os.environ.get("PYTEST_XDIST_WORKER"):
    _separate(name)
