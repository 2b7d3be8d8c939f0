"""Every architecture trained on FER2013 under one stated budget: the papers' table.

    python -m bench.architectures --data PATH --budget-seconds N [--out DIR]
        --json DIR [--only NAME ...] [--seed 1]
    python -m bench.architectures --json DIR --table

Each network gets N seconds of training on two threads by the processor's clock, so
that a busy machine takes nothing away, with FER2013's labels and seven classes (eight
where it was published with eight), and its own augmentation and preprocessing; the
learning rate falls over the budget, no weights are pretrained, the best epoch on
PublicTest is kept. Heavy networks get smaller pictures, and a part of PublicTest. Then:
accuracy on PrivateTest without copies of training pictures, of seven classes and of
the product's five; parameters; multiplications; size; milliseconds per face through
LiteRT (one thread, batches of 1 and 32, preprocessing included). With --out the models
are kept, and `ensemble:a,b` averages the calibrated answers of those that are there.
One JSON file per network; those that have one are skipped. --table prints the Markdown
table of the files that are there; `bench.tables` writes the same into docs/models.md.
"""

from __future__ import annotations

import argparse
import json
import math
import shutil
import statistics
import sys
import tempfile
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from bench.tables import budgeted, records_in
from inference.classes import CLASS_SETS, restrict
from inference.classifier import Classifier
from inference.errors import DataError, InferenceError
from inference.files import write_json
from inference.spec import KERAS_FILE, SERVING_FILE
from inference.training.architectures import ARCHITECTURES, architecture
from inference.training.budget import Budget
from inference.training.data import (
    Asked,
    Dataset,
    Part,
    for_evaluation,
    for_training,
)
from inference.training.ensemble import PREFIX, train_ensemble
from inference.training.fit import RUN, FitConfig
from inference.training.options import Asking
from inference.training.train import config_for, train_on
from inference.types import EMOTIONS

SEVEN = CLASS_SETS[7]
THREADS = 2
BATCHES = (1, 32)
ROUNDS = 15
EPOCHS = 10_000  # more than any budget lasts
# Side of the pictures of networks that take seconds per batch at their own size.
SMALLER = {
    "manuelnet": 112,
    "vgg16": 48,
    "mobilenet": 96,
    "resnet50": 48,
    "resnet50-8": 48,
    "resnet50v2": 48,
    "senet50": 48,
}
# Members must be prepared alike; these are measured where the models are kept.
ENSEMBLES = (
    "ensemble:baseline,deepfer,fivelayer",
    "ensemble:seresnet,seresnet13,seresnet14",
)
AVERAGE = "mean of calibrated answers, Lakshminarayanan et al. 2017, arXiv 1612.01474"
CHOOSING = 1000  # pictures of PublicTest that heavy networks choose their epoch on


def config_of(name: str, seed: int) -> FitConfig:
    """What the network is trained with; the budget ends it, not the epochs."""
    own = architecture(name)
    config = config_for(
        name,
        classes=max(own.classes, len(SEVEN)),
        epochs=EPOCHS,
        patience=EPOCHS,
        seed=seed,
        size=SMALLER.get(name, 0),
    )
    return replace(config, weights="none")


def part_of(part: Part, count: int, seed: int) -> Part:
    """So many pictures drawn at random."""
    rows = np.random.default_rng(seed).permutation(len(part))[:count]
    return replace(part, images=part.images[rows], targets=part.targets[rows])


def of_size(dataset: Dataset, config: FitConfig) -> Dataset:
    """The data set as a network of these classes sees it."""
    missing = config.classes - len(SEVEN)

    def wider(part: Part) -> Part:
        padded = np.pad(part.targets, ((0, 0), (0, missing)))
        return replace(part, targets=padded.astype(np.float32))

    parts = {name: wider(part) for name, part in dataset.parts.items()}
    if config.arch in SMALLER:
        parts["validation"] = part_of(parts["validation"], CHOOSING, config.seed)
    return replace(dataset, parts=parts)


