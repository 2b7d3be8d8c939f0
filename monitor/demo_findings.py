"""Whom the flag rule found in the demonstration, against what was put into it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from monitor.demo_data import Plan, Role
from monitor.models import Flag
from monitor.periods import working_days


@dataclass(frozen=True, slots=True)
class Findings:
    """Of a demonstration as it was made.

    delays: for everybody who was flagged after their ratio was shifted, the working day
    of the first flag, in rising order; the first shifted day is 1. others: how many
    were flagged without a shift, or before it.
    """

    people: int
    shifted: int
    delays: list[int]
    others: int

    def __str__(self) -> str:
        days = ", ".join(map(str, self.delays)) or "none"
        return (
            f"Flagged: {len(self.delays)} of the {self.shifted} people whose ratio was "
            f"shifted (working days after it: {days}), and {self.others} of the other "
            f"{self.people - self.shifted}."
        )


def demo_findings(plans: Iterable[Plan], *, days: Sequence[date]) -> Findings:
    """`days` are the working days that the plans count back on."""
    everybody = {plan.number: plan for plan in plans}
    shifted = {
        number: days[-1 - plan.shift_back]
        for number, plan in everybody.items()
        if plan.role is Role.SHIFTED
    }
    delays: dict[str, int] = {}
    others: set[str] = set()
    asked = Flag.objects.raised().exclude(kind__in=Flag.POSITIVE)
    rows = asked.filter(person__number__in=everybody).order_by("raised_on")
    for number, on in rows.values_list("person__number", "raised_on"):
        since = shifted.get(number)
        if since and since <= on:
            delays.setdefault(number, len(working_days(since, on)))
        else:
            others.add(number)
    return Findings(len(everybody), len(shifted), sorted(delays.values()), len(others))
