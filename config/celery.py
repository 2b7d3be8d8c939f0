"""The Celery application; tasks live in `monitor.tasks`."""

from typing import Any

from celery import Celery
from celery.signals import worker_init, worker_process_init

from config.env import select_settings

select_settings()

app = Celery("config")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["monitor"])


@worker_init.connect
def check_model(**_: Any) -> None:
    """Refuse to start a worker whose model is missing or damaged."""
    from inference import ModelError
    from inference.runtime import active_spec

    try:
        active_spec(_model())
    except ModelError as exc:
        raise SystemExit(f"The worker cannot start: {exc}") from exc


@worker_process_init.connect
def load_model(**_: Any) -> None:
    """Load the model in each process, after the fork, before the first picture."""
    from inference.runtime import get_engine

    get_engine(_model())


def _model() -> str | None:
    from django.conf import settings

    return settings.EMOTION_MODEL or None
