"""From a finished run to a model folder that serving can load."""

from __future__ import annotations

import platform
import tempfile
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from inference.classes import restrict
from inference.classifier import calibrate
from inference.crop import CropSpec
from inference.files import sha256, write_json
from inference.quality import MIN_CONFIDENCE, Gate
from inference.quantify import Quantifier
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

    from inference.preprocess import InputSpec
    from inference.training.data import Part
    from inference.training.fit import FitConfig, Progress

# Chosen on whole photographs; the table is in docs/models.md.
CROP = CropSpec(margin=0.1, shift=-0.05, align=True)
RECORD = "record.json"
LIBRARIES = (
    "keras",
    "tensorflow",
    "tensorflow-cpu",
    "jax",
    "torch",
    "numpy",
    "opencv-python-headless",
    "ai-edge-litert",
)


@dataclass(frozen=True)
class Calibrated:
    """What the validation split says about a trained network.

    quantification: how it errs by class, for correcting ratios; empty for a network
    that is sure of no picture.
    """

    temperature: float
    before: Figures
    after: Figures
    quantification: dict[str, Any]


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


def measure(
    model: keras.Model, part: Part, inputs: InputSpec, classes: tuple[str, ...]
) -> Calibrated:
    """Fit the temperature on `part` and score the network before and after."""
    every = predict(model, part.images, inputs)
    own = part.labels < len(EMOTIONS)
    raw, other = restrict(every[own], classes)
    labels, none = part.labels[own], part.labels[:0]
    temperature = fit_temperature(raw, labels)
    scaled = calibrate(raw, temperature)
    usable = (scaled.max(axis=1) >= MIN_CONFIDENCE) & (other <= Gate().max_other)
    known = Quantifier.fit(scaled, labels, usable).as_dict() if usable.any() else {}
    return Calibrated(
        temperature=temperature,
        before=figures(labels, raw, not_found=none),
        after=figures(labels, scaled, not_found=none),
        quantification=known,
    )


@dataclass(frozen=True)
class Finished:
    """A network and what its folder is to say of it. record: for record.json."""

    model: keras.Model
    architecture: str
    inputs: InputSpec
    classes: tuple[str, ...]
    measured: Calibrated
    seed: int
    data: dict[str, Any]
    record: dict[str, Any]
    command: str = ""


def export(done: Finished, out: Path) -> ModelSpec:
    """Write model.keras, model.tflite, spec.json, record.json and card.md to `out`."""
    out.mkdir(parents=True, exist_ok=True)
    model, measured = done.model, done.measured
    _replace(out / KERAS_FILE, lambda path: model.save(path))
    _replace(out / SERVING_FILE, lambda path: path.write_bytes(to_tflite(model)))
    spec = ModelSpec(
        name=out.resolve().name,
        architecture=done.architecture,
        inputs=done.inputs,
        crop=CROP,
        classes=done.classes,
        temperature=round(measured.temperature, 4),
        sha256={name: sha256(out / name) for name in (KERAS_FILE, SERVING_FILE)},
        command=done.command,
        seed=done.seed,
        data=done.data,
        figures={"validation": measured.after.as_dict()},
        quantification=measured.quantification,
    )
    write_spec(out, spec)
    write_json(out / RECORD, {**done.record, **_facts(model, measured)})
    write_card(out, spec)
    return spec


def run_record(config: FitConfig, progress: Progress) -> dict[str, Any]:
    """What record.json says about a run. Seconds are of training, not of scoring."""
    timed = [row for row in progress.history if "seconds" in row]
    keys = {"seconds": "seconds_per_epoch", "pictures_per_second": None}
    return {
        "config": config.as_dict(),
        "inputs": asdict(config.inputs),
        "data": progress.data,
        "best_epoch": progress.best_epoch,
        "history": progress.history,
        **{
            name or key: float(np.mean([row[key] for row in timed])) if timed else None
            for key, name in keys.items()
        },
    }


def _facts(model: keras.Model, measured: Calibrated) -> dict[str, Any]:
    import keras

    return {
        "temperature": measured.temperature,
        "ece_before_scaling": measured.before.ece,
        "ece_after_scaling": measured.after.ece,
        "validation": measured.after.as_dict(),
        "parameters": model.count_params(),
        "backend": keras.config.backend(),
        "versions": _versions(),
    }


def _versions() -> dict[str, str]:
    """Of Python and of the libraries that a figure can depend on, where installed."""
    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def bare(model: keras.Model, config: FitConfig) -> keras.Model:
    """The same network in float32, without the optimizer's moments."""
    plain = architecture(config.arch).build(config.inputs, config.classes)
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
