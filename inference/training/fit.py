"""Training: one resumable run in one folder."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from inference.errors import DataError
from inference.files import write_json
from inference.spec import KERAS_FILE, model_folder
from inference.training.architectures import architecture
from inference.training.augment import Augmentation
from inference.training.data import Asked, Dataset, Part, Source

if TYPE_CHECKING:
    import keras

    from inference.preprocess import InputSpec

RUN = "run"  # the folder of checkpoints inside that of the model
STATE = "state.json"
LAST = "last.keras"
BEST = "best.keras"
CHANGEABLE = ("epochs", "adjust")  # options that may differ when a run is resumed


@dataclass(frozen=True, slots=True)
class FitConfig:
    """Everything that decides the outcome of a run, apart from the data.

    classes: 4, 5, 7 or 8 (`inference.classes.CLASS_SETS`). fer_share: share of
    FER2013's own label in a training target of FER+. extra: auxiliary sources.
    balance: exponent of the class weights; 0 none, 1 every class weighs the same.
    smoothing: share of each target spread evenly (Szegedy et al. 2016).
    patience: epochs without a lower validation loss before stopping.
    adjust: share of the class frequencies taken out of the finished network's logits
    (`adjust_logits`); 0 none, 1 all. precision: "float32", or "mixed_bfloat16" with
    float32 weights (Micikevicius et al. 2018, arXiv 1710.03740), faster where the
    processor multiplies bfloat16. weights: a model folder to start from, or "none".
    """

    arch: str = "dcnn"
    labels: str = "fer"
    epochs: int = 40
    batch_size: int = 64
    seed: int = 1
    learning_rate: float = 1e-3
    balance: float = 0.5
    smoothing: float = 0.0
    patience: int = 10
    adjust: float = 0.0
    classes: int = 5
    fer_share: float = 0.0
    extra: tuple[Source, ...] = ()
    precision: str = "float32"
    weights: str = "none"
    augmentation: Augmentation = field(default_factory=Augmentation)

    @property
    def asked(self) -> Asked:
        """How the training set is to be read."""
        return Asked(self.labels, self.seed, self.classes, self.fer_share, self.extra)

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready, so that a stored run can be compared with an asked one."""
        plain: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return plain


@dataclass
class Progress:
    """What a run knows of itself between epochs; stored after each one."""

    config: dict[str, Any]
    data: dict[str, Any]
    epoch: int = 0
    best_epoch: int = 0
    best_loss: float = float("inf")
    finished: bool = False
    history: list[dict[str, float]] = field(default_factory=list)

    def improved(self, loss: float) -> bool:
        return loss < self.best_loss

    def stale(self, patience: int) -> bool:
        return self.epoch - self.best_epoch >= patience


def fit(
    dataset: Dataset, out: Path, config: FitConfig, *, resume: bool = False
) -> Progress:
    """Train in folder `out`; afterwards `out`/run/best.keras holds the best epoch.

    A run stopped at any moment goes on with `resume=True` and loses at most the
    epoch it was in. Raises DataError for a folder that is already in use.
    """
    run = out / RUN
    progress = _start(run, config, resume)
    if progress is not None and progress.finished:
        return progress
    if progress is None:
        progress = Progress(config.as_dict(), dataset.describe())
    run.mkdir(parents=True, exist_ok=True)
    _run(dataset, run, config, progress)
    return progress


