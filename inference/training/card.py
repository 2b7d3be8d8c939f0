"""A model card in the sense of Mitchell et al. 2019 (arXiv 1810.03993)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from inference.spec import ModelSpec, load_spec, model_folder, write_spec

CARD_FILE = "card.md"
UNCALIBRATED = 0.1  # calibration error that a reader must be warned of

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

Not for: single readings; decisions about a person without review; ranking, hiring,
paying or dismissing people; lie or health diagnosis; faces of people who have not
consented; pictures of children.

## Limits that no figure above shows

* Every expression beyond the product's five is forced into them or left out.
* People who are rare in the training pictures (by age, skin, culture, glasses,
  head covering) have not been measured apart unless groups are listed above; expect
  larger errors for them.
* Small, dark, blurred or turned faces are meant to be reported as unusable rather than
  read; `python -m bench.corruptions` measures how far that holds.
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
    weaknesses = known_failures(spec.figures)
    if weaknesses:
        parts += ["## Known failures, from these figures", "", *weaknesses, ""]
    return "\n".join([*parts, USE])


def _counts(values: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in values.items()) or "nothing"


def _figures(name: str, figures: dict[str, Any]) -> list[str]:
    found = figures.get("intervals") or {}
    recall = found.get("recall", {})
    lines = [
        f"**{name}**: {figures['n']} pictures, accuracy "
        f"{_with(figures['accuracy'], found.get('accuracy'))}, balanced accuracy "
        f"{_with(figures['balanced_accuracy'], found.get('balanced_accuracy'))}, "
        f"ECE {_with(figures['ece'], found.get('ece'))}; without a face "
        f"{figures.get('not_found', 0)}.{_selective(figures, found)}",
        "",
        "| class | precision | sensitivity | specificity | F1 | accuracy | n |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for emotion, row in figures["per_class"].items():
        values = [
            f"{row['precision']:.3f}",
            _with(row["sensitivity"], recall.get(emotion)),
            *(f"{row[key]:.3f}" for key in ("specificity", "f1", "accuracy")),
        ]
        lines.append(f"| {emotion} | {' | '.join(values)} | {row['n']} |")
    return lines + _groups(figures.get("groups") or {})


def _with(value: float, ends: list[float] | None) -> str:
    """A figure and, where it was measured, its 95 % interval."""
    return f"{value:.3f}" + (f" [{ends[0]:.3f}, {ends[1]:.3f}]" if ends else "")


def _selective(figures: dict[str, Any], found: dict[str, Any]) -> str:
    if "selective_accuracy" not in figures:
        return ""
    value = _with(figures["selective_accuracy"], found.get("selective_accuracy"))
    return f" Of the surest 80 %, {value} are right. Brackets: 95 % intervals."


def _groups(groups: dict[str, Any]) -> list[str]:
    if not groups:
        return []
    lines = ["", "| group | accuracy | n |", "| --- | --- | --- |"]
    return lines + [
        f"| {name} | {one['accuracy']:.3f} | {one['n']} |"
        for name, one in groups.items()
    ]


def known_failures(figures: dict[str, Any]) -> list[str]:
    """For every measurement its worst recall, and what most often hides behind it."""
    lines = []
    for title, one in figures.items():
        names = list(one["per_class"])
        known = [name for name in names if one["per_class"][name]["n"]]
        if not known:
            continue
        worst = min(known, key=lambda name: one["per_class"][name]["sensitivity"])
        recall = one["per_class"][worst]["sensitivity"]
        total = one["per_class"][worst]["n"]
        row = dict(zip(names, one["confusion"][names.index(worst)], strict=True))
        mistakes = {name: count for name, count in row.items() if name != worst}
        taken = max(mistakes, key=lambda name: mistakes[name])
        lines.append(
            f"* {title}: {worst} faces are found least ({recall:.0%} of {total}); "
            f"{mistakes[taken] / total:.0%} of them are called {taken}."
        )
        if one["ece"] > UNCALIBRATED:
            lines.append(
                f"* {title}: its probabilities cannot be taken at their word "
                f"(calibration error {one['ece']:.2f})."
            )
    return lines


def record(model: str | Path, title: str, figures: dict[str, Any]) -> None:
    """Add figures under `title` to a model's spec and write its card anew."""
    folder = model_folder(model)
    spec = load_spec(folder)
    spec = replace(spec, figures={**spec.figures, title: figures})
    write_spec(folder, spec)
    write_card(folder, spec)
