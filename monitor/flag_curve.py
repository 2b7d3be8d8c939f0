"""False flags against rises of 0.20 that are found, as an SVG picture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import NamedTuple

WIDTH, HEIGHT = 420, 300  # plotting area, user units
LEFT, TOP, RIGHT, BOTTOM = 56, 16, 250, 48
RATES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
COLOURS = ("#1f5fa8", "#c2410c", "#5b7f2b", "#7a4fa3", "#555555", "#0f8b8d")


class Line(NamedTuple):
    """(false episodes per 100 person-months, share found) at falling thresholds."""

    title: str
    points: Sequence[tuple[float, float]]


def trade_off(lines: Sequence[Line], target: tuple[float, float]) -> str:
    """One curve per line over a logarithmic rate; `target` is marked by a cross."""
    parts = [*_axes()]
    for n, line in enumerate(lines):
        colour = COLOURS[n % len(COLOURS)]
        inside = [p for p in line.points if RATES[0] <= p[0] <= RATES[-1]]
        path = " ".join(f"{_x(rate):.1f},{_y(share):.1f}" for rate, share in inside)
        parts.append(
            f'<polyline points="{path}" fill="none" stroke="{colour}" '
            f'stroke-width="2"/>'
        )
        row = TOP + 18 + 20 * n
        parts.append(
            f'<line x1="{LEFT + WIDTH + 14}" x2="{LEFT + WIDTH + 34}" y1="{row - 4}" '
            f'y2="{row - 4}" stroke="{colour}" stroke-width="2"/>'
        )
        parts.append(_text(LEFT + WIDTH + 40, row, line.title, "start"))
    x, y = _x(target[0]), _y(target[1])
    parts.append(
        f'<path d="M{x - 6:.1f} {y:.1f}h12M{x:.1f} {y - 6:.1f}v12" stroke="#000" '
        f'stroke-width="2"/>'
    )
    parts.append(_text(x - 10, y - 8, "asked for", "end"))
    width, height = LEFT + WIDTH + RIGHT, TOP + HEIGHT + BOTTOM
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" font-family="sans-serif" font-size="12" role="img" '
        'aria-label="Rises found against false flags">'
        f'<rect width="{width}" height="{height}" fill="#fff"/>{"".join(parts)}</svg>\n'
    )


def _axes() -> list[str]:
    parts = []
    for rate in RATES:
        parts.append(_grid(_x(rate), _x(rate), _y(0), _y(1)))
        parts.append(_text(_x(rate), _y(0) + 18, f"{rate:g}"))
    for step in range(6):
        share = step / 5
        parts.append(_grid(_x(RATES[0]), _x(RATES[-1]), _y(share), _y(share)))
        parts.append(_text(LEFT - 8, _y(share) + 4, f"{share:.0%}", "end"))
    middle = _y(0.5)
    parts.append(
        _text(LEFT + WIDTH / 2, _y(0) + 38, "false episodes per 100 person-months")
    )
    parts.append(
        f'<text x="14" y="{middle}" text-anchor="middle" '
        f'transform="rotate(-90 14 {middle})">+0.20 found within 20 working days</text>'
    )
    return parts


def _x(rate: float) -> float:
    return LEFT + WIDTH * math.log(rate / RATES[0]) / math.log(RATES[-1] / RATES[0])


def _y(share: float) -> float:
    return TOP + (1 - share) * HEIGHT


def _grid(x1: float, x2: float, y1: float, y2: float) -> str:
    return f'<path d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}" stroke="#ddd"/>'


def _text(x: float, y: float, text: str, anchor: str = "middle") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
