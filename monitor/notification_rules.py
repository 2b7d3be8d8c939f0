"""Which change of a flag is told, when it may be told, and when to try again.

Pure functions. Times of day are those of the site's time zone; moments are compared in
UTC, because two moments of one zone would be compared by their clocks alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum

MAX_ATTEMPTS = 10
FIRST_RETRY = timedelta(minutes=1)
LONGEST_RETRY = timedelta(hours=2)
# Digests are due at this time of day, weekly ones on Mondays.
DIGEST_AT = time(8)


class Topic(StrEnum):
    """What a notification is about."""

    RAISED = "raised"
    REVIEWED = "reviewed"
    ANSWERED = "answered"
    ENDED = "ended"
    STALE = "stale"
    SILENT = "silent"
    HEARD = "heard"
    INVITED = "invited"
    TEST = "test"


# Who wants to know of the trouble is told of its end, too.
CHOSEN_AS = {Topic.HEARD: Topic.SILENT}
# Of these nothing is chosen channel by channel.
UNCHOSEN = frozenset({Topic.INVITED, Topic.TEST})


class Digest(StrEnum):
    OFF = "off"
    DAILY = "daily"
    WEEKLY = "weekly"


def topic_of(old: str, new: str, *, by_human: bool) -> Topic | None:
    """What a step from `old` to `new` is to those who listen; None for no news.

    A first sign, one that passed, a stale flag that is again what it was, and good news
    that comes closed are none: the flag whose end is the good news has its own step.
    """
    if old == new:
        return Topic.ANSWERED
    if new == "raised":
        return Topic.RAISED if old in ("", "pending") else None
    if new in ("acknowledged", "in_review"):
        return Topic.REVIEWED if by_human else None
    if new in ("closed", "expired"):
        return Topic.ENDED if old else None
    return Topic.STALE if new == "stale" else None


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From one time of day to another, over midnight when `start` is the later one."""

    start: time
    end: time

    def __post_init__(self) -> None:
        if self.start == self.end:
            raise ValueError("quiet hours need two different times")

    def over_at(self, moment: datetime, tz: tzinfo) -> datetime:
        """`moment` itself outside of the quiet hours, else their end, in UTC.

        A time that a clock change repeats means its first occurrence; one that it
        leaves out means the same distance from midnight.
        """
        today = moment.astimezone(tz).date()
        for day in (today - timedelta(days=1), today):
            over_midnight = timedelta(days=self.start > self.end)
            end = _instant(day + over_midnight, self.end, tz)
            if _instant(day, self.start, tz) <= moment < end:
                return end
        return moment


@dataclass(frozen=True, slots=True)
class Timing:
    """When a channel wants to be told."""

    digest: Digest
    quiet: QuietHours | None
    tz: tzinfo

    def due(self, moment: datetime) -> datetime:
        """When something that happens at `moment` is to be sent."""
        return self.not_quiet(self._collected(moment))

    def not_quiet(self, moment: datetime) -> datetime:
        return self.quiet.over_at(moment, self.tz) if self.quiet else moment

    def _collected(self, moment: datetime) -> datetime:
        if self.digest == Digest.OFF:
            return moment
        day = moment.astimezone(self.tz).date()
        while not self._is_digest(day) or _instant(day, DIGEST_AT, self.tz) <= moment:
            day += timedelta(days=1)
        return _instant(day, DIGEST_AT, self.tz)

    def _is_digest(self, day: date) -> bool:
        return self.digest == Digest.DAILY or day.weekday() == 0


def retry_delay(attempts: int, spread: float) -> timedelta:
    """How long to wait after this many failed attempts; `spread` is random, 0 to 1.

    Doubling with "equal jitter" (M. Brooker, Exponential Backoff And Jitter, AWS
    Architecture Blog, 2015), so that senders do not all come back at once.
    """
    longest = min(LONGEST_RETRY, FIRST_RETRY * (1 << attempts - 1))
    return longest * (0.5 + spread / 2)


def _instant(day: date, at: time, tz: tzinfo) -> datetime:
    return datetime.combine(day, at, tz).astimezone(UTC)
