"""A model card in the sense of Mitchell et al. 2019 (arXiv 1810.03993)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from inference.spec import ModelSpec, load_spec, model_folder, write_spec
from inference.types import EMOTIONS

CARD_FILE = "card.md"

FER2013_TERMS = (
    "FER2013 (Goodfellow et al. 2013, arXiv 1307.0414) is a research data set of "
    "pictures collected by web searches. It has no open licence, the people in it "
    "were not asked, and its labels are noisy. FER+ (Barsoum et al. 2016, arXiv "
    "1608.01041) labels the same pictures anew by ten annotators; MIT licence. "
    "No picture of either is part of this product."
)
USE = """\
## Use

Estimating which of five expressions a face shows, as one of many readings that are
averaged over days and reviewed by a human. An expression is not a feeling.

Not for: single readings, decisions about a person without review, lie or health
diagnosis, faces of people who have not consented, pictures of children.

## Known weaknesses

* Sad, neutral and angry faces are the ones most often taken for each other.
* Five classes only: fear, disgust and contempt are forced into them.
* People who are rare in the training pictures (by age, skin, culture, glasses,
  head covering) have not been measured apart; expect larger errors for them.
* Small, dark, blurred or turned faces are reported as unusable rather than read.
"""


def write_card(folder: Path, spec: ModelSpec) -> None:
    """Write `folder`/card.md from the facts in `spec`."""
    (folder / CARD_FILE).write_text(card(spec), encoding="utf-8")


def card(spec: ModelSpec) -> str:
    """The model card as Markdown."""
    inputs = spec.inputs
    parts = [
        f"# {spec.name}",
        "",
        f"Architecture `{spec.architecture}`, input {inputs.size} x {inputs.size} x "
        f"{inputs.channels} ({inputs.colour}, {inputs.standardise}), classes "
        f"{', '.join(spec.classes)}. Temperature {spec.temperature}. "
        f"Version `{spec.version}`.",
        "",
        "Written from `spec.json` by `manage.py train` and `manage.py evaluate "
        "--record`.",
        "",
        "## Training",
        "",
        *([f"    {spec.command}", ""] if spec.command else []),
        f"Seed {spec.seed}. Data: {spec.data.get('source', 'unknown')}; "
        f"{_counts(spec.data.get('sizes', {}))} pictures; "
        f"{spec.data.get('dropped_duplicates', 0)} training pictures dropped because "
        "a held-out picture is identical to them; left out: "
        f"{_counts(spec.data.get('skipped', {}))}.",
        "",
    ]
    if "fer2013" in str(spec.data.get("source", "")):
        parts += [FER2013_TERMS, ""]
    parts += ["## Figures", ""]
    for name, figures in spec.figures.items():
        parts += [*_figures(name, figures), ""]
    return "\n".join([*parts, USE])


def _counts(values: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in values.items()) or "nothing"


def _figures(name: str, figures: dict[str, Any]) -> list[str]:
    lines = [
        f"**{name}**: {figures['n']} pictures, accuracy {figures['accuracy']:.3f}, "
        f"balanced accuracy {figures['balanced_accuracy']:.3f}, "
        f"ECE {figures['ece']:.3f}; without a face {figures.get('not_found', 0)}.",
        "",
        "| class | precision | sensitivity | specificity | F1 | accuracy | n |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for emotion in EMOTIONS:
        row = figures["per_class"][emotion]
        values = [
            f"{row[key]:.3f}"
            for key in ("precision", "sensitivity", "specificity", "f1", "accuracy")
        ]
        lines.append(f"| {emotion} | {' | '.join(values)} | {row['n']} |")
    return lines


def record(model: str | Path, title: str, figures: dict[str, Any]) -> None:
    """Add figures under `title` to a model's spec and write its card anew."""
    folder = model_folder(model)
    spec = load_spec(folder)
    spec = replace(spec, figures={**spec.figures, title: figures})
    write_spec(folder, spec)
    write_card(folder, spec)
