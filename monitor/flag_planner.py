"""How often to look in order to catch a rise in time: pure, by simulation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from statistics import median
from typing import NamedTuple

from monitor.flag_simulation import Run, Setting, simulate

PICTURES = (6, 9, 12, 18, 24, 36, 48, 72, 96)


class Look(NamedTuple):
    """What so many pictures a day find of a rise, and with what false alarms."""

    pictures: int
    rho: float
    detection: float
    median_delay_days: float | None
    false_episodes_per_100_person_months: float


def closer_rho(setting: Setting, pictures: int) -> float:
    """Autocorrelation of neighbouring pictures when a day has `pictures` of them.

    A likeness that decays with time, rho^(t / spacing), is the greater the closer the
    pictures are (the first-order autoregression in continuous time).
    """
    rho: float = setting.population.rho ** (setting.pictures / pictures)
    return rho


def plan(
    setting: Setting,
    run: Run,
    *,
    pictures: Sequence[int] = PICTURES,
    keep_rho: bool = False,
    progress: Callable[[Iterable[int]], Iterable[int]] = iter,
) -> list[Look]:
    """Of the run's first rise, within its days, at each number of pictures a day.

    keep_rho: neighbouring pictures stay as alike as now however close they come, which
    is the most that could be hoped for.
    """
    shift, found = run.shifts[0], []
    for number in progress(pictures):
        rho = setting.population.rho if keep_rho else closer_rho(setting, number)
        people = replace(setting.population, rho=rho)
        figures = simulate(replace(setting, pictures=number, population=people), run)
        delays = figures.found[shift].delays
        found.append(
            Look(
                number,
                rho,
                figures.detection(shift),
                median(delays) if delays else None,
                figures.false_rate,
            )
        )
    return found


def enough_pictures(looks: Iterable[Look], probability: float) -> int | None:
    """The fewest pictures a day that find the rise so often; None if none do."""
    return next((row.pictures for row in looks if row.detection >= probability), None)
