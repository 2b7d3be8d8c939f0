"""The whole of `manage.py evaluate`: a model and labelled pictures in, figures out."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from inference.classifier import calibrate
from inference.training.answers import Answers, Selection, ask
from inference.training.curves import (
    Reliability,
    RiskCoverage,
    reliability,
    risk_coverage,
)
from inference.training.intervals import RESAMPLES, Interval, as_json, intervals
from inference.training.metrics import Figures, figures, table
from inference.training.scored import Scored

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from inference.arrays import Tensor


@dataclass(frozen=True)
class Measured:
    """Figures of some pictures with their 95 % intervals."""

    figures: Figures
    intervals: dict[str, Interval]

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready, the figures' own keys first."""
        selective = self.intervals["selective_accuracy"].value if self.intervals else 0
        return {
            **self.figures.as_dict(),
            "selective_accuracy": selective,
            "intervals": as_json(self.intervals),
        }


def measure(scored: Scored, names: Sequence[str]) -> Measured:
    """Figures of answers in the classes `names`."""
    seen, missing = scored.where(scored.found), scored.where(~scored.found)
    own = figures(
        seen.labels, seen.probabilities, not_found=missing.labels, names=names
    )
    return Measured(own, intervals(scored, names))


@dataclass(frozen=True)
class Report:
    """An evaluation and how it was made.

    raw: calibration before temperature scaling, scaled: after it. groups: figures of
    each group of people, where the data names groups.
    """

    answers: Answers
    measured: Measured
    raw: Reliability
    scaled: Reliability
    curve: RiskCoverage
    groups: dict[str, Measured]

    @property
    def figures(self) -> Figures:
        return self.measured.figures

    def text(self) -> str:
        """The paper's table with what was left out above it, intervals below."""
        parts = [*_head(self.answers), "", table(self.figures), "", *self._doubt()]
        if self.groups:
            parts += ["", *_group_lines(self.groups)]
        return "\n".join(parts)

    def _doubt(self) -> list[str]:
        named = self.measured.intervals.items()
        return [
            f"95 % intervals, {RESAMPLES} resamples:",
            *(f"  {name.replace('_', ' '):20} {one}" for name, one in named),
            f"ECE before temperature scaling {self.raw.ece:.4f}, after "
            f"{self.scaled.ece:.4f}",
            f"accuracy at 80 % coverage {self.curve.at_80:.4f}, area under "
            f"risk-coverage {self.curve.area:.4f}",
        ]

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready, the figures' own keys first."""
        asked = self.answers
        return {
            **self.measured.as_dict(),
            "model": asked.spec.version,
            "split": asked.split,
            "labels": asked.labels,
            "way": asked.way,
            "classes": list(asked.names),
            "dropped_duplicates": asked.dropped_duplicates,
            "skipped": asked.skipped,
            "unusable": asked.unusable,
            "resamples": RESAMPLES,
            "temperature": asked.spec.temperature,
            "area_under_risk_coverage": self.curve.area,
            "reliability": {
                "before": self.raw.as_dict(),
                "after": self.scaled.as_dict(),
            },
            "risk_coverage": asdict(self.curve),
            "groups": {name: one.as_dict() for name, one in self.groups.items()},
        }

    def for_card(self) -> dict[str, Any]:
        """What belongs into a spec: all but the curves."""
        curves = ("reliability", "risk_coverage", "groups")
        kept = {key: one for key, one in self.as_dict().items() if key not in curves}
        kept["ece_before_scaling"] = self.raw.ece
        kept["groups"] = {
            name: {"n": one.figures.n, "accuracy": one.figures.accuracy}
            for name, one in self.groups.items()
        }
        return kept


def evaluate(model: str | Path, source: Selection) -> Report:
    """Score a model on labelled pictures. Raises DataError and ModelError."""
    return report(ask(model, source))


def report(answers: Answers) -> Report:
    """All figures of a model's answers."""
    scored = answers.scored
    cold = unscaled(scored.probabilities, answers.spec.temperature)
    return Report(
        answers=answers,
        measured=measure(scored, answers.names),
        raw=reliability(Scored(scored.labels, cold)),
        scaled=reliability(scored),
        curve=risk_coverage(scored),
        groups={
            str(name): measure(scored.where(answers.groups == name), answers.names)
            for name in np.unique(answers.groups)
            if name
        },
    )


def unscaled(probabilities: Tensor, temperature: float) -> Tensor:
    """Calibrated probabilities (n, k) as they were before the temperature.

    Dividing logits by T, restricting the classes and renormalising commute with
    raising probabilities to the power T. Rows of zeros stay.
    """
    found = probabilities.max(axis=1, keepdims=True) > 0
    return np.where(found, calibrate(probabilities, 1 / temperature), 0)


def _head(asked: Answers) -> list[str]:
    skipped = ", ".join(f"{count} {name}" for name, count in asked.skipped.items())
    head = [
        f"{asked.spec.version} on {asked.way}, split {asked.split}, labels "
        f"{asked.labels}",
        f"left out: {asked.dropped_duplicates} identical to a training picture"
        + (f", {skipped}" if skipped else ""),
    ]
    if asked.unusable is not None:
        head.append(f"faces that the quality gate refuses: {asked.unusable:.1%}")
    return head


def _group_lines(groups: dict[str, Measured]) -> list[str]:
    return ["group, pictures, accuracy, balanced accuracy"] + [
        f"  {name:20} {one.figures.n:6d}  {one.intervals['accuracy']}  "
        f"{one.intervals['balanced_accuracy']}"
        for name, one in groups.items()
    ]
