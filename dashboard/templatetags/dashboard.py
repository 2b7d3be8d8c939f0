"""How pages show numbers: never a ratio without its interval, n and coverage."""

from __future__ import annotations

from typing import Any

from django import template
from django.conf import settings
from django.template.defaultfilters import date as format_date
from django.utils.html import format_html
from django.utils.safestring import SafeString

from dashboard import charts, icons, words
from monitor.correction import Estimate
from monitor.models import Flag
from monitor.scoring import Interval, Ratios, Verdict
from monitor.selectors import PersonRow

register = template.Library()

VERDICT_LOOKS = {
    Verdict.STRESSED: ("alert", "badge-stressed"),
    Verdict.NOT_STRESSED: ("check", "badge-calm"),
    Verdict.INCONCLUSIVE: ("question", "badge-open"),
    Verdict.NOT_ENOUGH: ("dash", "badge-thin"),
}
FLAG_LOOKS = {
    Flag.Status.RAISED: ("flag", "badge-flag"),
    Flag.Status.ACKNOWLEDGED: ("check", "badge-flag-seen"),
    Flag.Status.IN_REVIEW: ("search", "badge-flag-seen"),
    Flag.Status.STALE: ("clock", "badge-stale"),
    Flag.Status.CLOSED: ("dash", "badge-thin"),
    Flag.Status.EXPIRED: ("clock", "badge-thin"),
    Flag.Status.PENDING: ("question", "badge-open"),
    Flag.Status.PASSED: ("dash", "badge-thin"),
}


@register.simple_tag
def icon(name: str, extra: str = "") -> SafeString:
    return icons.icon(name, extra)


@register.filter
def percent(value: float | None, digits: int = 0) -> str:
    return charts.percent(value, digits)


@register.filter
def interval(span: Interval | None, digits: int = 0) -> str:
    return "–" if span is None else charts.percent_range(span, digits)


@register.filter
def percent_between(low: float | None, high: float | None) -> str:
    return "–" if low is None or high is None else charts.percent_range((low, high))


@register.filter
def width(value: float | None) -> str:
    """A share as the width of a bar in CSS."""
    return f"{100 * (value or 0):.1f}%"


@register.filter
def reason_words(code: str) -> str:
    return words.reason_words(code)


@register.filter
def emotion_name(code: str) -> str:
    return words.EMOTION_NAMES.get(code, code)


@register.simple_tag
def badge(symbol: str, look: str, text: str) -> SafeString:
    return format_html(
        '<span class="badge {}">{}{}</span>', look, icons.icon(symbol), text
    )


@register.simple_tag
def verdict_badge(verdict: Verdict) -> SafeString:
    symbol, look = VERDICT_LOOKS[verdict]
    return badge(symbol, look, verdict.value.capitalize())


@register.simple_tag
def flag_badge(flag: Flag) -> SafeString:
    symbol, look = FLAG_LOOKS[Flag.Status(flag.status)]
    return badge(symbol, look, f"Flag {flag.status.replace('_', ' ')}")


@register.filter
def flag_sentence(flag: Flag) -> str:
    return words.flag_sentence(flag)


@register.filter
def flag_ground(flag: Flag) -> str:
    return words.flag_ground(flag)


@register.filter
def outcome_name(code: str) -> str:
    return Flag.Outcome(code).label.capitalize()


@register.filter
def kind_name(flag: Flag) -> str:
    return words.KIND_NAMES[Flag.Kind(flag.kind)]


@register.simple_tag
def stress_bar(value: float | None, span: Interval | None) -> SafeString:
    level = settings.STRESS_LEVEL
    return charts.interval_bar(value, span, name="stress", level=level)


@register.simple_tag
def happiness_bar(value: float | None, span: Interval | None) -> SafeString:
    return charts.interval_bar(value, span, name="happiness")


@register.simple_tag
def trend(row: PersonRow) -> SafeString:
    dots = [charts.Dot(p.day, p.stress, p.low, p.high) for p in row.trend]
    return charts.sparkline(dots)


@register.simple_tag
def basis(ratios: Ratios) -> SafeString:
    """On what a ratio rests: observations and coverage."""
    return format_html(
        '<span class="basis" title="{}">n\u202f{} · {}/{}\u202fdays</span>',
        f"{ratios.bins} five-minute observations, worth {ratios.n_eff:.0f} independent"
        f" ones; data on {ratios.days} of {ratios.expected_days} working days"
        f" (coverage {ratios.coverage:.0%})",
        ratios.bins,
        ratios.days,
        ratios.expected_days,
    )


@register.filter
def other_way(ratios: Ratios) -> tuple[str, Estimate] | None:
    """The estimate that does not lead, with its name; none while data is thin."""
    made = ratios.correction
    if made is None or not made.fits or is_thin(ratios):
        return None
    if made.leads:
        return "As read, not corrected", made.raw
    return f"Corrected by {words.MATRIX_NAMES[made.matrix]}", made.corrected


@register.filter
def correction_words(ratios: Ratios) -> str:
    return words.correction_words(ratios.correction)


@register.filter
def is_thin(ratios: Ratios) -> bool:
    return ratios.verdict == Verdict.NOT_ENOUGH


@register.filter
def day(value: Any) -> str:
    """A day as everybody reads it the same way: 3 Feb 2026."""
    return format_date(value, "j M Y") if value else "–"


@register.filter
def score_rows(reading: Any) -> list[tuple[str, str, float]]:
    """Code, name and probability of each emotion of a reading."""
    scores = reading.scores.as_dict()
    return [(code, words.EMOTION_NAMES[code], share) for code, share in scores.items()]
