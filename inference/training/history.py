"""The course of a training as a picture: accuracy and loss by epoch."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

WIDTH, HEIGHT = 360, 240  # plotting area of each panel, user units
LEFT, TOP, GAP, BOTTOM = 52, 30, 76, 40
STYLE = (
    "text{font:12px sans-serif;fill:#555}.grid{stroke:#ddd}"
    "polyline{fill:none;stroke-width:2}.a{stroke:#2563eb}.b{stroke:#d97706}"
    "circle.a{fill:#2563eb}circle.b{fill:#d97706}rect{fill:#fff}"
)
PANELS = ("accuracy", "loss")


def plot(history: Sequence[Mapping[str, float]]) -> str:
    """An SVG file with two panels, training in blue and validation in orange.

    history: one row an epoch with "epoch", "loss", "accuracy" and both again with
    "validation_" before; what a row lacks is left out.
    """
    panels = [
        _panel(history, name, LEFT + number * (WIDTH + GAP))
        for number, name in enumerate(PANELS)
    ]
    width, height = LEFT + 2 * WIDTH + GAP + 16, TOP + HEIGHT + BOTTOM
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" role="img" aria-label="Accuracy and loss by epoch">'
        f'<style>{STYLE}</style><rect width="{width}" height="{height}"/>'
        f"{''.join(panels)}</svg>\n"
    )


def _panel(history: Sequence[Mapping[str, float]], name: str, left: float) -> str:
    lines = {
        style: [(row["epoch"], row[key]) for row in history if key in row]
        for style, key in (("a", name), ("b", f"validation_{name}"))
    }
    values = [y for points in lines.values() for _, y in points]
    top = 1.0 if name == "accuracy" else max([*values, 1e-6])
    last = max([row["epoch"] for row in history], default=1)

    def place(x: float, y: float) -> tuple[float, float]:
        across = (x - 1) / max(last - 1, 1)
        return left + across * WIDTH, TOP + (1 - y / top) * HEIGHT

    parts = [_text(left, TOP - 12, f"{name}: training, validation", "start")]
    for step in range(5):
        value = top * step / 4
        _, y = place(1, value)
        parts.append(
            f'<line class="grid" x1="{left}" x2="{left + WIDTH}" y1="{y:.1f}" '
            f'y2="{y:.1f}"/>{_text(left - 6, y + 4, f"{value:.2f}", "end")}'
        )
    for style, points in lines.items():
        parts.append(_line([place(*point) for point in points], style))
    below = TOP + HEIGHT + 18
    parts += [_text(left, below, "1"), _text(left + WIDTH, below, f"{last:g}")]
    return "".join([*parts, _text(left + WIDTH / 2, below + 14, "epoch")])


def _line(points: Sequence[tuple[float, float]], style: str) -> str:
    if len(points) == 1:
        ((x, y),) = points
        return f'<circle class="{style}" cx="{x:.1f}" cy="{y:.1f}" r="3"/>'
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline class="{style}" points="{path}"/>'


def _text(x: float, y: float, text: str, anchor: str = "middle") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
