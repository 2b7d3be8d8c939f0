"""Training: one resumable run in one folder."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from inference.crop import CROP_SIDE
from inference.errors import DataError
from inference.files import write_json, write_text
from inference.training.architectures import architecture
from inference.training.augment import Augmentation
from inference.training.data import Asked, Dataset, Part, Source
from inference.training.history import plot
from inference.training.schedule import Phase, cosine, phase_of, plateau
from inference.training.start import (
    LAST,
    enter_phase,
    first_model,
    is_pretrained,
    load_last,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    import keras

    from inference.preprocess import InputSpec
    from inference.training.budget import Budget

RUN = "run"  # the folder of checkpoints inside that of the model
STATE = "state.json"
BEST = "best.keras"
HISTORY = "history.svg"
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
    processor multiplies bfloat16. weights: what to start from: a model folder,
    "imagenet" or a weights file for a backbone, or "none". size, colour ("rgb",
    "gray"), equalise, scale ("fixed", "per_image"): 0 and "" are the architecture's.
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
    size: int = 0
    colour: str = ""
    equalise: str = ""
    scale: str = ""

    @property
    def asked(self) -> Asked:
        """How the training set is to be read."""
        return Asked(
            self.labels,
            self.seed,
            self.classes,
            self.fer_share,
            self.extra,
            self.inputs.is_colour,
        )

    @property
    def inputs(self) -> InputSpec:
        """The architecture's preprocessing with what was asked for instead."""
        own = architecture(self.arch).inputs
        changes: dict[str, Any] = {}
        if self.size:
            changes["size"] = self.size
        if self.colour:
            rgb = self.colour == "rgb"
            changes["colour"] = "rgb" if rgb else "gray_replicated"
            changes["channels"] = 3 if rgb else own.channels
        if self.equalise:
            changes["equalise"] = self.equalise
        if self.scale and self.scale != own.standardise:
            changes |= {"standardise": self.scale, "means": (), "order": "rgb"}
            changes |= {"scale": 1 / 255, "offset": 0.0}
        return replace(own, **changes)

    @property
    def work_side(self) -> int:
        """Side at which pictures are held; serving never has more than CROP_SIDE."""
        own = architecture(self.arch).work_side
        return max(own, min(self.size, CROP_SIDE))

    @property
    def phases(self) -> tuple[Phase, ...]:
        """What is frozen when: with a pretrained backbone only."""
        return architecture(self.arch).phases if is_pretrained(self.weights) else ()

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


@dataclass(frozen=True)
class _Work:
    """One run: its folder, what was asked and how far it is."""

    run: Path
    config: FitConfig
    progress: Progress


def fit(
    dataset: Dataset,
    out: Path,
    config: FitConfig,
    *,
    resume: bool = False,
    budget: Budget | None = None,
) -> Progress:
    """Train in folder `out`; afterwards `out`/run/best.keras holds the best epoch.

    A run stopped at any moment goes on with `resume=True` and loses at most the
    epoch it was in. With a budget it ends within an epoch when that is spent. Raises
    DataError for a folder that is already in use.
    """
    run = out / RUN
    progress = _start(run, config, resume)
    if progress is not None and progress.finished:
        return progress
    if progress is None:
        progress = Progress(config.as_dict(), dataset.describe())
    _run(dataset, _Work(run, config, progress), budget)
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
    # Runs of earlier versions lack the options that came later.
    first = FitConfig().as_dict()
    before = {**first, **progress.config}
    augmentation = {**first["augmentation"], **before["augmentation"]}
    before["augmentation"] = augmentation
    stored = {name: before[name] for name in CHANGEABLE}
    if {**config.as_dict(), **stored} != before:
        raise DataError(
            f"{run.parent} holds a run with other options: {progress.config}"
        )
    if progress.config["epochs"] != config.epochs:
        progress.finished = False
    progress.config = config.as_dict()
    return progress


def learning_rate(
    config: FitConfig,
    epoch: int,
    losses: Sequence[float] = (),
    share: float | None = None,
) -> float:
    """Rate of an epoch counted from 0, after the validation losses of those before.

    share: how much of the run is over, where that is not a matter of epochs.
    """
    schedule = architecture(config.arch).schedule
    phase = phase_of(config.phases, epoch)
    rate = config.learning_rate * (phase.rate if phase else 1.0)
    if schedule == "cosine":
        done = epoch / max(config.epochs, 1) if share is None else share
        return rate * cosine(done)
    return rate * (plateau(losses) if schedule == "plateau" else 1.0)


def class_weights(part: Part, balance: float) -> np.ndarray:
    """Weight per class, (mean share / its share) ** balance, averaging 1 per row."""
    shares = part.targets.mean(axis=0)
    weights = np.maximum(shares, 1e-6) ** -balance
    weights[shares == 0] = 0
    normalised: np.ndarray = weights / (weights * shares).sum()
    return normalised.astype(np.float32)


def _run(data: Dataset, work: _Work, budget: Budget | None) -> None:
    import keras

    config, progress = work.config, work.progress
    keras.utils.set_random_seed(config.seed + progress.epoch)
    model = load_last(work.run) if progress.epoch else first_model(config)
    work.run.mkdir(parents=True, exist_ok=True)
    for epoch in range(progress.epoch, config.epochs):
        enter_phase(model, config, epoch)
        if budget:
            budget.go_on()
        row = _learn(model, data.parts["train"], work, budget)
        _close_epoch(model, data.parts["validation"], work, row)
        if progress.stale(config.patience) or (budget and budget.over):
            break
    progress.finished = True
    _store(work.run, progress)


def _learn(
    model: keras.Model, train: Part, work: _Work, budget: Budget | None
) -> dict[str, float]:
    """One epoch over the training part, or what the budget leaves of it."""
    from inference.training.batches import epoch_batches

    config, epoch = work.config, work.progress.epoch
    weights = class_weights(train, config.balance)
    losses = [row["validation_loss"] for row in work.progress.history]
    model.optimizer.learning_rate = learning_rate(config, epoch, losses)
    logs, pictures, started = list[dict[str, float]](), 0, time.perf_counter()
    for batch in epoch_batches(train, weights, config.inputs, config, epoch):
        if budget:
            share = budget.share
            model.optimizer.learning_rate = learning_rate(config, epoch, losses, share)
        logs.append(model.train_on_batch(*batch, return_dict=True))
        pictures += len(batch[0])
        if budget and budget.spend():
            break
    seconds = time.perf_counter() - started
    means = {name: float(np.mean([log[name] for log in logs])) for name in logs[0]}
    speed = {"seconds": seconds, "pictures_per_second": pictures / seconds}
    return {"epoch": epoch + 1, **means, **speed}


def _close_epoch(
    model: keras.Model, validation: Part, work: _Work, row: dict[str, float]
) -> None:
    """Score the epoch and store everything; the state is written last."""
    from inference.training.batches import predict

    run, progress = work.run, work.progress
    probabilities = predict(model, validation.images, work.config.inputs)
    loss = cross_entropy(probabilities, validation)
    hits = probabilities.argmax(axis=1) == validation.labels
    scored = {"validation_loss": loss, "validation_accuracy": float(hits.mean())}
    progress.epoch += 1
    progress.history.append({**row, **scored})
    if progress.improved(loss):
        progress.best_loss, progress.best_epoch = loss, progress.epoch
        _save(model, run / BEST)
    _save(model, run / LAST)
    _store(run, progress)
    write_text(run.parent / HISTORY, plot(progress.history))


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
