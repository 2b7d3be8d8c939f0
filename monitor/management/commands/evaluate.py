"""Measure a model on labelled pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from inference.errors import InferenceError
from inference.training.options import LABELS
from monitor.management.model_asked import HELP, folder_asked

if TYPE_CHECKING:
    from inference.training.evaluate import Report


UNRECORDED = (
    "--record writes into a model's folder, but the version in use lies in the "
    "database: name its folder with --model"
)


class Command(BaseCommand):
    help = (
        "Score a model on labelled pictures: precision, sensitivity, specificity, F1 "
        "and one-vs-rest accuracy per class, confusion matrix, accuracy, balanced "
        "accuracy and calibration error with 95 % intervals, and accuracy against the "
        "share of pictures answered. Test pictures that are identical to training "
        "pictures are left out and counted."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--model", default="", help=HELP)
        parser.add_argument(
            "--data",
            type=Path,
            required=True,
            help="fer2013.csv, a folder that holds it, or a folder of class folders",
        )
        parser.add_argument(
            "--split",
            help="train, validation, test (or Training, PublicTest, PrivateTest) or "
            "all; default: test, or all where the data has no splits",
        )
        parser.add_argument("--labels", choices=LABELS, default="fer")
        parser.add_argument(
            "--crops",
            action="store_true",
            help="the pictures are tight face crops already (those of fer2013.csv "
            "always are); without this, pictures in folders go through face detection "
            "and one without a face counts as wrong (not_found)",
        )
        parser.add_argument(
            "--classes",
            type=int,
            choices=(4, 5, 7, 8),
            default=5,
            help="of crops only: the classes of the pictures and of the answers",
        )
        _add_outputs(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        from inference.training.answers import Selection
        from inference.training.card import record
        from inference.training.evaluate import evaluate

        source = Selection(
            options["data"],
            options["split"],
            options["labels"],
            options["crops"],
            options["groups"],
            options["classes"],
        )
        _check_outputs(options)
        try:
            model = folder_asked(self, options["model"])
            if options["record"] and model.is_relative_to(settings.MODEL_CACHE):
                raise CommandError(UNRECORDED)
            report = evaluate(model, source)
            _write(report, model, options)
            if options["record"]:
                record(model, options["record"], report.for_card())
        except InferenceError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(report.text())


def _add_outputs(parser: CommandParser) -> None:
    parser.add_argument(
        "--groups",
        type=Path,
        metavar="CSV",
        help="columns file (path below --data, or bare name) and group: figures "
        "for each group of people, too",
    )
    parser.add_argument("--json", type=Path, help="write all figures here")
    parser.add_argument("--html", type=Path, help="write a report here")
    parser.add_argument(
        "--examples",
        type=int,
        default=0,
        metavar="N",
        help="show the N surest mistakes with explanation maps in the report, "
        "faces included",
    )
    parser.add_argument(
        "--record", metavar="TITLE", help="add the figures to the model's card"
    )


def _check_outputs(options: dict[str, Any]) -> None:
    """Refuse before the work what could not be written after it."""
    for path in (options["json"], options["html"]):
        if path and not path.parent.is_dir():
            raise CommandError(f"{path.parent} is not a folder: create it first")
    if options["examples"] < 0 or (options["examples"] and not options["html"]):
        raise CommandError("--examples N needs --html and a number above 0")


def _write(report: Report, model: Path, options: dict[str, Any]) -> None:
    from inference.files import write_json, write_text
    from inference.training.explain import Explainer
    from inference.training.report import evaluation_page, example_figures

    examples: list[str] = []
    if options["examples"]:
        explainer = Explainer(model)
        examples = example_figures(report.answers, explainer, options["examples"])
    if options["json"]:
        write_json(options["json"], report.as_dict())
    if options["html"]:
        write_text(options["html"], evaluation_page(report, examples))
