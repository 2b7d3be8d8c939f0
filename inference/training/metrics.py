"""Figures of a classifier against known labels."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from inference.types import EMOTIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inference.arrays import Ints, Tensor

ECE_BINS = 15


@dataclass(frozen=True, slots=True)
class ClassFigures:
    """One class against the rest; 0 where a figure is undefined."""

    precision: float
    sensitivity: float
    specificity: float
    f1: float
    accuracy: float
    n: int


@dataclass(frozen=True)
class Figures:
    """All figures of one evaluation.

    confusion: rows are true classes, columns predicted ones, in the order of
    `per_class`. not_found: pictures without a face; each counts as wrong and is in no
    column. ece: expected calibration error over the pictures with a face.
    """

    n: int
    accuracy: float
    balanced_accuracy: float
    ece: float
    per_class: dict[str, ClassFigures]
    confusion: tuple[tuple[int, ...], ...]
    not_found: int = 0

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def figures(
    labels: Ints,
    probabilities: Tensor,
    *,
    not_found: Ints,
    names: Sequence[str] = EMOTIONS,
) -> Figures:
    """Figures of probabilities (n, classes) for n pictures with a face.

    labels: (n,) true classes. not_found: true classes of the pictures without one.
    names: the classes in the order of the columns. Raises ValueError when they and
    the columns differ in number.
    """
    if probabilities.shape[1] != len(names):
        raise ValueError(f"{probabilities.shape[1]} columns, but {len(names)} names")
    predicted = probabilities.argmax(axis=1)
    confusion = np.zeros((len(names), len(names)), int)
    np.add.at(confusion, (labels, predicted), 1)
    missing = np.bincount(not_found, minlength=len(names))
    totals = confusion.sum(axis=1) + missing
    n = int(totals.sum())
    per_class = {
        name: _one_against_rest(confusion, int(totals[k]), n, k)
        for k, name in enumerate(names)
    }
    present = [row.sensitivity for row in per_class.values() if row.n]
    return Figures(
        n=n,
        accuracy=_ratio(float(np.trace(confusion)), n),
        balanced_accuracy=float(np.mean(present)) if present else 0.0,
        ece=calibration_error(labels, probabilities),
        per_class=per_class,
        confusion=tuple(tuple(row) for row in confusion.tolist()),
        not_found=int(missing.sum()),
    )


def _one_against_rest(
    confusion: np.ndarray, total: int, n: int, k: int
) -> ClassFigures:
    hits = int(confusion[k, k])
    false_alarms = int(confusion[:, k].sum()) - hits
    rejected = n - total - false_alarms
    precision = _ratio(hits, hits + false_alarms)
    sensitivity = _ratio(hits, total)
    return ClassFigures(
        precision=precision,
        sensitivity=sensitivity,
        specificity=_ratio(rejected, n - total),
        f1=_ratio(2 * precision * sensitivity, precision + sensitivity),
        accuracy=_ratio(hits + rejected, n),
        n=total,
    )


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def calibration_error(labels: Ints, probabilities: Tensor) -> float:
    """Expected calibration error in 15 equal bins (Guo et al. 2017, section 2)."""
    if len(labels) == 0:
        return 0.0
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    bins = np.minimum((confidence * ECE_BINS).astype(int), ECE_BINS - 1)
    gaps = np.bincount(bins, weights=confidence - right, minlength=ECE_BINS)
    return float(np.abs(gaps).sum() / len(labels))


def table(result: Figures) -> str:
    """The paper's table, the confusion matrix and the headline figures as text."""
    names = tuple(result.per_class)
    width = max(len(name) for name in names)
    lines = [
        f"{'':{width}}  precision  sensitivity  specificity     F1  accuracy      n"
    ]
    for name, row in result.per_class.items():
        lines.append(
            f"{name:{width}}  {row.precision:9.3f}  {row.sensitivity:11.3f}  "
            f"{row.specificity:11.3f}  {row.f1:5.3f}  {row.accuracy:8.3f}  {row.n:5d}"
        )
    lines += ["", f"{'true, predicted':15}" + "".join(f"{e:>10}" for e in names)]
    for name, counts in zip(names, result.confusion, strict=True):
        lines.append(f"{name:15}" + "".join(f"{count:10d}" for count in counts))
    lines += [
        "",
        f"pictures {result.n}, without a face {result.not_found}",
        f"accuracy {result.accuracy:.4f}, "
        f"balanced accuracy {result.balanced_accuracy:.4f}, ECE {result.ece:.4f}",
    ]
    return "\n".join(lines)
