"""When a person is asked to answer the one question: pure functions.

Moments are random, so that they say nothing about how the person feels, and so that
nobody can prepare for them (signal-contingent sampling; Csikszentmihalyi and Larson
1987, "Validity and Reliability of the Experience-Sampling Method", J. Nerv. Ment. Dis.
175, 526-536).
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from random import Random

from monitor.periods import WorkWeek

# An answer is about the moment; after so long it would be about another one.
EXPIRES_AFTER = timedelta(hours=2)
MOST_A_WEEK = 5


def invited_days(
    *, monday: date, week: WorkWeek, times: int, draw: Random
) -> list[date]:
    """Days of a week on which a person is asked: never a weekend or a day off."""
    days = [monday + timedelta(days=n) for n in range(5) if week[n] > 0]
    return sorted(draw.sample(days, min(times, len(days))))


def moment_of(
    *, day: date, week: WorkWeek, begins: time, draw: Random, tz: tzinfo
) -> datetime:
    """Any moment of the day's working hours with the same chance, in UTC."""
    start = datetime.combine(day, begins, tz)
    midnight = datetime.combine(day + timedelta(days=1), time.min, tz)
    hours = timedelta(hours=week.hours_on(day))
    # Differences within one zone are those of its clocks, as working hours are.
    span = min(hours, midnight - start)
    return (start + draw.random() * span).astimezone(UTC)
