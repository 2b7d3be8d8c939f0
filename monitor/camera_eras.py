"""Which days of a person one camera's eyes saw: pure functions.

Another camera, or the same one elsewhere, sees another face: light, distance and angle
move what is read. Days are compared with days that the same camera saw, and a change
begins a baseline anew. One day in a meeting room, or a picture sent by hand, is no
change: the camera of the present is the one that saw most in the last ten days with
data, so somebody with two desks is compared with their days at the one they use most.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date

from monitor.scoring import DayTotals, View

RECENT_DAYS = 10


def main_view(days: Sequence[DayTotals], on: date) -> View | None:
    """Who saw most five-minute bins of the last ten days with data up to `on`.

    Of equals the one that saw the later day. None without data. Days in order.
    """
    seen = [row for row in days if row.bins and row.day <= on][-RECENT_DAYS:]
    return _main(seen)


def comparable_days(days: Sequence[DayTotals], on: date) -> list[DayTotals]:
    """The days that the camera of the present saw; days in order, of one model."""
    view = main_view(days, on)
    return [row for row in days if row.view == view]


def era_starts(days: Iterable[DayTotals]) -> set[date]:
    """First days of cameras that became a person's camera after another one.

    A camera that somebody comes back to begins nothing, for its days are there already.
    """
    starts: set[date] = set()
    known: set[View] = set()
    recent: list[DayTotals] = []
    first_seen: dict[View, date] = {}
    for row in days:
        if not row.bins:
            continue
        first_seen.setdefault(row.view, row.day)
        recent = [*recent, row][-RECENT_DAYS:]
        view = _main(recent)
        if view is None or view in known:
            continue
        if known:
            starts.add(first_seen[view])
        known.add(view)
    return starts


def _main(days: Sequence[DayTotals]) -> View | None:
    bins: Counter[View] = Counter()
    last: dict[View, date] = {}
    for row in days:
        bins[row.view] += row.bins
        last[row.view] = row.day
    return max(last, key=lambda view: (bins[view], last[view]), default=None)
