"""What two formulas make of the same people: counts and means, nobody by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from django.conf import settings

from monitor.matrices import ratios_of_all
from monitor.models import DailySummary, Flag, Formula, Organisation, Person
from monitor.periods import WorkWeek, last_working_days
from monitor.scoring import DayTotals, Totals
from monitor.selectors import WINDOW

CHUNK = 200
SAME = 1e-9
Progress = Callable[[Sequence[list[int]]], Iterable[list[int]]]


@dataclass(slots=True)
class Comparison:
    """Formulas `a` and `b` over the days from `since` on, which both know.

    Ratios and verdicts are those of the overview: ten working days up to `until`.
    restarting_flags: open flags that another formula than `b` raised.
    """

    organisation: str
    a: str
    b: str
    since: date
    until: date
    people: int = 0
    people_compared: int = 0
    mean_change: float | None = None
    largest_change: float | None = None
    verdicts_changed: int = 0
    days: int = 0
    days_changed: int = 0
    unsure_a: int = 0
    unsure_b: int = 0
    restarting_flags: int = 0


def compare(
    *, a: Formula, b: Formula, until: date, progress: Progress = iter
) -> Comparison:
    """Raises ValueError when the days are not summed up under one of them."""
    for formula in (a, b):
        if formula.since is None:
            raise ValueError(f"the days are not summed up under {formula}")
    since = max(a.since or date.min, b.since or date.min)
    name = Organisation.current().name
    found = Comparison(name, a.name, b.name, since, until)
    found.restarting_flags = Flag.objects.open().exclude(formula=b.name).count()
    ids = list(Person.objects.consented().order_by("pk").values_list("pk", flat=True))
    found.people = len(ids)
    changes: list[float] = []
    chunks = [ids[start : start + CHUNK] for start in range(0, len(ids), CHUNK)]
    for chunk in progress(chunks):
        changes += _add(found, chunk)
    found.people_compared = len(changes)
    if changes:
        found.mean_change = sum(changes) / len(changes)
        found.largest_change = max(changes)
    return found


def _add(found: Comparison, people: list[int]) -> list[float]:
    """Note these people; how much the ratio of each moves, where both have one."""
    stored = DailySummary.objects.filter(person__in=people)
    stored = stored.for_days(found.since, found.until)
    a = stored.filter(formula=found.a).by_person()
    b = stored.filter(formula=found.b).by_person()
    for pk in people:
        _add_days(found, a.get(pk, []), b.get(pk, []))
    first = last_working_days(WINDOW, until=found.until)[0]
    windows = [
        _window(rows.get(pk, []), first, found) for rows in (a, b) for pk in people
    ]
    ratios = ratios_of_all(windows, level=settings.STRESS_LEVEL)
    pairs = list(zip(ratios[: len(people)], ratios[len(people) :], strict=True))
    found.verdicts_changed += sum(one.verdict != two.verdict for one, two in pairs)
    return [
        abs(two.stress - one.stress)
        for one, two in pairs
        if one.stress is not None and two.stress is not None
    ]


def _window(days: list[DayTotals], first: date, found: Comparison) -> Totals:
    # Hours decide coverage alone, which is not compared.
    inside = [row for row in days if row.day >= first]
    return Totals.of(inside, expected=WorkWeek().expected(first, found.until))


def _add_days(found: Comparison, a: list[DayTotals], b: list[DayTotals]) -> None:
    one = {(row.day, row.model): row for row in a}
    two = {(row.day, row.model): row for row in b}
    found.unsure_a += sum(row.unsure for row in a)
    found.unsure_b += sum(row.unsure for row in b)
    found.days += len(one.keys() | two.keys())
    found.days_changed += sum(
        _differ(one.get(key), two.get(key)) for key in one.keys() | two.keys()
    )


def _differ(one: DayTotals | None, two: DayTotals | None) -> bool:
    if one is None or two is None:
        return True
    counts = (one.bins, one.counted, one.unsure) != (two.bins, two.counted, two.unsure)
    return counts or abs((one.stress or 0.0) - (two.stress or 0.0)) > SAME


def comparison_text(found: Comparison) -> list[str]:
    def points(share: float | None) -> str:
        return "–" if share is None else f"{100 * share:.1f} points"

    start = "the first day" if found.since == date.min else f"{found.since}"
    return [
        f"{found.organisation}: formula {found.a} and formula {found.b}, from {start}",
        f"  people with consent                  {found.people}",
        f"  with a stress ratio under both       {found.people_compared}",
        f"  mean absolute change of the ratio    {points(found.mean_change)}",
        f"  largest change                       {points(found.largest_change)}",
        f"  people whose verdict changes         {found.verdicts_changed}",
        f"  days that change                     {found.days_changed} of {found.days}",
        f"  unsure readings                      {found.unsure_a}, {found.unsure_b}",
        f"  open flags raised by another formula {found.restarting_flags}",
        f"Ratios and verdicts: {WINDOW} working days up to {found.until}.",
    ]
