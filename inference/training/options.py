"""Choices and texts of the commands; light enough for every start of manage.py."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inference.training.data import Source
    from inference.training.fit import FitConfig

LABELS = ("fer", "ferplus")


@dataclass(frozen=True, slots=True)
class Asking:
    """What a training was asked for. options: fields of FitConfig; None: not given."""

    arch: str
    data: Path
    out: Path
    options: dict[str, Any]
    resume: bool = False

    @property
    def seed(self) -> int:
        return int(self.options.get("seed") or 0)

    def command_line(self) -> str:
        """The command that repeats it, with the options that were given alone."""
        words = ["manage.py", "train", "--arch", self.arch]
        words += ["--data", portable(self.data)]
        for name, value in self.options.items():
            if name == "extra":
                words += _sources(value)
            elif value not in (None, "", 0, 0.0):
                words += [f"--{name.replace('_', '-')}", str(value)]
        return shlex.join([*words, "--out", portable(self.out)])


def _sources(extra: Sequence[Source]) -> list[str]:
    named = [f"{portable(Path(source.path))}={source.weight:g}" for source in extra]
    return [word for text in named for word in ("--also", text)]


def command_line(data: Path, out: Path, config: FitConfig) -> str:
    """The command that repeats a training, without folders of this machine."""
    from inference.training.architectures import architecture

    usual = architecture(config.arch).classes
    words = ["manage.py", "train", "--arch", config.arch, "--data", portable(data)]
    words += ["--labels", config.labels, "--epochs", str(config.epochs)]
    words += ["--batch-size", str(config.batch_size)]
    words += ["--learning-rate", str(config.learning_rate)]
    words += ["--balance", str(config.balance), "--patience", str(config.patience)]
    words += ["--adjust", str(config.adjust)] if config.adjust else []
    words += ["--classes", str(config.classes)] if config.classes != usual else []
    words += ["--fer-share", str(config.fer_share)] if config.fer_share else []
    damage = config.augmentation.damage
    words += ["--damage", str(damage)] if damage else []
    if config.precision != "float32":
        words += ["--precision", config.precision]
    if config.weights != "none":
        words += ["--weights", portable(Path(config.weights))]
    for name in ("size", "colour", "equalise", "scale"):
        value = getattr(config, name)
        words += [f"--{name}", str(value)] if value else []
    words += _sources(config.extra)
    words += ["--seed", str(config.seed), "--out", portable(out)]
    return shlex.join(words)


def portable(path: Path) -> str:
    """The path from the working folder; of one outside it the last two parts."""
    full = path.resolve()
    if full.is_relative_to(Path.cwd()):
        return full.relative_to(Path.cwd()).as_posix()
    return "/".join(full.parts[-2:])
