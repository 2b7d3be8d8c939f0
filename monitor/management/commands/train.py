"""Train a network on a data set of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from inference.errors import InferenceError
from inference.training.options import LABELS, command_line

if TYPE_CHECKING:
    from inference.training.data import Source


class Command(BaseCommand):
    help = (
        "Train a network, calibrate it on the validation split and write a model "
        "folder. Pictures are taken as tight face crops. An interrupted training goes "
        "on with --resume."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--arch", default="dcnn", help="dcnn, seresnet or seresnet13"
        )
        parser.add_argument(
            "--data",
            type=Path,
            required=True,
            help="fer2013.csv, a folder that holds it, or a folder of class folders "
            "(angry, happy, neutral, sad, surprise and their usual synonyms), with or "
            "without train, validation and test folders above them",
        )
        parser.add_argument("--out", type=Path, required=True, help="model folder")
        parser.add_argument(
            "--labels",
            choices=LABELS,
            default="fer",
            help="ferplus: votes of fer2013new.csv beside fer2013.csv as soft targets",
        )
        parser.add_argument(
            "--classes",
            type=int,
            choices=(4, 5, 7, 8),
            default=5,
            help="classes that the network learns; the product restricts its answers "
            "to the five",
        )
        parser.add_argument(
            "--fer-share",
            type=float,
            default=0.0,
            help="with --labels ferplus: share of FER2013's label in each target",
        )
        parser.add_argument(
            "--also",
            action="append",
            default=[],
            metavar="PATH[=WEIGHT]",
            help="an auxiliary source, for training only; may be repeated",
        )
        parser.add_argument(
            "--weights", default="none", help="a model folder to start from, or none"
        )
        parser.add_argument(
            "--precision",
            choices=("float32", "mixed_bfloat16"),
            default="float32",
            help="mixed_bfloat16 is faster on processors that multiply bfloat16",
        )
        parser.add_argument("--epochs", type=int, default=40)
        parser.add_argument("--batch-size", type=int, default=64)
        parser.add_argument("--learning-rate", type=float, default=1e-3)
        parser.add_argument(
            "--balance",
            type=float,
            default=0.5,
            help="0: every picture weighs the same; 1: every class does",
        )
        parser.add_argument("--patience", type=int, default=10)
        parser.add_argument(
            "--adjust",
            type=float,
            default=0.0,
            help="share of the class frequencies taken out of the finished network: "
            "more than 0 finds more of the rare classes; may change with --resume",
        )
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--resume", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        from inference.training.architectures import architecture
        from inference.training.fit import FitConfig
        from inference.training.metrics import table
        from inference.training.train import train

        names = ("arch", "labels", "epochs", "batch_size", "learning_rate")
        more = ("balance", "patience", "adjust", "seed", "classes", "fer_share")
        last = ("weights", "precision")
        try:
            config = FitConfig(
                **{name: options[name] for name in (*names, *more, *last)},
                extra=tuple(_source(text) for text in options["also"]),
                augmentation=architecture(options["arch"]).augmentation,
            )
            trained = train(
                options["data"],
                options["out"],
                config,
                resume=options["resume"],
                command=command_line(options["data"], options["out"], config),
            )
        except InferenceError as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            raise CommandError(
                "stopped; the same command with --resume goes on"
            ) from None
        self.stdout.write(f"{trained.spec.version} in {options['out']}, validation:")
        self.stdout.write(table(trained.measured.after))


def _source(text: str) -> Source:
    """PATH or PATH=WEIGHT as an auxiliary source; raises DataError."""
    from inference.errors import DataError
    from inference.training.data import Source

    path, _, weight = text.partition("=")
    try:
        value = float(weight or 1)
    except ValueError:
        raise DataError(f"--also {text}: the weight is not a number") from None
    if not 0 < value <= 100:
        raise DataError(f"--also {text}: the weight must be above 0, at most 100")
    return Source(path, value)
