"""What `simulate_flags` found of the flag rule, stored with the code for its page."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from monitor.scoring import Interval

DATA = Path(__file__).with_name("data")
# The row of people in general; `monitor.level_simulation` needs NumPy, pages do not.
GENERAL = "people in general below it"
FIGURES, PLAN = DATA / "flags.json", DATA / "flag_plan.json"


class Rise(NamedTuple):
    """How many rises of one size were found, and after how many working days."""

    shift: float
    share: float
    interval: Interval
    days: float | None

    @property
    def points(self) -> int:
        """Percentage points."""
        return round(100 * self.shift)


class Simulated(NamedTuple):
    """Rates are per 100 person-months of people who stay as they are.

    lowest, highest: of false episodes over the `settings` that were tried; all else is
    of the standard `setting`, a `monitor.flag_simulation.Setting` as a dict.
    """

    rate: float
    interval: Interval
    lowest: float
    highest: float
    signs: float
    rises: list[Rise]
    people: int
    seed: int
    within: int
    settings: int
    setting: dict[str, Any]


class AtLevel(NamedTuple):
    """False flags of people whose true ratio lies so far from the level.

    points: percentage points, at most 0; None for people in general below the level.
    """

    points: int | None
    rate: float
    interval: Interval


class LevelFigures(NamedTuple):
    """Of the kind level, for one level."""

    level: float
    people: int
    within: int
    false: list[AtLevel]
    found: list[Rise]


class Planned(NamedTuple):
    """Pictures a day that find a rise so often; None where none of `tried` does.

    if_alike: neighbouring pictures stay as alike as they are however close they come;
    if_closer: they become the more alike.
    """

    shift: float
    days: int
    probability: float
    if_alike: int | None
    if_closer: int | None
    tried: list[int]

    @property
    def points(self) -> int:
        """Percentage points."""
        return round(100 * self.shift)


@cache
def simulated() -> Simulated:
    found = json.loads(FIGURES.read_text(encoding="utf-8"))
    rate = "false_episodes_per_100_person_months"
    rates = [row[rate] for row in found["settings"].values()]
    return Simulated(
        rate=found[rate],
        interval=Interval(*found["false_episodes_interval"]),
        lowest=min(rates),
        highest=max(rates),
        signs=found["first_signs_per_100_person_months"],
        rises=[
            Rise(
                float(shift),
                share,
                Interval(*found["detection_interval"][shift]),
                found["median_delay_days"][shift],
            )
            for shift, share in found["detection"].items()
        ],
        people=found["people"],
        seed=found["seed"],
        within=found["within"],
        settings=len(rates),
        setting=found["setting"],
    )


@cache
def of_level() -> LevelFigures:
    found = json.loads(FIGURES.read_text(encoding="utf-8"))["level"]
    return LevelFigures(
        level=found["level"],
        people=found["people"],
        within=found["within"],
        false=[
            AtLevel(
                None if name == GENERAL else round(100 * float(name)),
                row["false_episodes_per_100_person_months"],
                Interval(*row["false_episodes_interval"]),
            )
            for name, row in found["false"].items()
        ],
        found=[
            Rise(
                float(shift),
                row["detection"],
                Interval(*row["detection_interval"]),
                row["median_delay_days"],
            )
            for shift, row in found["found"].items()
        ],
    )


@cache
def planned() -> Planned:
    found = json.loads(PLAN.read_text(encoding="utf-8"))
    return Planned(
        shift=found["shift"],
        days=found["days"],
        probability=found["probability"],
        if_alike=found["enough"]["constant"],
        if_closer=found["enough"]["decaying"],
        tried=[row["pictures"] for row in found["likeness"]["constant"]],
    )
