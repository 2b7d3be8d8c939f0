"""What serving a network costs in each form: LiteRT in four, and a TensorFlow graph.

    python -m bench.inference [--model NAME ...] [--repeats 15] [--starts 5]
        [--data PATH] [--json PATH]

Milliseconds per face on one thread and two, in batches of 1, 8 and 32, the way the
product asks (with preprocessing and calibration) and the network alone; size; with
--data (fer2013.csv, or a folder that holds it or class folders by split) the accuracy
that each form loses against float32 on the validation pictures, and how far its
probabilities move; cold start and memory of fresh processes. The forms take turns,
round after round, so that a busy machine slows them alike; the median of the rounds
counts. Prints tables and a JSON line per model.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from tqdm import tqdm

from bench.start import WAYS, cold_starts
from bench.variants import FLOAT32, Runner, crops_of, make, runners
from inference.arrays import Gray, Ints, Tensor
from inference.errors import InferenceError
from inference.files import write_json
from inference.spec import (
    KERAS_FILE,
    SERVING_FILE,
    active_name,
    load_spec,
    model_folder,
)
from inference.training.data import find_csv, for_evaluation
from inference.training.options import LABELS
from inference.types import EMOTIONS
from tests.faces import draw_face

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

THREADS = (1, 2)
BATCHES = (1, 8, 32)
RANGES = 200  # crops that the ranges of full int8 are taken from


@dataclass(frozen=True)
class Pictures:
    """Crops for int8's ranges, and labelled ones to lose accuracy on (maybe none)."""

    ranges: Gray
    crops: Gray
    labels: Ints


def read(data: Path | None, labels: str) -> Pictures:
    """Training pictures for the ranges, validation pictures for the accuracy."""
    if data is None:
        none = crops_of(0, 48)
        return Pictures(crops_of(RANGES, 48), none, np.empty(0, np.int64))
    labels = labels if find_csv(data) is not None else "fer"
    (train,) = for_evaluation(data, labels, "train").parts.values()
    (held,) = for_evaluation(data, labels, "validation").parts.values()
    kept = held.labels < len(EMOTIONS)
    order = np.random.default_rng(0).permutation(len(train))[:RANGES]
    return Pictures(train.images[order], held.images[kept], held.labels[kept])


def times(
    forms: dict[int, dict[str, Runner]], repeats: int
) -> dict[tuple[str, int, int, bool], float]:
    """Median ms per face by (form, threads, batch, bare)."""
    cells = [
        (name, threads, batch, bare)
        for batch, bare in product(BATCHES, (False, True))
        for threads, by_name in forms.items()
        for name in by_name
    ]
    samples: dict[tuple[str, int, int, bool], list[float]] = {c: [] for c in cells}
    for _ in tqdm(range(repeats), desc="rounds"):
        for cell in cells:
            name, threads, batch, bare = cell
            seconds = forms[threads][name].seconds(batch, bare=bare)
            samples[cell].append(1000 * seconds / batch)
    return {cell: statistics.median(found) for cell, found in samples.items()}


def answers(forms: dict[str, Runner], pictures: Pictures) -> dict[str, Tensor]:
    """Probabilities of the labelled pictures by form; empty without such pictures."""
    if not len(pictures.crops):
        return {}
    return {name: form.probabilities(pictures.crops) for name, form in forms.items()}


def losses(found: dict[str, Tensor], labels: Ints) -> dict[str, dict[str, float]]:
    """By form: accuracy, what of it is lost against float32, and the mean distance.

    distance: half the sum of the absolute differences of the five probabilities.
    """
    right = {name: (p.argmax(axis=1) == labels).mean() for name, p in found.items()}
    return {
        "accuracy": _rounded(right),
        "lost": _rounded({name: right[FLOAT32] - own for name, own in right.items()}),
        "distance": _rounded(
            {
                name: np.abs(p - found[FLOAT32]).sum(axis=1).mean() / 2
                for name, p in found.items()
            }
        ),
    }


