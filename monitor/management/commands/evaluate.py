"""Measure a model on labelled pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from inference.errors import InferenceError
from inference.training.options import LABELS


class Command(BaseCommand):
    help = (
        "Score a model on labelled pictures: precision, sensitivity, specificity, F1 "
        "and one-vs-rest accuracy per class, confusion matrix, accuracy, balanced "
        "accuracy and calibration error. Test pictures that are identical to training "
        "pictures are left out and counted."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--model", default="", help="name or folder; default: the active model"
        )
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
        parser.add_argument("--json", type=Path, help="write the figures here")
        parser.add_argument(
            "--record", metavar="TITLE", help="add the figures to the model's card"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        from inference.files import write_json
        from inference.spec import active_name
        from inference.training.card import record
        from inference.training.evaluate import evaluate

        try:
            model = options["model"] or active_name()
            report = evaluate(
                model,
                options["data"],
                split=options["split"],
                labels=options["labels"],
                crops=options["crops"],
            )
            if options["record"]:
                record(model, options["record"], report.as_dict())
        except InferenceError as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            write_json(options["json"], report.as_dict())
        self.stdout.write(report.text())