def _start(run: Path, config: FitConfig, resume: bool) -> Progress | None:
    """The stored progress of this very run; None for a fresh start."""
    state = run / STATE
    if not state.is_file():
        return None
    if not resume:
        raise DataError(
            f"{run.parent} holds a run already: add --resume or name a new folder"
        )
    try:
        progress = Progress(**json.loads(state.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise DataError(f"{state} is damaged ({error!r}): delete {run}") from error
    stored = {name: progress.config[name] for name in CHANGEABLE}
    if {**config.as_dict(), **stored} != progress.config:
        raise DataError(
            f"{run.parent} holds a run with other options: {progress.config}"
        )
    if progress.config["epochs"] != config.epochs:
        progress.finished = False
    progress.config = config.as_dict()
    return progress


def learning_rate(config: FitConfig, epoch: int) -> float:
    """Cosine decay over the epochs (Loshchilov and Hutter 2017, arXiv 1608.03983)."""
    share = epoch / max(config.epochs, 1)
    return config.learning_rate * max(0.01, 0.5 * (1 + float(np.cos(np.pi * share))))


def class_weights(part: Part, balance: float) -> np.ndarray:
    """Weight per class, (mean share / its share) ** balance, averaging 1 per row."""
    shares = part.targets.mean(axis=0)
    weights = np.maximum(shares, 1e-6) ** -balance
    weights[shares == 0] = 0
    normalised: np.ndarray = weights / (weights * shares).sum()
    return normalised.astype(np.float32)


def _run(dataset: Dataset, run: Path, config: FitConfig, progress: Progress) -> None:
    import keras

    from inference.training.batches import epoch_batches

    keras.utils.set_random_seed(config.seed + progress.epoch)
    model = _model(run, config, progress)
    inputs = architecture(config.arch).inputs
    train, validation = dataset.parts["train"], dataset.parts["validation"]
    weights = class_weights(train, config.balance)
    for epoch in range(progress.epoch, config.epochs):
        model.optimizer.learning_rate = learning_rate(config, epoch)
        losses = [
            float(model.train_on_batch(*batch))
            for batch in epoch_batches(train, weights, inputs, config, epoch)
        ]
        _close_epoch(model, validation, inputs, run, progress, float(np.mean(losses)))
        if progress.stale(config.patience):
            break
    progress.finished = True
    _store(run, progress)


def _model(run: Path, config: FitConfig, progress: Progress) -> keras.Model:
    import keras

    if progress.epoch:
        return keras.models.load_model(run / LAST)
    arch = architecture(config.arch)
    keras.config.set_dtype_policy(config.precision)
    try:
        model = arch.build(arch.inputs, config.classes)
    finally:
        keras.config.set_dtype_policy("float32")
    if config.weights != "none":
        warm_start(model, model_folder(config.weights))
    model.compile(
        optimizer=arch.optimizer(config.learning_rate),
        loss=keras.losses.CategoricalCrossentropy(label_smoothing=config.smoothing),
    )
    return model


def warm_start(model: keras.Model, folder: Path) -> None:
    """Take over the weights of a trained model of the same shape.

    A last layer for another number of classes keeps its own random weights. Raises
    DataError when any other layer differs.
    """
    import keras

    source = keras.models.load_model(folder / KERAS_FILE, compile=False)
    theirs, ours = source.get_weights(), model.get_weights()
    fits = [a.shape == b.shape for a, b in zip(theirs, ours, strict=False)]
    if len(theirs) != len(ours) or not all(fits[:-2]):
        raise DataError(f"{folder} has another architecture than {model.name}")
    keep = len(ours) if all(fits) else len(ours) - 2
    model.set_weights([*theirs[:keep], *ours[keep:]])


def _close_epoch(
    model: keras.Model,
    validation: Part,
    inputs: InputSpec,
    run: Path,
    progress: Progress,
    train_loss: float,
) -> None:
    """Score the epoch and store everything; the state is written last."""
    from inference.training.batches import predict

    probabilities = predict(model, validation.images, inputs)
    loss = cross_entropy(probabilities, validation)
    hits = probabilities.argmax(axis=1) == validation.labels
    progress.epoch += 1
    progress.history.append(
        {
            "epoch": progress.epoch,
            "loss": train_loss,
            "validation_loss": loss,
            "validation_accuracy": float(hits.mean()),
        }
    )
    if progress.improved(loss):
        progress.best_loss, progress.best_epoch = loss, progress.epoch
        _save(model, run / BEST)
    _save(model, run / LAST)
    _store(run, progress)


def cross_entropy(probabilities: np.ndarray, part: Part) -> float:
    """Mean cross-entropy of (n, k) probabilities against the part's targets, nats."""
    logs = np.log(np.maximum(probabilities, 1e-7))
    return float(-(part.targets * logs).sum(axis=1).mean())


def _save(model: keras.Model, path: Path) -> None:
    temporary = path.with_name(f".writing-{path.name}")
    model.save(temporary)
    temporary.replace(path)


def _store(run: Path, progress: Progress) -> None:
    write_json(run / STATE, asdict(progress))