def accuracies(raw: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Of answers (n, k): among seven classes, and of the five among themselves."""
    five = labels < len(EMOTIONS)
    among, _ = restrict(raw[five], SEVEN)
    seven = raw[:, : len(SEVEN)].argmax(axis=1) == labels
    return {
        "accuracy_7": float(seven.mean()),
        "accuracy_5": float((among.argmax(axis=1) == labels[five]).mean()),
        "n_7": int(len(labels)),
        "n_5": int(five.sum()),
    }


def milliseconds(classifier: Classifier, crops: np.ndarray) -> float:
    """Median per face of batches, with preprocessing; the first one warms up."""
    found = []
    for _ in range(ROUNDS + 1):
        started = time.perf_counter()
        classifier(crops)
        found.append(1000 * (time.perf_counter() - started) / len(crops))
    return statistics.median(found[1:])


def multiplications(model: Any) -> int:
    """Of one picture on its way through the convolutions and dense layers."""
    total = 0
    for layer in model.layers:
        if hasattr(layer, "layers"):
            total += multiplications(layer)
        elif hasattr(layer, "kernel"):
            places = math.prod(layer.output.shape[1:-1])
            total += places * math.prod(layer.kernel.shape)
    return total


def measure(
    name: str, dataset: Dataset, test: Part, options: argparse.Namespace
) -> dict[str, Any]:
    """Train one network within the budget, or average some, and say what it is."""
    with tempfile.TemporaryDirectory() as temporary:
        out = (options.out or Path(temporary)) / file_name(name)
        if members(name):
            course = average(name, out, options)
        else:
            course = learn(name, dataset, out, options)
        found = facts(out, test)
    return {
        "architecture": name,
        "budget_seconds": options.budget_seconds,
        "own_size": found["inputs"]["size"],
        **course,
        **found,
        "seed": options.seed,
    }


def learn(
    name: str, dataset: Dataset, out: Path, options: argparse.Namespace
) -> dict[str, Any]:
    """Train a network into the folder `out`; how far the budget brought it."""
    shutil.rmtree(out / RUN, ignore_errors=True)  # a stopped one begins anew
    config = config_of(name, options.seed)
    budget = Budget(options.budget_seconds, THREADS)
    own = of_size(dataset, config)
    started = time.perf_counter()
    history = train_on(own, out, config, budget=budget).progress.history
    seen = sum(row["pictures_per_second"] * row["seconds"] for row in history)
    return {
        "source": architecture(name).source,
        "spent_seconds": round(budget.spent, 1),
        "wall_seconds": round(time.perf_counter() - started, 1),
        "pictures_seen": round(seen),
        "epochs": round(seen / max(len(own.parts["train"]), 1), 2),
        "chosen_on": len(own.parts["validation"]),
        "own_size": architecture(name).inputs.size,
    }


def average(name: str, out: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Write the mean of kept models to the folder `out`; what they had together.

    Raises DataError where one has not been measured, and as `train_ensemble`.
    """
    found = {row["architecture"]: row for row in records_in(options.json)}
    missing = [one for one in members(name) if one not in found]
    if missing:
        raise DataError(f"{name}: measure {', '.join(missing)} first")
    folders = ",".join(str(options.out / one) for one in members(name))
    asked = {"classes": len(SEVEN), "seed": options.seed}
    train_ensemble(Asking(PREFIX + folders, options.data, out, asked))
    rows = [found[one] for one in members(name)]
    keys = ("spent_seconds", "wall_seconds", "pictures_seen", "epochs")
    sums = {key: round(sum(row[key] for row in rows), 2) for key in keys}
    return {"source": AVERAGE, **sums}


def facts(out: Path, test: Part) -> dict[str, Any]:
    """What the finished model in the folder `out` is, costs and can do."""
    import keras

    classifier = Classifier(out, threads=1)
    parts = np.array_split(test.images, max(1, len(test) // max(BATCHES)))
    raw = np.concatenate([classifier.raw(p) for p in tqdm(parts, desc="test")])
    model = keras.models.load_model(out / KERAS_FILE, compile=False)
    record = json.loads((out / "record.json").read_text(encoding="utf-8"))
    return {
        "inputs": asdict(classifier.spec.inputs),
        "classes": len(classifier.spec.classes),
        "parameters": record["parameters"],
        "multiplications": multiplications(model),
        "mib": round((out / SERVING_FILE).stat().st_size / 2**20, 2),
        "ms": {
            str(batch): round(milliseconds(classifier, test.images[:batch]), 3)
            for batch in BATCHES
        },
        **accuracies(raw, test.labels),
        "versions": record["versions"],
    }


def members(name: str) -> list[str]:
    """Of an ensemble; none of a network."""
    return name.removeprefix(PREFIX).split(",") if name.startswith(PREFIX) else []


def file_name(name: str) -> str:
    return name.replace(":", "-").replace(",", "-")


def wanted(options: argparse.Namespace) -> list[str]:
    """Names of networks and ensembles; raises DataError for unknown ones."""
    usual = [*ARCHITECTURES, *(ENSEMBLES if options.out else ())]
    names: list[str] = options.only or usual
    for name in names:
        for one in members(name) or [name]:
            architecture(one)
        if members(name) and not options.out:
            raise DataError(f"{name} needs the models of its members: add --out DIR")
    return names


def work(options: argparse.Namespace) -> None:
    """Measure what has no record yet."""
    records = {
        name: options.json / f"{file_name(name)}.json" for name in wanted(options)
    }
    left = [name for name, path in records.items() if not path.is_file()]
    if not left:
        return
    options.json.mkdir(parents=True, exist_ok=True)
    asked = Asked(seed=options.seed, classes=len(SEVEN))
    dataset = for_training(options.data, asked)
    held = for_evaluation(options.data, "fer", "test", classes=SEVEN)
    for name in left:
        found = measure(name, dataset, held.parts["test"], options)
        write_json(records[name], found)
        print(json.dumps(found), flush=True)


def seconds(text: str) -> float:
    number = float(text)
    if not number > 0:
        raise argparse.ArgumentTypeError("must be above 0")
    return number


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, help="fer2013.csv or a folder with it")
    parser.add_argument("--budget-seconds", type=seconds, default=600.0)
    parser.add_argument(
        "--only", nargs="+", metavar="NAME", help="networks, or ensemble:a,b"
    )
    parser.add_argument("--out", type=Path, help="keep the models in this folder")
    parser.add_argument("--json", type=Path, required=True, help="folder of records")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--table", action="store_true", help="print the table and end")
    return parser


def main(words: list[str] | None = None) -> None:
    parser = arguments()
    options = parser.parse_args(words)
    if not options.table and options.data is None:
        parser.error("--data is needed, or --table")
    try:
        if not options.table:
            work(options)
    except InferenceError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit("stopped; the same command goes on with the next network")
    print(budgeted(records_in(options.json)))


if __name__ == "__main__":
    main()
