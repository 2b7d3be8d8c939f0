"""When a camera that sends by itself takes pictures: its schedule, as moments.

Pure; `monitor.capture_schedule` decides. The device gets moments, not rules, so it
needs to know no time zone and no calendar.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from monitor.capture_schedule import Schedule, Span, Stretch


@dataclass(frozen=True, slots=True)
class Window:
    """From `begins` up to, not including, `ends`; aware, and not empty."""

    begins: datetime
    ends: datetime


def open_stretches(
    hours: Iterable[Stretch], pauses: Iterable[Span], within: Window, tz: tzinfo
) -> list[Window]:
    """When pictures are taken, in order and without overlap."""
    minute, none = timedelta(minutes=1), timedelta()
    # Where hours meet, a fetched camera begins to count anew; a device does not.
    plan = Schedule(0, minute, none, tuple(hours), tuple(pauses), tz)
    found: list[Window] = []
    for span in plan.open_spans(within.begins, within.ends):
        assert span.end is not None  # noqa: S101  # only pauses are without one
        if found and found[-1].ends == span.start:
            found[-1] = Window(found[-1].begins, span.end)
        else:
            found.append(Window(span.start, span.end))
    return found
