"""Train a network on a data set of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from inference.errors import InferenceError
from inference.training.options import LABELS, Asking, command_line

if TYPE_CHECKING:
    from inference.training.data import Source
    from inference.training.train import Trained

OPTIONS = (
    "labels",
    "epochs",
    "batch_size",
    "learning_rate",
    "balance",
    "patience",
    "adjust",
    "seed",
    "classes",
    "fer_share",
    "weights",
    "precision",
    "size",
    "colour",
    "equalise",
    "scale",
    "damage",
)


class Command(BaseCommand):
    help = (
        "Train a network, calibrate it on the validation split and write a model "
        "folder. Pictures are taken as tight face crops. An interrupted training goes "
        "on with --resume."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--arch",
            default="dcnn",
            help="a network of inference/training/architectures.py, or ensemble:A,B of "
            "such networks and of folders of models: the mean of their answers",
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
        _add_targets(parser)
        _add_learning(parser)
        _add_pictures(parser)
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--resume", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        from inference.training.metrics import table

        try:
            trained = _train(options)
        except InferenceError as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            raise CommandError(
                "stopped; the same command with --resume goes on"
            ) from None
        self.stdout.write(f"{trained.spec.version} in {options['out']}, validation:")
        self.stdout.write(table(trained.measured.after))


def _add_targets(parser: CommandParser) -> None:
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
        help="classes that the network learns, by default those it was published "
        "with; the product restricts its answers to the five",
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


def _add_learning(parser: CommandParser) -> None:
    parser.add_argument(
        "--weights",
        default="none",
        help="what to start from: a model folder; for a backbone imagenet or an .h5 or "
        ".keras file of it without its top; or none",
    )
    parser.add_argument(
        "--precision",
        choices=("float32", "mixed_bfloat16"),
        default="float32",
        help="mixed_bfloat16 is faster on processors that multiply bfloat16",
    )
    parser.add_argument("--epochs", type=int, default=40)
    usual = "default: the network's own"
    parser.add_argument("--batch-size", type=int, help=usual)
    parser.add_argument("--learning-rate", type=float, help=usual)
    parser.add_argument("--patience", type=int, help=usual)
    parser.add_argument(
        "--balance",
        type=float,
        default=0.5,
        help="0: every picture weighs the same; 1: every class does",
    )
    parser.add_argument(
        "--adjust",
        type=float,
        default=0.0,
        help="share of the class frequencies taken out of the finished network: "
        "more than 0 finds more of the rare classes; may change with --resume",
    )


def _add_pictures(parser: CommandParser) -> None:
    """Preprocessing other than the network's own; it is written into its spec."""
    parser.add_argument(
        "--size", type=int, help="side of the network's input in pixels"
    )
    parser.add_argument(
        "--colour",
        nargs="?",
        const="rgb",
        choices=("rgb", "gray"),
        help="keep the colours of pictures in class folders, or drop them",
    )
    parser.add_argument("--equalise", choices=("none", "histogram", "clahe"))
    parser.add_argument(
        "--scale",
        choices=("fixed", "per_image"),
        help="fixed: gray levels in [0, 1]; per_image: mean 0, standard deviation 1",
    )
    parser.add_argument(
        "--damage",
        type=float,
        default=0.0,
        help="chance that a training picture is compressed, smeared, made noisy or "
        "dark, or partly covered",
    )


def _train(options: dict[str, Any]) -> Trained:
    from inference.training.ensemble import PREFIX, train_ensemble
    from inference.training.train import config_for, train

    asked = {name: options[name] for name in OPTIONS}
    asked["extra"] = tuple(_source(text) for text in options["also"])
    asking = Asking(
        options["arch"], options["data"], options["out"], asked, options["resume"]
    )
    if asking.arch.startswith(PREFIX):
        return train_ensemble(asking)
    config = config_for(asking.arch, **asked)
    line = command_line(asking.data, asking.out, config)
    return train(asking.data, asking.out, config, resume=asking.resume, command=line)


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
