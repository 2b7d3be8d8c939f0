"""Several models on the same pictures: who is better, and by more than chance?"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from fractions import Fraction
from itertools import combinations
from math import comb
from typing import TYPE_CHECKING, Any

import numpy as np

from inference.errors import DataError
from inference.spec import load_spec, model_folder
from inference.training.answers import Answers, Selection, ask, ask_crops, read_crops
from inference.training.data import find_csv
from inference.training.intervals import (
    RESAMPLES,
    Interval,
    as_json,
    bootstrap,
    figures_of,
    intervals,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy.typing as npt

    from inference.training.data import Dataset


@dataclass(frozen=True)
class Difference:
    """Second figure minus first with the ends of its 95 % interval, -1 to 1."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:+.3f} [{self.low:+.3f}, {self.high:+.3f}]"


@dataclass(frozen=True)
class Pair:
    """Two models on the same pictures.

    only_first, only_second: pictures that one of them alone gets right. p: mid-p
    McNemar. agreement: share of pictures with the same answer. differences: by figure.
    """

    first: str
    second: str
    only_first: int
    only_second: int
    p: float
    agreement: float
    differences: dict[str, Difference]

    def cells(self) -> tuple[str, ...]:
        return (
            f"{self.first} → {self.second}",
            str(self.differences["accuracy"]),
            str(self.differences["balanced_accuracy"]),
            f"{self.p:.4f} ({self.only_first} : {self.only_second})",
            f"{self.agreement:.3f}",
        )


@dataclass(frozen=True)
class Comparison:
    """All models' answers and intervals by their names, and every pair of them."""

    answers: tuple[Answers, ...]
    intervals: dict[str, dict[str, Interval]]
    pairs: tuple[Pair, ...]

    def text(self) -> str:
        first = self.answers[0]
        lines = [
            f"{len(first.scored)} pictures ({first.way}, split {first.split}, labels "
            f"{first.labels}); 95 % intervals",
            f"{'model':24}{'accuracy':24}{'balanced':24}{'at 80 %':24}ECE",
        ]
        for name, one in self.intervals.items():
            keys = ("accuracy", "balanced_accuracy", "selective_accuracy")
            cells = "".join(f"{one[key]!s:24}" for key in keys)
            lines.append(f"{name:24}{cells}{one['ece']}")
        for pair in self.pairs:
            names, gain, balanced, p, agreement = pair.cells()
            lines += [
                "",
                f"{names}: accuracy {gain}, balanced {balanced}",
                f"  McNemar mid-p {p}, agreement {agreement}",
            ]
        return "\n".join(lines)

    def as_dict(self) -> dict[str, Any]:
        first = self.answers[0]
        return {
            "n": len(first.scored),
            "way": first.way,
            "split": first.split,
            "labels": first.labels,
            "resamples": RESAMPLES,
            "models": {
                name: {
                    "version": answers.spec.version,
                    **figures_of(answers.scored, answers.names),
                    "intervals": as_json(one),
                }
                for (name, one), answers in zip(
                    self.intervals.items(), self.answers, strict=True
                )
            },
            "pairs": [asdict(pair) for pair in self.pairs],
        }


def compare(models: Sequence[str | Path], source: Selection) -> Comparison:
    """Let several models read the same pictures.

    Raises DataError for fewer than two models, for one named twice and where they
    did not get the same pictures; ModelError as `ask`.
    """
    if len(models) < 2:
        raise DataError("name at least two models to compare")
    folders = [model_folder(model) for model in models]
    if len({folder.resolve() for folder in folders}) < len(folders):
        raise DataError("each model can be named only once")
    answers = _ask_all(folders, source)
    first = answers[0].scored.labels
    if any(not np.array_equal(one.scored.labels, first) for one in answers):
        raise DataError("the models' input sizes make them see different duplicates")
    names = _names(answers)
    return Comparison(
        answers=tuple(answers),
        intervals={
            name: intervals(one.scored, source.names)
            for name, one in zip(names, answers, strict=True)
        },
        pairs=_pairs(names, answers),
    )


def _ask_all(folders: Sequence[Path], source: Selection) -> list[Answers]:
    """Each model's answers; fer2013.csv is read once, because reading it is slow."""
    if not source.are_crops:
        return [ask(folder, source) for folder in folders]
    read: dict[tuple[int, bool], Dataset] = {}
    answers = []
    for folder in folders:
        spec = load_spec(folder)
        key = spec.inputs.size, spec.inputs.is_colour
        if find_csv(source.data) is not None:
            key = 0, False
        if key not in read:
            read[key] = read_crops(source, spec)
        answers.append(ask_crops(folder, spec, source, read[key]))
    return answers


def _names(answers: Sequence[Answers]) -> list[str]:
    names = [one.spec.name for one in answers]
    if len(set(names)) == len(names):
        return names
    return [f"{one.spec.version} ({number})" for number, one in enumerate(answers, 1)]


def _pairs(names: Sequence[str], answers: Sequence[Answers]) -> tuple[Pair, ...]:
    scored = [one.scored for one in answers]
    drawn = [bootstrap(one.scored, one.names) for one in answers]
    own = [figures_of(one.scored, one.names) for one in answers]
    pairs = []
    for i, j in combinations(range(len(names)), 2):
        first, second = scored[i].right, scored[j].right
        only = int((first & ~second).sum()), int((second & ~first).sum())
        pairs.append(
            Pair(
                first=names[i],
                second=names[j],
                only_first=only[0],
                only_second=only[1],
                p=mcnemar(*only),
                agreement=float(np.mean(scored[i].predicted == scored[j].predicted)),
                differences={
                    key: _difference(own[j][key] - value, drawn[j][key] - drawn[i][key])
                    for key, value in own[i].items()
                },
            )
        )
    return tuple(pairs)


def _difference(value: float, drawn: npt.NDArray[np.float64]) -> Difference:
    """Paired percentile bootstrap (Efron and Tibshirani 1993, chapter 13)."""
    low, high = np.nanpercentile(drawn, [2.5, 97.5])
    return Difference(value, float(low), float(high))


def mcnemar(only_first: int, only_second: int) -> float:
    """Two-sided mid-p McNemar test from the discordant pictures.

    Fagerland, Lydersen and Laake 2013 (BMC Medical Research Methodology 13:91): as
    exact as needed and less conservative than the exact test. 1 where nothing
    differs.
    """
    n, fewer = only_first + only_second, min(only_first, only_second)
    if n == 0:
        return 1.0
    if only_first == only_second:
        return 1 - float(Fraction(comb(n, fewer), 2 ** (n + 1)))
    tail = sum(comb(n, k) for k in range(fewer + 1))
    return float(Fraction(2 * tail - comb(n, fewer), 2**n))
