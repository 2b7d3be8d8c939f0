"""Where the quality gate's limits ought to be for a model.

    python -m bench.gate --data PATH [--model] [--split validation] [--labels ferplus]
        [--limit N] [--draws 3] [--accuracy 0.75] [--seed 1] [--json OUT]

Face crops, each as it is and with damage of random strengths, are read without the
gate (`inference.training.gates`). For each limit: the accuracy of the readings that the
classifier is sure of, over the figure that the limit is on, and the value beyond which
it falls under --accuracy; then what the present limits and those values let count.
Limits are chosen on PublicTest, hence the defaults. Changes nothing.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from inference.errors import DataError, InferenceError
from inference.files import write_json
from inference.quality import Gate
from inference.spec import active_name, model_folder
from inference.training import gates, robustness
from inference.training.answers import Selection
from inference.training.options import LABELS


def measure(asked: argparse.Namespace) -> dict[str, Any]:
    """All figures, JSON-ready. Raises DataError and ModelError."""
    source = Selection(asked.data, asked.split, asked.labels, crops=True)
    engine = gates.ungated(model_folder(asked.model or active_name()))
    pictures = robustness.crops(engine, source, asked.limit)
    readings = gates.observe(pictures, asked.draws, asked.seed)
    found = {name: gates.bins(readings, one) for name, one in gates.LIMITS.items()}
    ends = {
        name: gates.suggested(one, gates.LIMITS[name].side, asked.accuracy)
        for name, one in found.items()
    }
    values: dict[str, Any] = {name: value for name, (value, _) in ends.items()}
    present = Gate()
    return {
        "model": engine.model_version,
        "pictures": len(pictures.images),
        "draws": asked.draws,
        "seed": asked.seed,
        "split": asked.split,
        "labels": asked.labels,
        "accuracy": asked.accuracy,
        "bins": {name: [asdict(row) for row in one] for name, one in found.items()},
        "present": {name: getattr(present, name) for name in values},
        "suggested": values,
        "falls_short": {name: falls for name, (_, falls) in ends.items()},
        "outcome": {
            "present": gates.outcome(readings, present),
            "suggested": gates.outcome(readings, replace(present, **values)),
        },
    }


def text(found: dict[str, Any]) -> str:
    """The figures as Markdown tables."""
    parts = [
        f"{found['model']}, {found['pictures']} pictures ({found['split']}, labels "
        f"{found['labels']}), {found['draws']} draws of each damage:"
    ]
    for name, rows in found["bins"].items():
        end, level = f"{found['suggested'][name]:g}", f"{found['accuracy']:.0%}"
        falls = f"falls under {level} beyond {end}"
        stays = f"stays above {level} as far as measured ({end})"
        short = falls if found["falls_short"][name] else stays
        parts.append(f"{name}: now {found['present'][name]:g}; accuracy {short}")
        titles = ["from", "below", "readings", "sure", "accuracy of the sure"]
        titles += rows[0]["by_damage"]
        parts.append(_table(titles, [_cells(row) for row in rows]))
    parts.append("What the present limits let count, and those values instead:")
    titles = ["damage", "counted now", "accuracy", "counted then", "accuracy"]
    before, after = found["outcome"]["present"], found["outcome"]["suggested"]
    rows = [[kind, *_share(before[kind]), *_share(after[kind])] for kind in before]
    return "\n\n".join([*parts, _table(titles, rows)])


def _cells(row: dict[str, Any]) -> list[str]:
    counts = [f"{row[key]:g}" for key in ("low", "high")]
    counts += [str(row[key]) for key in ("n", "confident")]
    rest = map(_number, row["by_damage"].values())
    return [*counts, _number(row["accuracy"]), *rest]


def _share(pair: tuple[float, float | None]) -> list[str]:
    return [f"{pair[0]:.0%}", _number(pair[1])]


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", default="", help="default: the active model")
    parser.add_argument("--split", default="validation")
    parser.add_argument("--labels", choices=LABELS, default="ferplus")
    parser.add_argument("--limit", type=int, default=0, help="pictures of each class")
    parser.add_argument("--draws", type=int, default=3, help="of each damage")
    parser.add_argument("--accuracy", type=float, default=0.75)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, help="write the figures here, too")
    return parser


def main(words: list[str] | None = None) -> None:
    asked = options().parse_args(words)
    try:
        if asked.draws < 1:
            raise DataError("--draws must be 1 or more")
        found = measure(asked)
    except InferenceError as error:
        sys.exit(str(error))
    if asked.json:
        write_json(asked.json, found)
    print(text(found))


if __name__ == "__main__":
    main()
