"""The benchmark of long histories: what it loads is what the product would make."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from django.conf import settings
from django.db import connections

from bench import history, history_load
from bench.history import Line, table
from bench.history_rows import Staff, packed, sums_of
from inference import EMOTIONS
from monitor.models import DailySummary, Formula, Reading, Snapshot
from monitor.periods import bin_of, last_working_days
from monitor.scoring import five
from monitor.services.summaries import Day, Key, Read

STAFF = Staff(people=12, pictures=30, seed=7, tz=ZoneInfo("Europe/Berlin"))
FRIDAY = date(2026, 3, 20)
LINE = Line("overview", (18, 18), (20.0, 24.0), (22.0, 30.0))
on_postgresql = pytest.mark.skipif(
    settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"),
    reason="no DATABASE_URL: COPY belongs to PostgreSQL",
)


def by_the_product(place: int) -> DailySummary:
    """The summary of one person's readings, without a database."""
    seen, found = STAFF.day(FRIDAY, 0), Day()
    for n in np.flatnonzero((seen.person == place) & (seen.counted | seen.unsure)):
        moment = datetime.fromtimestamp(int(seen.second[n]), UTC)
        counted = bool(seen.counted[n])
        scores = five(map(float, seen.shares[n]))
        hour = moment.astimezone(STAFF.tz).hour
        found.append(Read(bin_of(moment), hour, 1, scores, counted, ""))
    return found.summary(Key(place, FRIDAY, "m", "1"), Formula(name="1"))


def test_sums_are_those_of_the_product() -> None:
    sums = sums_of(STAFF.day(FRIDAY, 0), STAFF.tz)
    assert len(sums.person) > 8
    for n, place in enumerate(sums.person):
        row = by_the_product(int(place))
        assert (row.bins, row.counted, row.unsure) == (
            sums.bins[n],
            sums.counted[n],
            sums.unsure[n],
        )
        soft = [getattr(row, f"{name}_sum") for name in EMOTIONS]
        hard = [getattr(row, f"{name}_hard") for name in EMOTIONS]
        assert soft == pytest.approx(sums.soft[n], abs=1e-9)
        assert hard == pytest.approx(sums.hard[n], abs=1e-9)
        assert row.hours == sums.hours[n]


def test_a_day_is_a_working_day_of_the_staff() -> None:
    seen = STAFF.day(FRIDAY, 3)
    again = replace(STAFF).day(FRIDAY, 3)
    assert seen.second.tolist() == again.second.tolist() == sorted(seen.second)
    assert seen.second.tolist() != STAFF.day(FRIDAY, 4).second.tolist()
    hours = (seen.second - seen.second[0]) / 3600
    assert 7 < hours[-1] < 9.5
    assert seen.shares.sum(axis=1) == pytest.approx(1)


def test_a_row_is_packed_as_postgresql_reads_it() -> None:
    kinds = {"id": "bigint", "claim": "uuid", "reason": "varchar", "status": "varchar"}
    values: dict[str, Any] = {"id": np.array([7]), "claim": None, "reason": ""}
    text = packed(kinds, values | {"status": "done"}, 1)
    assert text.hex(" ", 2).replace(" ", "") == (
        "0004000000080000000000000007ffffffff0000000000000004" + b"done".hex()
    )


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        (LINE, []),
        (replace(LINE, queries=(18, 19)), ["overview: 18 queries, then 19"]),
        (replace(LINE, medians=(20.0, 31.0)), ["overview: 1.55 times as slow"]),
    ],
)
def test_what_grows_is_named(line: Line, wrong: list[str]) -> None:
    assert line.wrong == wrong
    assert line.as_dict()["within"] is not bool(wrong)
    *_, row = table([line], [1_000_000, 12_000_000])
    assert ("too much" in row) is bool(wrong)


def test_the_longer_history_ends_like_the_shorter() -> None:
    short, long = (
        history.working_days(readings, STAFF, FRIDAY) for readings in (5000, 60_000)
    )
    assert long[-len(short) :] == short
    assert len(long) == pytest.approx(12 * len(short), rel=0.05)


@on_postgresql
@pytest.mark.django_db(transaction=True)
def test_everything_measured_answers_and_the_summaries_are_right() -> None:
    from bench import history_flags
    from bench.history_pages import Asked, World, measure

    days = last_working_days(30, until=FRIDAY)
    history_load.staff_make(STAFF)
    made = history_load.site(STAFF)
    history_flags.flags_make(made, days)
    history_flags.figures_make(made, days)
    history_flags.validations_make(made, days)
    history_load.history_load(made, days)
    assert history.check(STAFF, days, 40) == 0
    assert Reading.objects.count() < Snapshot.objects.count()
    here = connections["default"]
    worlds = [World(1, here), World(2, here)]
    for name, (short, long) in measure(worlds, Asked(1), iter):
        assert (name, short.queries) == (name, long.queries)
    DailySummary.objects.filter(day=days[-1]).update(bins=0)
    assert history.check(STAFF, days, 40) > 0
