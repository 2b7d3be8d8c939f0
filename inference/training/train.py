"""The whole of `manage.py train`: data in, model folder out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from inference.training.architectures import architecture
from inference.training.data import Dataset, for_training
from inference.training.export import Calibrated, adjust_logits, bare, export, measure
from inference.training.fit import BEST, RUN, FitConfig, Progress, fit

if TYPE_CHECKING:
    from pathlib import Path

    from inference.spec import ModelSpec


@dataclass(frozen=True)
class Trained:
    """A finished training."""

    spec: ModelSpec
    progress: Progress
    measured: Calibrated


def train(
    data: Path, out: Path, config: FitConfig, *, resume: bool = False, command: str = ""
) -> Trained:
    """Fit, calibrate on the validation split and export to the folder `out`.

    Raises DataError for unusable data, unknown options or a folder in use.
    """
    import keras

    arch = architecture(config.arch)
    dataset: Dataset = for_training(data, config.asked, arch.work_side)
    progress = fit(dataset, out, config, resume=resume)
    model = bare(keras.models.load_model(out / RUN / BEST, compile=False), config)
    adjust_logits(model, dataset.parts["train"], config)
    measured = measure(model, dataset.parts["validation"], config)
    spec = export(model, out, config, progress, measured, command)
    return Trained(spec, progress, measured)
