"""The numbers of the flag rule in plain words, for the page that anybody may read."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

WORDS = {
    "recent_working_days": "working days are in the recent window",
    "recent_days_present": "of these days at least must have data",
    "baseline_calendar_days": "calendar days after a person's first no flag is raised",
    "baseline_days_present": "days with data at least must lie before the window",
    "baseline_bins": "five-minute observations at least must lie before the window",
    "history_calendar_days": "calendar days are looked back on",
    "head_days": "days with data go by before a rise may have begun",
    "enter_evidence": "is the natural logarithm of the evidence that raises a flag",
    "sign_evidence": "is that of a first sign, which passes when there is less again",
    "leave_z": "standard errors above the usual ratio, or fewer, end a flag",
    "evaluations": "evaluations in a row must agree to end it, one each working day",
    "cooldown_working_days": "working days after the end no new flag is raised",
    # Of the population.
    "alpha": "is the first parameter of the Beta distribution of usual ratios, where "
    "people here are too few to tell",
    "beta": "is the second one, likewise",
    "day_sd": "is the standard deviation of a person's days, on the logit scale",
    "rho": "is the correlation of neighbouring observations, likewise",
}


def policy_rows(policy: Any) -> list[tuple[float, str]]:
    """Each number of a dataclass, and of those in it, with what it means; its name
    where no words exist."""
    rows: list[tuple[float, str]] = []
    for field in fields(policy):
        value = getattr(policy, field.name)
        if is_dataclass(value):
            rows += policy_rows(value)
        elif isinstance(value, int | float):
            rows.append((value, WORDS.get(field.name, field.name)))
    return rows
