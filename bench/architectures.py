"""Every architecture trained on FER2013 under one stated budget: the papers' table.

    python -m bench.architectures --data PATH --budget-seconds N [--only a,b]
        [--out DIR] --json DIR [--seed 1]
    python -m bench.architectures --json DIR --table

Each network gets N seconds of training on two threads by the processor's clock, so
that a busy machine takes nothing away, with FER2013's labels and seven classes (eight
where it was published with eight), and its own augmentation and preprocessing; the
learning rate falls over the budget, no weights are pretrained, the best epoch on
PublicTest is kept. Heavy networks get smaller pictures, and a part of PublicTest. Then:
accuracy on PrivateTest without copies of training pictures, of seven classes and of
the product's five; parameters; size; milliseconds per face through LiteRT (one thread,
batch 32, preprocessing included). One JSON file per network; those that have one are
skipped. --table prints the Markdown table of the files that are there.
"""

from __future__ import annotations

import argparse
import json
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

from inference.classes import CLASS_SETS, restrict
from inference.classifier import Classifier
from inference.errors import InferenceError
from inference.files import write_json
from inference.spec import SERVING_FILE
from inference.training.architectures import ARCHITECTURES, architecture
from inference.training.budget import Budget
from inference.training.data import Dataset, Part, for_evaluation, for_training
from inference.training.fit import RUN, FitConfig
from inference.training.train import config_for, train_on
from inference.types import EMOTIONS

SEVEN = CLASS_SETS[7]
THREADS = 2
BATCH = 32
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


def measure(
    name: str, dataset: Dataset, test: Part, options: argparse.Namespace
) -> dict[str, Any]:
    """Train one network within the budget and say what became of it."""
    config = config_of(name, options.seed)
    budget = Budget(options.budget_seconds, THREADS)
    with tempfile.TemporaryDirectory() as temporary:
        out = Path(temporary) / name
        if options.out:
            out = options.out / name
            shutil.rmtree(out / RUN, ignore_errors=True)  # a stopped one begins anew
        started = time.perf_counter()
        own = of_size(dataset, config)
        trained = train_on(own, out, config, budget=budget)
        wall = time.perf_counter() - started
        classifier = Classifier(out, threads=1)
        parts = np.array_split(test.images, max(1, len(test) // BATCH))
        raw = np.concatenate([classifier.raw(p) for p in tqdm(parts, desc="test")])
        speed = milliseconds(classifier, test.images[:BATCH])
        size = (out / SERVING_FILE).stat().st_size / 2**20
        record = json.loads((out / "record.json").read_text(encoding="utf-8"))
    return {
        **_course(trained.progress.history, len(own.parts["train"])),
        "architecture": name,
        "source": architecture(name).source,
        "budget_seconds": options.budget_seconds,
        "spent_seconds": round(budget.spent, 1),
        "wall_seconds": round(wall, 1),
        "chosen_on": len(own.parts["validation"]),
        "inputs": asdict(config.inputs),
        "own_size": architecture(name).inputs.size,
        "classes": config.classes,
        "parameters": record["parameters"],
        "mib": round(size, 2),
        "ms": round(speed, 3),
        **accuracies(raw, test.labels),
        "versions": record["versions"],
        "seed": options.seed,
    }


def _course(history: list[dict[str, float]], pictures: int) -> dict[str, float]:
    """How much of the training part the budget was enough for."""
    seen = sum(row["pictures_per_second"] * row["seconds"] for row in history)
    return {"pictures_seen": round(seen), "epochs": round(seen / max(pictures, 1), 2)}


def table(folder: Path) -> str:
    """The Markdown table of all records in a folder, best five classes first."""
    rows = [
        json.loads(path.read_text(encoding="utf-8"))
        for path in sorted(folder.glob("*.json"))
    ]
    titles = "network|input|parameters|epochs seen|7 classes|5 classes|MiB|ms per face"
    lines = [titles.split("|"), ["---"] * 8]
    for row in sorted(rows, key=lambda row: -row["accuracy_5"]):
        inputs = row["inputs"]
        side = f"{inputs['size']} x {inputs['size']} x {inputs['channels']}"
        less = row["own_size"] != inputs["size"]
        lines.append(
            [
                f"`{row['architecture']}`",
                side + (f" (own size {row['own_size']})" if less else ""),
                f"{row['parameters'] / 1e6:.2f} M",
                f"{row['epochs']:.2f}",
                f"{row['accuracy_7']:.3f}",
                f"{row['accuracy_5']:.3f}",
                f"{row['mib']:.1f}",
                f"{row['ms']:.2f}",
            ]
        )
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def wanted(only: str) -> list[str]:
    """Names of networks; raises DataError for unknown ones."""
    names = [name for name in only.split(",") if name] or list(ARCHITECTURES)
    for name in names:
        architecture(name)
    return names


def work(options: argparse.Namespace) -> None:
    names = wanted(options.only)
    left = [name for name in names if not (options.json / f"{name}.json").is_file()]
    if not left:
        return
    options.json.mkdir(parents=True, exist_ok=True)
    config = config_of(left[0], options.seed)
    asked = replace(config.asked, classes=len(SEVEN), colour=False)
    dataset = for_training(options.data, asked)
    held = for_evaluation(options.data, "fer", "test", classes=SEVEN)
    for name in left:
        found = measure(name, dataset, held.parts["test"], options)
        write_json(options.json / f"{name}.json", found)
        print(json.dumps(found))


def seconds(text: str) -> float:
    number = float(text)
    if not number > 0:
        raise argparse.ArgumentTypeError("must be above 0")
    return number


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, help="fer2013.csv or a folder with it")
    parser.add_argument("--budget-seconds", type=seconds, default=600.0)
    parser.add_argument("--only", default="", help="names, separated by commas")
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
    print(table(options.json))


if __name__ == "__main__":
    main()
