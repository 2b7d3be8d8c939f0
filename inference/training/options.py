"""Choices and texts of the commands; light enough for every start of manage.py."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from inference.training.fit import FitConfig

LABELS = ("fer", "ferplus")


def command_line(data: Path, out: Path, config: FitConfig) -> str:
    """The command that repeats a training, without folders of this machine."""
    words = ["manage.py", "train", "--arch", config.arch, "--data", portable(data)]
    words += ["--labels", config.labels, "--epochs", str(config.epochs)]
    words += ["--batch-size", str(config.batch_size)]
    words += ["--learning-rate", str(config.learning_rate)]
    words += ["--balance", str(config.balance), "--patience", str(config.patience)]
    words += ["--adjust", str(config.adjust)] if config.adjust else []
    words += ["--classes", str(config.classes)] if config.classes != 5 else []
    words += ["--fer-share", str(config.fer_share)] if config.fer_share else []
    if config.precision != "float32":
        words += ["--precision", config.precision]
    if config.weights != "none":
        words += ["--weights", portable(Path(config.weights))]
    for source in config.extra:
        words += ["--also", f"{portable(Path(source.path))}={source.weight:g}"]
    words += ["--seed", str(config.seed), "--out", portable(out)]
    return shlex.join(words)


def portable(path: Path) -> str:
    """The path from the working folder; of one outside it the last two parts."""
    full = path.resolve()
    if full.is_relative_to(Path.cwd()):
        return full.relative_to(Path.cwd()).as_posix()
    return "/".join(full.parts[-2:])
