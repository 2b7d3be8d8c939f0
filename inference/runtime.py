"""The engine that worker processes share between their tasks: one per process."""

from __future__ import annotations

import os
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from inference.spec import ModelSpec, active_name, load_spec, model_folder

if TYPE_CHECKING:
    from inference.engine import Engine

_engines: dict[tuple[int, Path], Engine] = {}
_lock = Lock()


def active_spec(model: str | None = None) -> ModelSpec:
    """Spec of a model, the active one by default, without loading its weights.

    Cheap. Raises ModelError.
    """
    return load_spec(model_folder(model or active_name()))


def get_engine(model: str | None = None) -> Engine:
    """The process's engine for a model's name or folder; default: the active model.

    Loaded at the first call in each process, hence after a fork: interpreters hold
    threads, and threads do not survive one. Raises ModelError.
    """
    from inference.engine import Engine

    folder = model_folder(model or active_name()).resolve()
    key = (os.getpid(), folder)
    with _lock:
        if key not in _engines:
            _engines[key] = Engine.load(folder)
        return _engines[key]


os.register_at_fork(after_in_child=_engines.clear)
