"""An evaluation or comparison as one HTML file that needs nothing beside it."""

from __future__ import annotations

import base64
import io
from html import escape
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

import numpy as np

from inference.training import svg
from inference.training.intervals import RECALL, RESAMPLES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL import Image

    from inference.training.answers import Answers
    from inference.training.compare import Comparison
    from inference.training.evaluate import Measured, Report
    from inference.training.explain import Explainer
    from inference.training.intervals import Interval

TEMPLATE = Path(__file__).with_name("report.html")
HEADLINES = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "selective_accuracy": "accuracy at 80 % coverage",
    "ece": "ECE (calibration error)",
}
INTERVAL_NOTE = (
    f"Brackets hold 95 % intervals from {RESAMPLES} resamples of the pictures. They "
    "say how far chance in the choice of pictures reaches, not how other cameras, "
    "rooms or people would fare."
)


def page(title: str, parts: Sequence[str]) -> str:
    """The whole document; `parts` are HTML already."""
    text = Template(TEMPLATE.read_text(encoding="utf-8"))
    return text.substitute(title=escape(title), body="\n".join(parts))


def evaluation_page(report: Report, examples: Sequence[str] = ()) -> str:
    """The report of `manage.py evaluate --html`; `examples` from `example_figures`."""
    asked, figures = report.answers, report.figures
    title = f"{asked.spec.name}: evaluation"
    parts = [
        f"<h1>{escape(title)}</h1>",
        _note(_asked(asked, figures.n, figures.not_found)),
        "<h2>Figures</h2>",
        table(("figure", "value"), _headline_rows(report.measured)),
        _note(INTERVAL_NOTE),
        "<h2>Classes</h2>",
        _class_table(report.measured),
        _figure(
            svg.confusion(asked.names, figures.confusion), "Rows are true classes."
        ),
        "<h2>Does it know when it is wrong?</h2>",
        _figure(
            svg.reliability(report.raw, report.scaled),
            f"Temperature {asked.spec.temperature}; points on the dashed line keep "
            "their word, larger ones stand for more pictures.",
        ),
        _figure(
            svg.risk_coverage(report.curve),
            f"Area under risk-coverage {report.curve.area:.4f} (0 is best).",
        ),
    ]
    if report.groups:
        parts += ["<h2>Groups</h2>", _group_table(report.groups)]
    if examples:
        parts += ["<h2>Surest mistakes</h2>", *examples]
    return page(title, parts)


def comparison_page(found: Comparison) -> str:
    """The report of `manage.py compare --html`."""
    first = found.answers[0]
    n = len(first.scored)
    missing = int((~first.scored.found).sum())
    parts = [
        "<h1>Comparison of models</h1>",
        _note(_asked(first, n, missing, named=False)),
        table(
            ("model", *HEADLINES.values()),
            [
                (name, *(str(one[key]) for key in HEADLINES))
                for name, one in found.intervals.items()
            ],
        ),
        _note(INTERVAL_NOTE),
        "<h2>Recall</h2>",
        table(
            ("model", *first.names),
            [
                (name, *(_recall(one, emotion) for emotion in first.names))
                for name, one in found.intervals.items()
            ],
        ),
        "<h2>Pairs</h2>",
        table(
            ("pair", "accuracy gained", "balanced gained", "p (McNemar)", "agreement"),
            [pair.cells() for pair in found.pairs],
        ),
        _note(
            "Gained: second minus first, 95 % interval of the paired bootstrap. p: "
            "mid-p McNemar test on the pictures that only one of the two gets right."
        ),
    ]
    return page("Comparison of models", parts)


def _asked(asked: Answers, n: int, missing: int, *, named: bool = True) -> str:
    skipped = ", ".join(f"{count} {name}" for name, count in asked.skipped.items())
    model = f"Model {asked.spec.version}. " if named else ""
    gate = ""
    if asked.unusable is not None:
        gate = f" The quality gate refuses {asked.unusable:.1%} of the faces."
    return (
        f"{model}{n} pictures ({asked.way}, split {asked.split}, labels "
        f"{asked.labels}), {missing} without a face. Left out: "
        f"{asked.dropped_duplicates} identical to a training picture"
        + (f", {skipped}." if skipped else ".")
        + gate
    )


def _headline_rows(measured: Measured) -> list[tuple[str, str]]:
    found = measured.intervals
    return [(name, str(found[key])) for key, name in HEADLINES.items() if key in found]


def _class_table(measured: Measured) -> str:
    return table(
        ("class", "precision", "sensitivity", "specificity", "F1", "accuracy", "n"),
        [
            (
                name,
                f"{row.precision:.3f}",
                _recall(measured.intervals, name),
                f"{row.specificity:.3f}",
                f"{row.f1:.3f}",
                f"{row.accuracy:.3f}",
                str(row.n),
            )
            for name, row in measured.figures.per_class.items()
        ],
    )


def _recall(found: dict[str, Interval], name: str) -> str:
    return str(found.get(RECALL + name, "no pictures"))


def _group_table(groups: dict[str, Measured]) -> str:
    rows = [
        (name, str(one.figures.n), *(text for _, text in _headline_rows(one)))
        for name, one in groups.items()
    ]
    return table(("group", "n", *HEADLINES.values()), rows)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """An HTML table; everything is escaped."""

    def line(tag: str, cells: Sequence[str]) -> str:
        return "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells)

    body = "".join(f"<tr>{line('td', row)}</tr>" for row in rows)
    return (
        f'<div class="scroll"><table><thead><tr>{line("th", head)}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _note(text: str) -> str:
    return f'<p class="note">{escape(text)}</p>'


def _figure(content: str, caption: str) -> str:
    return f"<figure>{content}<figcaption>{escape(caption)}</figcaption></figure>"


def example_figures(answers: Answers, explainer: Explainer, count: int) -> list[str]:
    """The surest mistakes with their maps; shows faces, so only where asked for."""
    from inference.training.explain_draw import draw

    scored = answers.scored
    wrong = np.flatnonzero(~scored.right & scored.found)
    surest = wrong[np.argsort(-scored.confidence[wrong], kind="stable")][:count]
    out = []
    for number in surest.tolist():
        crop = answers.crop(number)
        if crop is None:
            continue
        truth = answers.names[int(scored.labels[number])]
        caption = f"labelled {truth}, picture {number + 1}"
        out.append(_figure(_inline(draw(explainer(crop))), caption))
    return out


def _inline(image: Image.Image) -> str:
    content = io.BytesIO()
    image.save(content, format="PNG")
    data = base64.b64encode(content.getvalue()).decode("ascii")
    return f'<img alt="face with explanation maps" src="data:image/png;base64,{data}">'
