"""The whole of `manage.py train`: data in, model folder out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from inference.classes import CLASS_SETS
from inference.errors import DataError
from inference.training.architectures import architecture
from inference.training.data import Dataset, for_training
from inference.training.export import (
    Calibrated,
    Finished,
    adjust_logits,
    bare,
    export,
    measure,
    run_record,
)
from inference.training.fit import BEST, RUN, FitConfig, Progress, fit
from inference.training.start import check_weights

if TYPE_CHECKING:
    from pathlib import Path

    from inference.spec import ModelSpec
    from inference.training.budget import Budget


SMALLEST, LARGEST = 16, 512  # sides of pictures that a network may be built for


@dataclass(frozen=True)
class Trained:
    """A finished training."""

    spec: ModelSpec
    progress: Progress
    measured: Calibrated


def config_for(arch: str, **asked: Any) -> FitConfig:
    """What was asked for, and the architecture's own values where that is None.

    Raises DataError.
    """
    own = architecture(arch)
    size = asked.get("size") or 0
    if size and not SMALLEST <= size <= LARGEST:
        raise DataError(f"--size must be between {SMALLEST} and {LARGEST}, not {size}")
    defaults = {
        "classes": own.classes,
        "learning_rate": own.learning_rate,
        "batch_size": own.batch_size,
        "patience": own.patience,
        "augmentation": own.augmentation,
    }
    given = {name: value for name, value in asked.items() if value is not None}
    if damage := given.pop("damage", 0.0):
        defaults["augmentation"] = replace(own.augmentation, damage=damage)
    return FitConfig(**{**defaults, **given, "arch": arch})


def train(
    data: Path, out: Path, config: FitConfig, *, resume: bool = False, command: str = ""
) -> Trained:
    """Fit, calibrate on the validation split and export to the folder `out`.

    Raises DataError for unusable data, unknown options or a folder in use.
    """
    check_weights(config)
    dataset = for_training(data, config.asked, config.work_side)
    return train_on(dataset, out, config, resume=resume, command=command)


def train_on(
    dataset: Dataset,
    out: Path,
    config: FitConfig,
    *,
    resume: bool = False,
    command: str = "",
    budget: Budget | None = None,
) -> Trained:
    """As `train`, on pictures that are read already."""
    import keras

    classes = CLASS_SETS[config.classes]
    progress = fit(dataset, out, config, resume=resume, budget=budget)
    model = bare(keras.models.load_model(out / RUN / BEST, compile=False), config)
    adjust_logits(model, dataset.parts["train"], config)
    validation = dataset.parts["validation"]
    measured = measure(model, validation, config.inputs, classes)
    done = Finished(
        model=model,
        architecture=config.arch,
        inputs=config.inputs,
        classes=classes,
        measured=measured,
        seed=config.seed,
        data=progress.data,
        record=run_record(config, progress),
        command=command,
    )
    return Trained(export(done, out), progress, measured)
