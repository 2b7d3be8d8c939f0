"""Train a network on a data set of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from inference.errors import InferenceError
from inference.training.options import LABELS, command_line


class Command(BaseCommand):
    help = (
        "Train a network, calibrate it on the validation split and write a model "
        "folder. Pictures are taken as tight face crops. An interrupted training goes "
        "on with --resume."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--arch", default="dcnn", help="dcnn or seresnet")
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
        more = ("balance", "patience", "adjust", "seed")
        try:
            config = FitConfig(
                **{name: options[name] for name in (*names, *more)},
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
