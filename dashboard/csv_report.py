"""The report of one person as a table for spreadsheets."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import datetime

from monitor.scoring import Interval, Ratios
from monitor.selectors import DayPoint, PersonPage

# A cell that begins like this would be run as a formula by a spreadsheet.
DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")
# Spreadsheets take a file for UTF-8 only when it says so.
BYTE_ORDER_MARK = "\ufeff"
Cell = str | int | float | None

COLUMNS = (
    "day",
    "stress",
    "stress_low",
    "stress_high",
    "happiness",
    "happiness_low",
    "happiness_high",
    "n_bins",
    "unsure_readings",
    "model_changed",
    "formula_changed",
    "camera_changed",
)


def report_csv(page: PersonPage, *, sentence: str, made_at: datetime) -> str:
    """Head rows that say what this is, an empty row, then one row per day."""
    out = io.StringIO()
    writer = csv.writer(out)
    for row in [*head(page, sentence, made_at), [], COLUMNS, *map(day_row, page.days)]:
        writer.writerow([safe(cell) for cell in row])
    return BYTE_ORDER_MARK + out.getvalue()


def head(page: PersonPage, sentence: str, made_at: datetime) -> Iterable[list[Cell]]:
    ratios = page.ratios
    yield ["report", "stress report of one employee"]
    yield ["number", page.person.number]
    yield ["name", page.person.name]
    yield ["team", page.person.team.name]
    yield ["first_day", page.period.first_day.isoformat()]
    yield ["last_day", page.period.last_day.isoformat()]
    yield ["made_at", made_at.isoformat(timespec="seconds")]
    yield ["model", ratios.model]
    yield ["formula", ratios.formula]
    yield ["verdict", sentence]
    yield ["n_bins", ratios.bins]
    yield ["n_effective", number(ratios.n_eff, 1)]
    yield ["days_with_data", ratios.days]
    yield ["working_days", ratios.expected_days]
    yield ["coverage", number(ratios.coverage)]
    yield ["hours_seen", number(ratios.hours, 1)]
    yield ["working_hours", number(ratios.expected_hours, 1)]
    yield ["unsure_rate", number(ratios.unsure_rate)]
    yield ["ratio", "value", "low_95", "high_95", "n_bins", "coverage"]
    yield ratio_row("stress", ratios.stress, ratios.stress_interval, ratios)
    yield ratio_row("happiness", ratios.happiness, ratios.happiness_interval, ratios)
    yield from correction_rows(ratios)


def correction_rows(ratios: Ratios) -> Iterable[list[Cell]]:
    """Both ways to count; the two rows above repeat the one that leads."""
    made = ratios.correction
    yield ["matrix", made.matrix.value if made else "none"]
    if made is None or not made.fits:
        return
    for name, way in (("raw", made.raw), ("corrected", made.corrected)):
        yield ratio_row(f"stress_{name}", way.stress, way.stress_interval, ratios)
        happiness = (way.happiness, way.happiness_interval)
        yield ratio_row(f"happiness_{name}", *happiness, ratios)


def ratio_row(
    name: str, value: float | None, interval: Interval | None, ratios: Ratios
) -> list[Cell]:
    low, high = interval or (None, None)
    bounds = [number(value), number(low), number(high)]
    return [name, *bounds, ratios.bins, number(ratios.coverage)]


def day_row(day: DayPoint) -> list[Cell]:
    return [
        day.day.isoformat(),
        number(day.stress),
        number(day.stress_low),
        number(day.stress_high),
        number(day.happiness),
        number(day.happiness_low),
        number(day.happiness_high),
        day.bins,
        day.unsure,
        "yes" if day.model_changed else "",
        "yes" if day.formula_changed else "",
        "yes" if day.camera_changed else "",
    ]


def number(value: float | None, digits: int = 4) -> float | None:
    return None if value is None else round(value, digits)


def safe(cell: Cell) -> Cell:
    """Text that a spreadsheet shows instead of running it."""
    if isinstance(cell, str) and cell.lstrip(" ").startswith(DANGEROUS):
        return f"'{cell}"
    return cell
