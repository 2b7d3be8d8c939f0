"""When a camera takes its pictures: a pure rule of a schedule and a moment.

Times of day are those of the site's wall clock, and the wall clock decides: an hour
that a clock change leaves out has no pictures, one that it repeats has them twice as
long. Moments are compared and counted in UTC. Each stretch has a grid of its own from
its beginning, so nothing drifts; where one stretch begins, the one before it ends.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
# What the database can tell apart.
TICK = timedelta(microseconds=1)
# Offsets of time zones lie within this.
FARTHEST = timedelta(hours=15)
# Days to look ahead: mostly the first will do; within the second every stretch of a
# week comes, even if a clock change leaves one out.
AHEAD = (1, 15)
# A stretch can only lie in one that began at most this many days before.
BEHIND = 3
FOR_EVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Stretch:
    """From one time of day to another, over midnight unless `ends` is the later one."""

    weekday: int
    begins: time
    ends: time


USUAL = tuple(Stretch(weekday, time(8), time(18)) for weekday in range(5))


@dataclass(frozen=True, slots=True)
class Span:
    """Moments from `start` up to, not including, `end`; None is for ever."""

    start: datetime
    end: datetime | None

    def __contains__(self, moment: datetime) -> bool:
        return self.start <= moment and (self.end is None or moment < self.end)


@dataclass(frozen=True, slots=True)
class Schedule:
    """Of one camera, by whose number its pictures are spread."""

    camera: int
    every: timedelta
    jitter: timedelta
    hours: tuple[Stretch, ...]
    pauses: tuple[Span, ...]
    tz: tzinfo

    def next_after(self, moment: datetime) -> datetime | None:
        """The first picture after a moment; None when none is in sight."""
        after = moment.astimezone(UTC)
        for _ in range(len(self.pauses) + 1):  # each pause is passed at most once
            found = self._in_hours(after)
            pause = self.pause_at(found) if found else None
            if found is None or pause is None:
                return found
            if pause.end is None:
                return None
            after = pause.end.astimezone(UTC) - TICK
        return None

    def is_fresh(self, slot: datetime, now: datetime) -> bool:
        """Whether an overdue picture is still worth taking."""
        return now - slot <= self.every / 2

    def pause_at(self, moment: datetime) -> Span | None:
        """The longest of the pauses that a moment lies in."""
        hits = [pause for pause in self.pauses if moment in pause]
        return max(hits, key=lambda pause: pause.end or FOR_EVER, default=None)

    def is_open(self, moment: datetime) -> bool:
        """In hours, and in no pause."""
        moment = moment.astimezone(UTC)
        return self.pause_at(moment) is None and any(
            moment in span for span in self._spans(moment, moment)
        )

    def open_time(self, since: datetime, until: datetime) -> timedelta:
        """How much of this time lies in hours and in no pause."""
        spans = self.open_spans(since, until)
        return sum((_end(span) - span.start for span in spans), timedelta())

    def open_spans(self, since: datetime, until: datetime) -> Iterator[Span]:
        """What of this time lies in hours and in no pause, in order, apart, in UTC."""
        since, until = since.astimezone(UTC), until.astimezone(UTC)
        for span in self._spans(since, until):
            start, end = max(span.start, since), min(_end(span), until)
            for pause in sorted(self.pauses, key=lambda pause: pause.start):
                if start < (begins := min(pause.start.astimezone(UTC), end)):
                    yield Span(start, begins)
                start = max(start, (pause.end or end).astimezone(UTC))
            if start < end:
                yield Span(start, end)

    def _in_hours(self, after: datetime) -> datetime | None:
        spans = (
            span for days in AHEAD for span in self._spans(after, after + days * DAY)
        )
        for span in spans:
            passed = max(timedelta(), after - span.start) // self.every
            for n in (passed, passed + 1):
                slot = span.start + n * self.every
                if slot >= _end(span):
                    break
                if (found := slot + self._delay(slot, _end(span))) > after:
                    return found
        return None

    def _delay(self, slot: datetime, end: datetime) -> timedelta:
        """The same whoever asks, so that a restart changes nothing.

        Below half the interval, so that order stays; and never past the end.
        """
        most = min(self.jitter, self.every / 2, end - slot) // TICK
        text = f"{self.camera} {slot.isoformat()}".encode()
        part = int.from_bytes(hashlib.sha256(text).digest()[:8], "big")
        return TICK * ((most * part) >> 64)

    def _spans(self, since: datetime, until: datetime) -> Iterator[Span]:
        """In order, apart from each other, that end after `since`, begin by `until`."""
        first = since.astimezone(self.tz).date() - BEHIND * DAY
        # A day more, because a stretch ends where the next one begins.
        last = until.astimezone(self.tz).date() + DAY
        current: Span | None = None
        for span in self._resolved(first, last):
            if current and _end(span) <= _end(current):
                continue
            if current and since < _end(current) and current.start <= until:
                yield Span(current.start, min(_end(current), span.start))
            current = span
        if current and since < _end(current) and current.start <= until:
            yield current

    def _resolved(self, first: date, last: date) -> list[Span]:
        days = [first + n * DAY for n in range((last - first).days + 1)]
        spans = [
            span
            for day in days
            for stretch in self.hours
            if stretch.weekday == day.weekday()
            for span in _span(stretch, day, self.tz)
        ]
        return sorted(spans, key=lambda span: (span.start, -_length(span)))


def _end(span: Span) -> datetime:
    assert span.end is not None  # noqa: S101  # only pauses are without one
    return span.end


def _length(span: Span) -> float:
    return (_end(span) - span.start).total_seconds()


def _span(stretch: Stretch, day: date, tz: tzinfo) -> list[Span]:
    """The moments of one day at which the wall clock shows a time of the stretch.

    Two spans when a clock is put back over the end of the stretch.
    """
    over = stretch.ends <= stretch.begins
    # The wall's times, written as if they were UTC.
    begins = datetime.combine(day, stretch.begins, UTC)
    ends = datetime.combine(day + over * DAY, stretch.ends, UTC)
    start, stop = begins - FARTHEST, ends + FARTHEST
    before, after = _offset(start, tz), _offset(stop, tz)
    if before == after:
        return [Span(begins - before, ends - before)]
    change = _change(start, stop, tz)
    early = Span(begins - before, min(ends - before, change))
    late = Span(max(begins - after, change), ends - after)
    found = [span for span in (early, late) if _length(span) > 0]
    if len(found) == 2 and early.end == late.start:
        return [Span(early.start, late.end)]
    return found


def _offset(moment: datetime, tz: tzinfo) -> timedelta:
    return moment.astimezone(tz).utcoffset() or timedelta()


def _change(start: datetime, stop: datetime, tz: tzinfo) -> datetime:
    """The second at which the offset changes between two moments."""
    before = _offset(start, tz)
    while stop - start > SECOND:
        middle = start + (stop - start) // SECOND // 2 * SECOND
        if _offset(middle, tz) == before:
            start = middle
        else:
            stop = middle
    return stop
