"""The Celery application; tasks live in `monitor.tasks`."""

import logging
from typing import Any

from celery import Celery
from celery.signals import worker_init, worker_process_init

from config.env import select_settings

select_settings()
log = logging.getLogger(__name__)

app = Celery("config")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["monitor"])


@worker_init.connect
def check_model(**_: Any) -> None:
    """Refuse to start a worker whose model is missing or damaged."""
    from django.db import DatabaseError, connections

    from inference import ModelError
    from inference.spec import load_spec
    from monitor.services import serving

    try:
        load_spec(serving.folder_of(serving.in_use().live))
    except (ModelError, OSError) as exc:
        raise SystemExit(f"The worker cannot start: {exc}") from exc
    except DatabaseError as exc:
        log.warning("the database does not say which model is in use: %s", exc)
    finally:
        connections.close_all()  # none may be shared with the processes to come


@worker_process_init.connect
def load_model(**_: Any) -> None:
    """Load the model in each process, after the fork, before the first picture."""
    from inference.runtime import get_engine
    from monitor.services import serving

    serving.load(serving.in_use().live, get_engine)
