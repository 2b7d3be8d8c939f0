"""What the flag rule is told of a site's people in general, from their stored days."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
from django.core.cache import cache

from monitor.camera_eras import comparable_days
from monitor.change_point import (
    Floats,
    Ints,
    Population,
    estimate_population,
)
from monitor.flag_kinds import RISE, expected, values_of
from monitor.models import DailySummary, Person
from monitor.scoring import FORMULA, newest_days

DAYS = 60  # calendar days
PEOPLE = 300
KEPT = 7 * 24 * 3600  # seconds


def site_population(on: date, kind: str = RISE, formula: str = FORMULA) -> Population:
    """Of what a kind of flag looks at, under the formula in use.

    As of the Monday of that day's week, so that decisions of a week agree.
    """
    monday = on - timedelta(days=on.weekday())
    found: Population | None = cache.get_or_set(
        f"flag-population:{formula}:{kind}:{monday}",
        lambda: estimate_population(*site_days(monday, kind), expected(kind)),
        KEPT,
    )
    return found or expected(kind)


def site_days(until: date, kind: str = RISE) -> tuple[Floats, Ints]:
    """Ratios and bins of people's days before `until`: (people, days) each.

    Each person's days are those of the newest model that the person's present camera
    saw, filled up with days of 0 bins.
    """
    people = Person.objects.consented().order_by("pk").values_list("pk", flat=True)
    shown = DailySummary.objects.shown()
    stored = shown.filter(person_id__in=list(people[:PEOPLE])).for_days(
        until - timedelta(days=DAYS), until - timedelta(days=1)
    )
    rows = [
        values_of(kind, comparable_days(newest_days(days), until))
        for days in stored.by_person().values()
    ]
    longest = max((len(row) for row in rows), default=0)
    stress, bins = np.zeros((len(rows), longest)), np.zeros((len(rows), longest), int)
    for n, row in enumerate(rows):
        stress[n, : len(row)] = [day.stress for day in row]
        bins[n, : len(row)] = [day.bins for day in row]
    return stress, bins


def site_pictures(on: date) -> int | None:
    """Median five-minute bins of a day with any; None without such a day."""
    _, bins = site_days(on)
    return int(np.median(bins[bins > 0])) if (bins > 0).any() else None