def measure(folder: Path, pictures: Pictures, options: argparse.Namespace) -> Any:
    """Everything about one model, JSON-ready."""
    with tempfile.TemporaryDirectory() as temporary:
        made = Path(temporary)
        failures = make(folder, made, pictures.ranges)
        with runners(folder, made, 1) as one, runners(folder, made, 2) as two:
            given = answers(one, pictures)
            found = times({1: one, 2: two}, options.repeats)
        sizes = {
            path.parent.name: path.stat().st_size / 2**20
            for path in made.glob(f"*/{SERVING_FILE}")
        }
        picture = made / "face.jpg"
        picture.write_bytes(draw_face())
        ways = WAYS if (folder / KERAS_FILE).is_file() else WAYS[:2]
        starts = cold_starts(folder, picture, options.starts, ways)
    return {
        "model": load_spec(folder).version,
        "repeats": options.repeats,
        "pictures": len(pictures.crops),
        "rows": _rows(found),
        "mib": _rounded(sizes),
        **losses(given, pictures.labels),
        "cold_start": {way: _rounded(values) for way, values in starts.items()},
        "not_made": failures,
    }


def _rows(found: dict[tuple[str, int, int, bool], float]) -> list[dict[str, Any]]:
    return [
        {
            "form": name,
            "threads": threads,
            "batch": batch,
            "ms": round(ms, 4),
            "ms_network": round(found[name, threads, batch, True], 4),
        }
        for (name, threads, batch, bare), ms in found.items()
        if not bare
    ]


def _rounded(values: dict[str, float]) -> dict[str, float]:
    return {name: round(float(value), 4) for name, value in values.items()}


def text(found: dict[str, Any]) -> str:
    """The figures as the Markdown tables of docs/models.md."""
    batches = [f"batch {batch}" for batch in BATCHES]
    titles = ["form", "threads", *batches, *(f"network, {b}" for b in batches)]
    lines = _table([*titles, "MiB", "accuracy", "lost", "distance"], _lines(found))
    for name, why in found["not_made"].items():
        lines.append(f"{name} could not be made: {why}")
    starts = found["cold_start"].items()
    rows = [[way, f"{v['seconds']:.2f}", f"{v['mib']:.0f}"] for way, v in starts]
    titles = ["fresh process", "seconds to the first answer", "peak MiB"]
    return "\n".join([*lines, "", *_table(titles, rows)])


def _lines(found: dict[str, Any]) -> Iterator[list[str]]:
    cells = {(r["form"], r["threads"], r["batch"]): r for r in found["rows"]}
    for name, threads in dict.fromkeys((form, count) for form, count, _ in cells):
        own = [cells[name, threads, batch] for batch in BATCHES]
        yield [
            name,
            str(threads),
            *(f"{row['ms']:.3f}" for row in own),
            *(f"{row['ms_network']:.3f}" for row in own),
            *(
                _cell(found[key], name)
                for key in ("mib", "accuracy", "lost", "distance")
            ),
        ]


def _cell(values: dict[str, float], name: str) -> str:
    return f"{values[name]:.3f}" if name in values else "-"


def _table(titles: list[str], rows: Iterable[list[str]]) -> list[str]:
    lines = (titles, ["---"] * len(titles), *rows)
    return [f"| {' | '.join(line)} |" for line in lines]


def count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--model", nargs="+", default=[], help="names or folders; default: the active"
    )
    parser.add_argument("--repeats", type=count, default=15, help="rounds of timing")
    parser.add_argument("--starts", type=count, default=5, help="processes of each way")
    parser.add_argument("--data", type=Path, help="labelled crops, for the accuracy")
    parser.add_argument("--labels", choices=LABELS, default="ferplus")
    parser.add_argument("--json", type=Path, help="write the figures here, too")
    return parser


def main(words: list[str] | None = None) -> None:
    options = arguments().parse_args(words)
    try:
        folders = [model_folder(name) for name in options.model or [active_name()]]
        pictures = read(options.data, options.labels)
        found = []
        for folder in folders:
            found.append(measure(folder, pictures, options))
            print(f"\nms per face, {found[-1]['model']}, {options.repeats} rounds\n")
            print(text(found[-1]))
            print(json.dumps(found[-1]))
    except InferenceError as error:
        sys.exit(str(error))
    if options.json:
        write_json(options.json, found)


if __name__ == "__main__":
    main()
