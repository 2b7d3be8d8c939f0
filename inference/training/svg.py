"""Three small figures as SVG text; their colours come from the page's style sheet."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inference.training.curves import Reliability, RiskCoverage

SIDE = 300  # plotting area, user units
LEFT, TOP, RIGHT, BOTTOM = 56, 16, 16, 44
CELL = 64


def confusion(names: Sequence[str], counts: Sequence[Sequence[int]]) -> str:
    """Confusion matrix: rows are true classes, shaded by their share of the row."""
    reach = 12 + 8 * max(len(name) for name in names)
    parts = []
    for y, (name, row) in enumerate(zip(names, counts, strict=True)):
        middle = TOP + y * CELL + CELL / 2
        parts.append(_text(reach - 8, middle + 4, name, "end"))
        total = max(sum(row), 1)
        for x, count in enumerate(row):
            parts.append(_cell(reach + x * CELL, TOP + y * CELL, count, count / total))
    size = len(names) * CELL
    for x, name in enumerate(names):
        parts.append(_text(reach + x * CELL + CELL / 2, TOP + size + 18, name))
    parts.append(_text(reach + size / 2, TOP + size + 38, "predicted"))
    return _svg(
        reach + size + RIGHT, TOP + size + BOTTOM + 4, parts, "Confusion matrix"
    )


def _cell(x: float, y: float, count: int, share: float) -> str:
    strong = ' class="on"' if share > 0.6 else ""
    middle = x + CELL / 2
    return (
        f'<rect class="cell" x="{x}" y="{y}" width="{CELL - 2}" height="{CELL - 2}" '
        f'style="fill-opacity:{share:.3f}"/>'
        f'<text{strong} x="{middle}" y="{y + CELL / 2}" text-anchor="middle">'
        f"{share:.0%}</text>"
        f'<text{strong} x="{middle}" y="{y + CELL / 2 + 16}" text-anchor="middle" '
        f'font-size="10">{count}</text>'
    )


def reliability(before: Reliability, after: Reliability) -> str:
    """Accuracy against confidence before and after temperature scaling."""
    parts = [*_axes("confidence", "share right"), _line([(0, 0), (1, 1)], "ideal")]
    for one, style in ((before, "before"), (after, "after")):
        points = list(zip(one.confidence, one.accuracy, strict=True))
        parts.append(_line(points, style))
        largest = max(one.count, default=1)
        for (x, y), count in zip(points, one.count, strict=True):
            radius = 2 + 4 * (count / largest) ** 0.5
            parts.append(
                f'<circle class="{style}" cx="{_x(x):.1f}" cy="{_y(y):.1f}" '
                f'r="{radius:.1f}"><title>{count} pictures</title></circle>'
            )
    for row, (one, style) in enumerate(((before, "before"), (after, "after"))):
        y = TOP + 18 + 18 * row
        parts.append(f'<line class="{style}" x1="66" x2="90" y1="{y}" y2="{y}"/>')
        parts.append(_text(96, y + 4, f"{style} scaling, ECE {one.ece:.3f}", "start"))
    return _plot(parts, "Reliability diagram")


def risk_coverage(curve: RiskCoverage) -> str:
    """Accuracy of the surest share of the pictures, 80 % marked."""
    points = list(zip(curve.coverage, curve.accuracy, strict=True))
    parts = [*_axes("share of pictures answered", "share right")]
    parts.append(_line(points, "after"))
    x, y = _x(0.8), _y(curve.at_80)
    parts.append(_line([(0.8, 0), (0.8, 1)], "ideal"))
    parts.append(f'<circle class="after" cx="{x:.1f}" cy="{y:.1f}" r="5"/>')
    parts.append(_text(x - 8, y + 22, f"{curve.at_80:.3f} at 80 %", "end"))
    return _plot(parts, "Accuracy against share answered")


def _x(share: float) -> float:
    return LEFT + share * SIDE


def _y(share: float) -> float:
    return TOP + (1 - share) * SIDE


def _axes(below: str, beside: str) -> list[str]:
    parts = []
    for step in range(6):
        share = step / 5
        parts.append(
            f'<line class="grid" x1="{_x(share)}" x2="{_x(share)}" y1="{_y(0)}" '
            f'y2="{_y(1)}"/><line class="grid" x1="{_x(0)}" x2="{_x(1)}" '
            f'y1="{_y(share)}" y2="{_y(share)}"/>'
        )
        parts.append(_text(_x(share), TOP + SIDE + 18, f"{share:.1f}"))
        parts.append(_text(LEFT - 8, _y(share) + 4, f"{share:.1f}", "end"))
    parts.append(_text(_x(0.5), TOP + SIDE + 38, below))
    turned = f'transform="rotate(-90 16 {_y(0.5)})"'
    parts.append(
        f'<text x="16" y="{_y(0.5)}" text-anchor="middle" {turned}>{beside}</text>'
    )
    return parts


def _line(points: Sequence[tuple[float, float]], style: str) -> str:
    path = " ".join(f"{_x(x):.1f},{_y(y):.1f}" for x, y in points)
    return f'<polyline class="{style}" points="{path}"/>'


def _text(x: float, y: float, text: str, anchor: str = "middle") -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}">{escape(text)}</text>'


def _plot(parts: Sequence[str], title: str) -> str:
    return _svg(LEFT + SIDE + RIGHT, TOP + SIDE + BOTTOM, parts, title)


def _svg(width: float, height: float, parts: Sequence[str], title: str) -> str:
    return (
        f'<svg viewBox="0 0 {width} {height}" width="{width}" role="img" '
        f'aria-label="{escape(title)}">{"".join(parts)}</svg>'
    )
