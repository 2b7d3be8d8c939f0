"""From a finished run to a model folder that serving can load."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from inference.classes import CLASS_SETS, restrict
from inference.classifier import calibrate
from inference.crop import CropSpec
from inference.files import sha256, write_json
from inference.spec import KERAS_FILE, SERVING_FILE, ModelSpec, write_spec
from inference.training.architectures import architecture
from inference.training.batches import predict
from inference.training.calibrate import fit_temperature
from inference.training.card import write_card
from inference.training.fit import class_weights
from inference.training.metrics import Figures, figures
from inference.types import EMOTIONS

if TYPE_CHECKING:
    from collections.abc import Callable

    import keras

    from inference.training.data import Part
    from inference.training.fit import FitConfig, Progress

# Chosen on whole photographs; the table is in docs/models.md.
CROP = CropSpec(margin=0.0, shift=-0.05, align=True)
RECORD = "record.json"


@dataclass(frozen=True)
class Calibrated:
    """What the validation split says about a trained network."""

    temperature: float
    before: Figures
    after: Figures


def adjust_logits(model: keras.Model, train: Part, config: FitConfig) -> None:
    """Lower each class's logit by `config.adjust` times the log of its frequency.

    Post-hoc logit adjustment (Menon et al. 2021, arXiv 2007.07314, equation 9) with
    the frequencies that the class weights left: a network trained on data in which
    three faces are neutral for each sad one calls a doubtful face neutral.
    """
    shares = train.targets.mean(axis=0) * class_weights(train, config.balance)
    rarest = shares[: len(EMOTIONS)].min()  # the other classes are never shown
    logs = np.log(np.maximum(shares / shares.sum(), max(rarest, 1e-3)))
    kernel, bias = model.layers[-1].get_weights()
    model.layers[-1].set_weights([kernel, bias - config.adjust * logs])


def measure(model: keras.Model, part: Part, config: FitConfig) -> Calibrated:
    """Fit the temperature on `part` and score the network before and after."""
    every = predict(model, part.images, architecture(config.arch).inputs)
    own = part.labels < len(EMOTIONS)
    raw, _ = restrict(every[own], CLASS_SETS[config.classes])
    labels, none = part.labels[own], part.labels[:0]
    temperature = fit_temperature(raw, labels)
    return Calibrated(
        temperature=temperature,
        before=figures(labels, raw, not_found=none),
        after=figures(labels, calibrate(raw, temperature), not_found=none),
    )


def export(
    model: keras.Model,
    out: Path,
    config: FitConfig,
    progress: Progress,
    measured: Calibrated,
    command: str,
) -> ModelSpec:
    """Write model.keras, model.tflite, spec.json, record.json and card.md to `out`."""
    arch = architecture(config.arch)
    _replace(out / KERAS_FILE, lambda path: model.save(path))
    _replace(out / SERVING_FILE, lambda path: path.write_bytes(to_tflite(model)))
    spec = ModelSpec(
        name=out.resolve().name,
        architecture=config.arch,
        inputs=arch.inputs,
        crop=CROP,
        classes=CLASS_SETS[config.classes],
        temperature=round(measured.temperature, 4),
        sha256={name: sha256(out / name) for name in (KERAS_FILE, SERVING_FILE)},
        command=command,
        seed=config.seed,
        data=progress.data,
        figures={"validation": measured.after.as_dict()},
    )
    write_spec(out, spec)
    write_json(out / RECORD, _record(config, progress, measured))
    write_card(out, spec)
    return spec


def _record(
    config: FitConfig, progress: Progress, measured: Calibrated
) -> dict[str, Any]:
    return {
        "config": config.as_dict(),
        "data": progress.data,
        "best_epoch": progress.best_epoch,
        "temperature": measured.temperature,
        "ece_before_scaling": measured.before.ece,
        "ece_after_scaling": measured.after.ece,
        "validation": measured.after.as_dict(),
        "history": progress.history,
    }


def bare(model: keras.Model, config: FitConfig) -> keras.Model:
    """The same network in float32, without the optimizer's moments."""
    arch = architecture(config.arch)
    plain = arch.build(arch.inputs, config.classes)
    plain.set_weights(model.get_weights())
    return plain


def to_tflite(model: keras.Model) -> bytes:
    """The model as float32 LiteRT bytes; the only step that needs TensorFlow."""
    import tensorflow as tf

    with tempfile.TemporaryDirectory() as folder:
        model.export(folder, format="tf_saved_model", verbose=False)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        content: bytes = converter.convert()
    return content


def _replace(path: Path, write: Callable[[Path], object]) -> None:
    temporary = path.with_name(f".writing-{path.name}")
    write(temporary)
    temporary.replace(path)
