"""The models that worker processes share between their tasks: at most two of them.

One engine, and beside it one classifier for a model that only reads along. Another one
takes the place of the last, so a change of model does not fill the memory.
"""

from __future__ import annotations

import os
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from inference.errors import CorruptModel
from inference.spec import ModelSpec, active_name, load_spec, model_folder

if TYPE_CHECKING:
    from inference.classifier import Classifier
    from inference.engine import Engine

_engines: dict[tuple[int, Path], Engine] = {}
_classifiers: dict[tuple[int, Path], Classifier] = {}
_lock = Lock()


def active_spec(model: str | Path | None = None) -> ModelSpec:
    """Spec of a model, the active one by default, without loading its weights.

    Cheap. Raises ModelError.
    """
    return load_spec(model_folder(model or active_name()))


def get_engine(model: str | Path | None = None) -> Engine:
    """The process's engine for a model's name or folder; default: the active model.

    Loaded at the first call in each process, hence after a fork: interpreters hold
    threads, and threads do not survive one. Raises ModelError.
    """
    from inference.engine import Engine

    folder = model_folder(model or active_name()).resolve()
    key = (os.getpid(), folder)
    with _lock:
        if key not in _engines:
            engine = Engine.load(folder)
            _engines.clear()
            _engines[key] = engine
        return _engines[key]


def get_classifier(model: str | Path) -> Classifier:
    """The process's second network, for faces that the engine has cut already.

    Raises ModelError.
    """
    from inference.classifier import Classifier

    folder = model_folder(model).resolve()
    key = (os.getpid(), folder)
    with _lock:
        if key not in _classifiers:
            classifier = Classifier(folder)
            _classifiers.clear()
            _classifiers[key] = classifier
        return _classifiers[key]


def check_serving(model: str | Path) -> None:
    """Load a model as a worker would and let it answer on a blank crop.

    Raises ModelError when it cannot, or when the answer is no five probabilities.
    """
    import numpy as np

    from inference.classifier import Classifier
    from inference.crop import CROP_SIDE
    from inference.types import EmotionScores

    folder = model_folder(model)
    try:
        classifier = Classifier(folder)
        planes = (3,) if classifier.spec.inputs.is_colour else ()
        crops = np.full((1, CROP_SIDE, CROP_SIDE, *planes), 128, np.uint8)
        (row,) = classifier(crops)
        EmotionScores.from_array(row.tolist())
    except (ValueError, RuntimeError, TypeError) as error:
        raise CorruptModel(
            f"{folder.name} does not answer on a blank face ({error}): export it again"
        ) from error


def _forget() -> None:
    _engines.clear()
    _classifiers.clear()


os.register_at_fork(after_in_child=_forget)
