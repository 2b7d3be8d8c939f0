"""Hold the product's ratios against simulated staff whose true shares are known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from inference.errors import DataError, InferenceError
from inference.training.options import LABELS
from monitor.management.model_asked import HELP, folder_asked
from monitor.management.pictures_asked import add_pictures

if TYPE_CHECKING:
    from inference.engine import Engine
    from inference.quantify import Quantifier
    from inference.training.simulate import Observed, Plan

UNCORRECTED = (
    "Not corrected: a half of the pictures has no usable one of some emotion, or the "
    "model's spec says nothing about its errors. Give more pictures, or measure the "
    "errors on others with --calibration PATH."
)

ROWS = {
    "raw (mean probabilities)": "mae_raw",
    "counting labels": "mae_counting",
    "corrected": "mae_corrected",
    "corrected by least squares": "mae_pacc",
    "corrected by EM": "mae_em",
    "raw, of the mixture": "mae_raw_mixture",
    "corrected, of the mixture": "mae_corrected_mixture",
    "a perfect reader, of the mixture": "mae_sampling",
    "coverage, raw": "coverage_raw",
    "coverage, corrected": "coverage_corrected",
}
ROWS_OF_SPEC = {title: key for title, key in ROWS.items() if key.endswith("_corrected")}


class Command(BaseCommand):
    help = (
        "Simulate staff from labelled pictures and compare their stress and happiness "
        "ratios with the truth. Each person is a mixture of emotions drawn from "
        "Dirichlet(0.6, 1.5, 3, 0.8, 0.5) over angry, happy, neutral, sad, surprise "
        "(over those of them that have pictures); each reading is a picture drawn by "
        "that mixture with replacement, as the product reads it: one without a face "
        "or refused by the quality gate does not count. Prints the mean absolute error "
        "against the labels drawn and the coverage of the mixture by the 95 % "
        "interval, raw (mean probabilities, Wilson over all readings, which are "
        "independent here) and corrected by the model's errors. Those are measured on "
        "one half of the pictures for staff drawn from the other, both ways round and "
        "for up to 20 random divisions: as at a site that has measured the model on "
        "pictures of its own."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        add_pictures(parser)
        parser.add_argument(
            "--labels",
            choices=LABELS,
            default="fer",
            help="of fer2013.csv, whether it is --data or --calibration",
        )
        parser.add_argument("--model", default="", help=HELP)
        parser.add_argument("--staff", type=int, default=2000, help="people")
        parser.add_argument("--readings", type=int, default=200, help="of each")
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument(
            "--json",
            metavar="PATH",
            nargs="?",
            const="-",
            help='write the figures there; without PATH, or with "-", print them',
        )
        _add_sources(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        from inference.files import write_json

        try:
            found = _run(folder_asked(self, options["model"]), options)
        except InferenceError as error:
            raise CommandError(str(error)) from error
        if found["correction"] is None:
            self.stderr.write(UNCORRECTED)
        if options["json"] == "-":
            self.stdout.write(json.dumps(found))
            return
        if options["json"]:
            try:
                write_json(Path(options["json"]), found)
            except OSError as error:
                raise CommandError(
                    f"{options['json']} cannot be written: {error.strerror}"
                ) from error
        self.stdout.write(_text(found))


def _add_sources(parser: CommandParser) -> None:
    """Where the correction comes from, if not from half of the pictures."""
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        "--calibration",
        type=Path,
        nargs="+",
        default=[],
        metavar="PATH",
        help="measure the correction on these other pictures (their validation "
        "split, or all); several sources are pooled, and widen the interval as far "
        "as they disagree",
    )
    source.add_argument(
        "--shipped",
        action="store_true",
        help="take the correction that the model's spec carries, measured on held-out "
        'pictures of its training; without this its figures are added under "shipped"',
    )


def _run(folder: Path, options: dict[str, Any]) -> dict[str, Any]:
    from inference.engine import Engine
    from inference.training.observe import observe
    from inference.training.simulate import Plan, simulate
    from monitor.scoring import wilson

    plan = Plan(options["staff"], options["readings"], options["seed"])
    engine = Engine.load(folder)
    observed, split = observe(
        engine,
        options["data"],
        split=options["split"],
        labels=_labels(options["data"], options),
        crops=options["crops"],
    )
    shipped = _shipped(folder)
    calibrated = _calibrated(engine, split, options) if options["calibration"] else None
    of_spec = simulate(observed, plan, wilson, shipped)
    if options["shipped"]:
        found, source = of_spec, "shipped" if shipped else None
    elif calibrated:
        found, source = simulate(observed, plan, wilson, calibrated), "calibration"
    else:
        found, source = _crossed(observed, plan) or (of_spec, None)
    also = {key: value for key, value in of_spec.items() if "corrected" in key}
    return found | {
        "model": engine.model_version,
        "split": split,
        "correction": source,
        "shipped": also if shipped else None,
    }


def _crossed(observed: Observed, plan: Plan) -> tuple[dict[str, Any], str] | None:
    """Corrected by the other half; None when one lacks a usable picture of a class."""
    from inference.training.simulate import simulate
    from monitor.scoring import wilson

    try:
        return simulate(observed, plan, wilson, cross=True), "cross"
    except DataError:
        return None


def _calibrated(engine: Engine, split: str, options: dict[str, Any]) -> Quantifier:
    from inference.quantify import pool

    parts = [_measured(engine, p, split, options) for p in options["calibration"]]
    return pool(parts) if len(parts) > 1 else parts[0]


def _shipped(folder: Path) -> Quantifier | None:
    """The correction that travels with the model; None when it has none."""
    from inference.quantify import Quantifier
    from inference.spec import load_spec

    stored = load_spec(folder).quantification
    if not stored:
        return None
    try:
        return Quantifier.from_dict(stored)
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{folder}: the spec's quantification is damaged ({error}): export the "
            "model again, or say --calibration PATH"
        ) from error


def _measured(
    engine: Engine, path: Path, split: str, options: dict[str, Any]
) -> Quantifier:
    """How the model errs on the held-out pictures at `path`."""
    from inference.training.data import find_csv
    from inference.training.folders import scan
    from inference.training.observe import observe

    table = find_csv(path)
    has_splits = table is not None or any(
        f.split == "validation" for f in scan(path).files
    )
    wanted = "validation" if has_splits else "all"
    if path.resolve() == options["data"].resolve() and wanted in (split, "all"):
        raise DataError(
            "the correction must come from other pictures than the staff: give another "
            "--calibration or another --split, or leave --calibration out"
        )
    observed, _ = observe(
        engine,
        path,
        split=wanted,
        labels=_labels(path, options),
        crops=options["crops"],
    )
    return observed.quantifier()


def _labels(path: Path, options: dict[str, Any]) -> str:
    """Which labels to read at `path`: those asked for go with fer2013.csv."""
    from inference.training.data import find_csv

    asked: str = options["labels"]
    if all(find_csv(p) is None for p in (options["data"], *options["calibration"])):
        return asked  # refused where it makes no sense
    return asked if find_csv(path) is not None else "fer"


def _text(found: dict[str, Any]) -> str:
    """The figures as a table for people."""
    head = [
        f"{found['model']}, {found['pictures']} pictures ({found['split']}), "
        f"accuracy {found['accuracy']:.3f}, unusable {found['unusable']:.1%} "
        f"(without a face {found['not_found']:.1%})",
        f"{found['staff']} people with {found['readings']} readings each, "
        f"seed {found['seed']}, correction from: {found['correction'] or 'nothing'}",
        "",
        f"{'mean absolute error':32}    stress  happiness",
    ]
    lines = [*head, *_rows(found, ROWS), *_sure(found)]
    if found["shipped"] and found["correction"] != "shipped":
        lines += ["", "corrected by what the model's spec carries"]
        lines += _rows(found["shipped"], ROWS_OF_SPEC)
    return "\n".join(lines)


def _sure(found: dict[str, Any]) -> list[str]:
    """How exact the coverage is: people of one division share their matrices."""
    keys = ("coverage_corrected_interval", "happiness_coverage_corrected_interval")
    pairs = [found[key] for key in keys]
    if None in pairs:
        return []
    spans = "   ".join(f"{low:.3f}-{high:.3f}" for low, high in pairs)
    return [f"{'  its 95 % interval':32} {spans} ({found['divisions']} divisions)"]


def _rows(found: dict[str, Any], keys: dict[str, str]) -> list[str]:
    return [
        f"{title:32}  {_number(found[key])}   {_number(found['happiness_' + key])}"
        for title, key in keys.items()
    ]


def _number(value: float | None) -> str:
    return f"{'-':>8}" if value is None else f"{value:8.4f}"
