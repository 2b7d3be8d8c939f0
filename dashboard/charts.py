"""Small pictures made on the server: they need no script and they print."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

Span = tuple[float, float]


@dataclass(frozen=True)
class Dot:
    """One day of a line: its value and the range that the value may lie in.

    Days without work are left out; a day without data is there and has no value.
    """

    day: date
    value: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Course:
    """Single days, and the windows of ten working days that end with them."""

    days: Sequence[Dot]
    windows: Sequence[Dot]


@dataclass(frozen=True)
class Frame:
    """Turns days and shares into the coordinates of a drawing."""

    first: date
    last: date
    top: float
    left: float
    right: float
    above: float
    below: float

    def x(self, day: date) -> float:
        length = max((self.last - self.first).days, 1)
        return self.left + (self.right - self.left) * (day - self.first).days / length

    def y(self, share: float) -> float:
        height = self.below - self.above
        return self.below - height * min(max(share, 0.0), self.top) / self.top


def percent(value: float | None, digits: int = 0) -> str:
    return "–" if value is None else f"{value:.{digits}%}"


def percent_range(span: Span, digits: int = 0) -> str:
    low, high = (f"{100 * end:.{digits}f}" for end in span)
    return f"{low}–{high}%"


def interval_bar(
    value: float | None, span: Span | None, *, name: str, level: float | None = None
) -> SafeString:
    """A share on a scale from 0 to 100 %, with whiskers for its interval."""
    if value is None or span is None:
        return format_html(
            '<svg class="bar" viewBox="0 0 120 16" role="img" aria-label="{}">'
            '<rect class="bar-track" x="0" y="5" width="120" height="6" rx="3"/></svg>',
            f"{name}: not enough data",
        )
    low, high = (120 * min(max(end, 0.0), 1.0) for end in span)
    mark = (
        format_html('<path class="bar-level" d="M{0} 0V16"/>', _n(120 * level))
        if level is not None
        else ""
    )
    return format_html(
        '<svg class="bar bar-{name}" viewBox="0 0 120 16" role="img"'
        ' aria-label="{label}">'
        '<rect class="bar-track" x="0" y="5" width="120" height="6" rx="3"/>{mark}'
        '<rect class="bar-band" x="{low}" y="3.5" width="{width}" height="9" rx="2"/>'
        '<path class="bar-whisker" d="M{low} 2.5V13.5M{high} 2.5V13.5"/>'
        '<circle class="bar-dot" cx="{x}" cy="8" r="4"/></svg>',
        name=name,
        label=f"{name} {percent(value)}, 95% interval {percent_range(span)}",
        mark=mark,
        low=_n(low),
        high=_n(high),
        width=_n(max(high - low, 1)),
        x=_n(120 * value),
    )


def sparkline(dots: Sequence[Dot], *, name: str = "stress") -> SafeString:
    """The course of some weeks without axes; broken where nothing was seen."""
    seen = [dot for dot in dots if dot.value is not None]
    if len(seen) < 2:
        return SafeString('<span class="sub">no trend yet</span>')
    frame = Frame(seen[0].day, seen[-1].day, _ceiling(seen), 3, 117, 3, 29)
    label = (
        f"{name} from {percent(seen[0].value)} on {seen[0].day:%d %b} "
        f"to {percent(seen[-1].value)} on {seen[-1].day:%d %b}"
    )
    return format_html(
        '<svg class="spark spark-{}" viewBox="0 0 120 32" role="img" aria-label="{}">'
        '{}{}<circle class="dot" cx="{}" cy="{}" r="2.6"/></svg>',
        name,
        label,
        _bands(dots, frame),
        _lines(dots, frame),
        _n(frame.x(seen[-1].day)),
        _n(frame.y(seen[-1].value or 0)),
    )


def value_spark(
    values: Sequence[tuple[date, float | None]], *, name: str
) -> SafeString:
    """The course of a quantity without a scale of its own, from zero to its highest."""
    seen = [value for _, value in values if value is not None]
    if len(seen) < 2:
        return SafeString('<span class="sub">–</span>')
    top = max(*seen, 1e-9)
    dots = [Dot(day, None if v is None else v / top) for day, v in values]
    frame = Frame(dots[0].day, dots[-1].day, 1.05, 2, 78, 2, 22)
    return format_html(
        '<svg class="spark spark-plain" viewBox="0 0 80 24" role="img" aria-label="{}">'
        "{}</svg>",
        f"{name} from {seen[0]:.0f} to {seen[-1]:.0f}",
        _lines(dots, frame),
    )


def printed_chart(
    courses: Mapping[str, Course], *, first: date, last: date
) -> SafeString:
    """The daily chart of a report on paper."""
    frame = Frame(first, last, 1.0, 34, 698, 8, 172)
    grid = format_html_join(
        "",
        '<path class="grid" d="M34 {0}H698"/><text x="28" y="{1}">{2}</text>',
        (
            (_n(frame.y(share)), _n(frame.y(share) + 3.5), percent(share))
            for share in (0, 0.25, 0.5, 0.75, 1.0)
        ),
    )
    ticks = format_html_join(
        "",
        '<text class="day" x="{}" y="188">{}</text>',
        ((_n(frame.x(day)), f"{day:%d %b}") for day in _tick_days(first, last)),
    )
    drawn = format_html_join(
        "",
        '<g class="spark-{}">{}{}{}</g>',
        (
            (
                name,
                _bands(it.windows, frame),
                _lines(it.windows, frame),
                _dots(it, frame),
            )
            for name, it in courses.items()
        ),
    )
    return format_html(
        '<svg class="printed-chart" viewBox="0 0 720 194" role="img" aria-label="Stress'
        ' and happiness by day; the table has the numbers">{}{}{}</svg>',
        grid,
        ticks,
        drawn,
    )


def face_map(
    boxes: Sequence[tuple[int, int, int, int, bool]],
) -> SafeString:
    """Where the faces were. The picture itself is gone, so its edge is not drawn."""
    width = max(x + w for x, _, w, _, _ in boxes) * 1.15
    height = max(y + h for _, y, _, h, _ in boxes) * 1.15
    stroke = max(width, height) / 160
    shapes = format_html_join(
        "",
        '<g class="face {}"><rect x="{}" y="{}" width="{}" height="{}" rx="{}"'
        ' stroke-width="{}"/><text x="{}" y="{}" font-size="{}">{}</text></g>',
        (
            (
                "face-counted" if counted else "face-left-out",
                *(x, y, w, h, _n(w / 8), _n(stroke)),
                *(_n(x + w / 2), _n(y + h / 2), _n(min(w, h) / 3), number),
            )
            for number, (x, y, w, h, counted) in enumerate(boxes, 1)
        ),
    )
    return format_html(
        '<svg class="face-map" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>',
        _n(width),
        _n(height),
        f"Places of {len(boxes)} face{'' if len(boxes) == 1 else 's'} in the picture",
        shapes,
    )


def _n(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _ceiling(dots: Sequence[Dot]) -> float:
    """People are compared by eye, so the scale only grows when it must."""
    highest = max(max(dot.value or 0, dot.high or 0) for dot in dots)
    return 0.6 if highest <= 0.6 else 1.0


def _runs(dots: Iterable[Dot]) -> list[list[Dot]]:
    """Stretches of days without a day of silence between them."""
    grouped = groupby(dots, key=lambda dot: dot.value is not None)
    return [list(run) for seen, run in grouped if seen]


def _lines(dots: Sequence[Dot], frame: Frame) -> SafeString:
    return format_html_join(
        "",
        '<polyline class="line" points="{}"/>',
        ((_points(frame, _ends(run)),) for run in _runs(dots)),
    )


def _ends(run: list[Dot]) -> list[tuple[date, float]]:
    """The points of a line; a lone day twice, for a line of one point is invisible."""
    return [(dot.day, dot.value or 0) for dot in (run if len(run) > 1 else run * 2)]


def _bands(dots: Sequence[Dot], frame: Frame) -> SafeString:
    edges = []
    for run in _runs(dots):
        whole = [d for d in run if d.low is not None and d.high is not None]
        upper = [(d.day, d.high or 0) for d in whole]
        lower = [(d.day, d.low or 0) for d in reversed(whole)]
        edges.append((_points(frame, upper + lower),))
    return format_html_join("", '<polygon class="band" points="{}"/>', edges)


def _dots(course: Course, frame: Frame) -> SafeString:
    seen = ((dot.day, dot.value) for dot in course.days if dot.value is not None)
    places = ((_n(frame.x(day)), _n(frame.y(value))) for day, value in seen)
    return format_html_join("", '<circle class="dot" cx="{}" cy="{}" r="2"/>', places)


def _points(frame: Frame, places: Iterable[tuple[date, float]]) -> str:
    return " ".join(f"{_n(frame.x(day))},{_n(frame.y(y))}" for day, y in places)


def _tick_days(first: date, last: date) -> list[date]:
    step = max((last - first).days // 6, 1)
    return [first + timedelta(n) for n in range(0, (last - first).days + 1, step)]
