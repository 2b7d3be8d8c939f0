"""Compare models on the same labelled pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from inference.errors import InferenceError
from inference.training.options import LABELS
from monitor.management.model_asked import folder_asked


class Command(BaseCommand):
    help = (
        "Let several models read the same labelled pictures: figures with 95 % "
        "intervals, a paired test (mid-p McNemar) and the paired interval of the "
        "difference for every two of them, and how often they agree."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "models",
            nargs="+",
            metavar="MODEL",
            help="name or folder; one alone is compared with the model in use",
        )
        parser.add_argument(
            "--data",
            type=Path,
            required=True,
            help="fer2013.csv, a folder that holds it, or a folder of class folders",
        )
        parser.add_argument("--split", help="as for evaluate")
        parser.add_argument("--labels", choices=LABELS, default="fer")
        parser.add_argument(
            "--crops", action="store_true", help="the pictures are tight face crops"
        )
        parser.add_argument("--json", type=Path, help="write the figures here")
        parser.add_argument("--html", type=Path, help="write a report here")

    def handle(self, *args: Any, **options: Any) -> None:
        from inference.files import write_json, write_text
        from inference.training.answers import Selection
        from inference.training.compare import compare
        from inference.training.report import comparison_page

        source = Selection(
            options["data"], options["split"], options["labels"], options["crops"]
        )
        for path in (options["json"], options["html"]):
            if path and not path.parent.is_dir():
                raise CommandError(f"{path.parent} is not a folder: create it first")
        try:
            models = options["models"]
            if len(models) == 1:
                models = [folder_asked(self, ""), *models]
            found = compare(models, source)
        except InferenceError as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            write_json(options["json"], found.as_dict())
        if options["html"]:
            write_text(options["html"], comparison_page(found))
        self.stdout.write(found.text())
