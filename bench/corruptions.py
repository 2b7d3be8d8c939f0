"""Accuracy and share of `unsure` under what offices do to pictures.

    python -m bench.corruptions --data PATH [--model] [--split] [--labels] [--crops]
        [--limit N] [--json OUT]

Eleven kinds of damage in three strengths each (`inference.training.corruptions`), on
face crops or on whole photographs before the face is searched, through serving and its
quality gate. Prints a table and a JSON line.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from inference.engine import Engine
from inference.errors import InferenceError
from inference.files import write_json
from inference.light import serving_detector
from inference.spec import active_name, model_folder
from inference.training import robustness
from inference.training.answers import Selection
from inference.training.options import LABELS
from inference.training.robustness import Robustness


def measure(
    model: str, source: Selection, limit: int
) -> tuple[list[Robustness], dict[str, Any]]:
    """Every condition's figures, and what they are of."""
    engine = Engine.load(model_folder(model))
    if source.are_crops:
        pictures = robustness.crops(engine, source, limit)
    else:
        detector = serving_detector()
        pictures = robustness.photographs(engine, detector, source, limit)
    found = [
        robustness.under(pictures, name, level)
        for name, level in tqdm(robustness.conditions(), unit="condition")
    ]
    way = "crops" if source.are_crops else "photographs"
    return found, {"model": engine.model_version, "way": way, "labels": source.labels}


def table(found: Sequence[Robustness]) -> str:
    lines = [
        "| damage | strength | accuracy | unsure | accuracy of the answered "
        "| accuracy at 80 % | why unsure |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for one in found:
        answered = one.accuracy_answered
        rest = "-" if answered is None else f"{answered:.3f}"
        first = next(iter(one.reasons.items()), None)
        why = f"{first[0]} {first[1]:.0%}" if first else ""
        lines.append(
            f"| {one.corruption} | {one.level or ''} | {one.accuracy:.3f} "
            f"| {one.unsure:.0%} | {rest} | {one.selective_accuracy:.3f} | {why} |"
        )
    mean = robustness.mean_damage(found)
    lines.append(
        f"| mean of the damaged | | {mean['accuracy']:.3f} | {mean['unsure']:.0%} "
        f"| {mean['accuracy_answered']:.3f} | {mean['selective_accuracy']:.3f} | |"
    )
    return "\n".join(lines)


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", default="", help="default: the active model")
    parser.add_argument("--split")
    parser.add_argument("--labels", choices=LABELS, default="fer")
    parser.add_argument("--crops", action="store_true")
    parser.add_argument("--limit", type=int, default=0, help="pictures of each class")
    parser.add_argument("--json", type=Path, help="write the figures here, too")
    return parser.parse_args()


def main() -> None:
    asked = options()
    source = Selection(asked.data, asked.split, asked.labels, asked.crops)
    try:
        found, about = measure(asked.model or active_name(), source, asked.limit)
    except InferenceError as error:
        sys.exit(str(error))
    result = {
        **about,
        "n": found[0].n,
        "mean": robustness.mean_damage(found),
        "conditions": [one.as_dict() for one in found],
    }
    if asked.json:
        write_json(asked.json, result)
    print(f"{about['model']} on {found[0].n} {about['way']}, labels {about['labels']}")
    print(table(found))
    print(json.dumps(result))


if __name__ == "__main__":
    main()
