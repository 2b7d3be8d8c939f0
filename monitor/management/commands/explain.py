"""Show where a model looks in a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from inference.errors import InferenceError
from monitor.management.model_asked import HELP, folder_asked


class Command(BaseCommand):
    help = (
        "Draw where the model looks in the largest face of a picture: Grad-CAM "
        "(Selvaraju et al. 2017) and the loss of probability when a spot is covered "
        "(Zeiler and Fergus 2014), with what the model most often confuses here."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("picture", type=Path)
        parser.add_argument("--out", type=Path, required=True, metavar="PNG")
        parser.add_argument("--model", default="", help=HELP)
        parser.add_argument(
            "--method",
            choices=("gradcam", "occlusion", "both"),
            help="default: both, or occlusion alone where the model has no Keras file, "
            "as one out of the database",
        )
        parser.add_argument(
            "--crop", action="store_true", help="the picture is a tight face crop"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        from inference.training.explain import METHODS, Explainer, crop_file
        from inference.training.explain_draw import save

        method, out = options["method"], options["out"]
        if out.suffix.lower() != ".png" or not out.parent.is_dir():
            raise CommandError(f"{out}: name a .png file in a folder that exists")
        try:
            explainer = Explainer(
                folder_asked(self, options["model"]),
                METHODS if method == "both" else method and (method,),
            )
            crop = crop_file(
                options["picture"], explainer.spec, is_crop=options["crop"]
            )
            found = explainer(crop)
        except InferenceError as error:
            raise CommandError(str(error)) from error
        save(found, out)
        self.stdout.write(
            f"{explainer.spec.version}, {' and '.join(found.maps)}: {found.label} "
            f"{found.probability:.3f}: {found.confusion}"
        )
