"""The application as a worker runs it: `celery -A config.worker worker`.

It leaves a file in the state folder once the worker takes work.
"""

import os
from pathlib import Path
from typing import Any

from celery.signals import worker_ready, worker_shutting_down
from django.conf import settings

from config.celery import app

__all__ = ["app"]


def ready_file() -> Path:
    return settings.STATE_DIR / "worker.ready"


@worker_ready.connect
def note_ready(**_: Any) -> None:
    ready_file().write_text(str(os.getpid()))


@worker_shutting_down.connect
def note_end(**_: Any) -> None:
    ready_file().unlink(missing_ok=True)
