"""The numbers of the flag rule in plain words, for the page that anybody may read."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

POLICY_WORDS = {
    "recent_working_days": "working days are in the recent window",
    "recent_days_present": "of these days at least must have data",
    "baseline_calendar_days": "calendar days before them are the person's own past",
    "baseline_days_present": "days with data at least must be in that past",
    "baseline_bins": "five-minute observations at least must be in that past",
    "sigma_floor": "is the least day-to-day spread that is assumed",
    "enter_z": "standard errors above the own past are needed to raise a flag",
    "enter_rise": "is the least rise of the ratio that raises a flag",
    "leave_z": "standard errors above the own past, or fewer, end it",
    "evaluations": "evaluations in a row must agree, one each working day",
    "cooldown_working_days": "working days after the end no new flag is raised",
    "rho": "is the correlation of neighbouring observations that is assumed",
}


def policy_rows(policy: Any) -> list[tuple[float, str]]:
    """Each number of a dataclass with what it means; its name where no words exist."""
    return [
        (getattr(policy, field.name), POLICY_WORDS.get(field.name, field.name))
        for field in fields(policy)
        if isinstance(getattr(policy, field.name), int | float)
    ]
