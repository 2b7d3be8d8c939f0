"""Which days of a person one camera's eyes saw: pure functions.

Another camera, or the same one elsewhere, sees another face: light, distance and angle
move what is read. Days are compared with days that the same camera saw, and a change
begins a baseline anew. One day in a meeting room, or a film sent by hand, is no change:
of the last ten days with data each has a vote, however many pictures it has, and the
camera of the present stays until another one has more than two thirds of them. So
somebody with two desks is compared with their days at one of them. That the camera of
the present itself was exchanged or moved holds at once.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from monitor.scoring import DayTotals, View

RECENT_DAYS = 10
Recent = deque[DayTotals]


def main_view(days: Sequence[DayTotals], on: date) -> View | None:
    """The camera of the present on a day; None without data. Days in order."""
    views = [view for view, _ in _main_views(row for row in days if row.day <= on)]
    return views[-1] if views else None


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
    for view, recent in _main_views(days):
        if known and view not in known:
            # Not a day there long before, which was a visit.
            starts.add(next(row.day for row in recent if row.view == view))
        known.add(view)
    return starts


def _main_views(days: Iterable[DayTotals]) -> Iterator[tuple[View, Recent]]:
    """The camera of the present after each day with data, and the days with a vote."""
    recent: Recent = deque(maxlen=RECENT_DAYS)
    view: View | None = None
    for row in days:
        if not row.bins:
            continue
        recent.append(row)
        if view is not None and view.camera == row.view.camera is not None:
            view = row.view
        elif view != row.view:  # its own days cannot take anything from it
            view = _leader(recent, view)
        yield view, recent


def _leader(recent: Recent, view: View | None) -> View:
    votes = Counter(row.view for row in recent)
    # Of equals the one that saw the later day.
    last = {row.view: row.day for row in recent}
    leader = max(votes, key=lambda each: (votes[each], last[each]))
    stays = view in votes and 3 * votes[leader] <= 2 * len(recent)
    return view if stays and view is not None else leader
