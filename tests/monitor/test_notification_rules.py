"""When something is told: by the clock on the wall, compared as moments."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from monitor.models import Flag
from monitor.notification_rules import (
    Digest,
    QuietHours,
    Timing,
    Topic,
    retry_delay,
    topic_of,
)

BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = QuietHours(time(22), time(7))


def at(text: str) -> datetime:
    """A moment of UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def over(quiet: QuietHours, moment: str) -> datetime:
    return quiet.over_at(at(moment), BERLIN)


@pytest.mark.parametrize(
    ("moment", "until"),
    [
        ("2026-01-12T20:59", "2026-01-12T20:59"),
        ("2026-01-12T21:00", "2026-01-13T06:00"),
        ("2026-01-13T00:30", "2026-01-13T06:00"),
        ("2026-01-13T05:59", "2026-01-13T06:00"),
        ("2026-01-13T06:00", "2026-01-13T06:00"),
    ],
)
def test_quiet_hours_go_over_midnight(moment: str, until: str) -> None:
    assert over(NIGHT, moment) == at(until)


@pytest.mark.parametrize(
    ("moment", "until"),
    [
        ("2026-01-12T11:30", "2026-01-12T12:00"),
        ("2026-01-12T12:00", "2026-01-12T12:00"),
    ],
)
def test_quiet_hours_within_a_day(moment: str, until: str) -> None:
    assert over(QuietHours(time(12), time(13)), moment) == at(until)


@pytest.mark.parametrize(
    ("moment", "until"),
    [
        # The night to summer time ends an hour of real time sooner ...
        ("2026-03-28T22:00", "2026-03-29T05:00"),
        # ... and the one to winter time an hour later.
        ("2026-10-24T21:00", "2026-10-25T06:00"),
    ],
)
def test_quiet_hours_end_by_the_clock_when_it_changes(moment: str, until: str) -> None:
    assert over(NIGHT, moment) == at(until)


@pytest.mark.parametrize(
    ("moment", "until"),
    [
        # 2:30 comes twice on 25 October: at 0:30 and at 1:30 UTC. The first ends it.
        ("2026-10-25T00:15", "2026-10-25T00:30"),
        ("2026-10-25T00:45", "2026-10-25T00:45"),
        ("2026-10-25T01:15", "2026-10-25T01:15"),
        # 2:30 does not exist on 29 March: half an hour after the change.
        ("2026-03-29T01:15", "2026-03-29T01:30"),
        ("2026-03-29T01:30", "2026-03-29T01:30"),
    ],
)
def test_quiet_hours_that_end_within_the_change(moment: str, until: str) -> None:
    assert over(QuietHours(time(22), time(2, 30)), moment) == at(until)


def test_quiet_hours_need_two_times() -> None:
    with pytest.raises(ValueError, match="two different"):
        QuietHours(time(8), time(8))


@pytest.mark.parametrize(
    ("digest", "moment", "due"),
    [
        (Digest.OFF, "2026-01-14T10:00", "2026-01-14T10:00"),
        (Digest.DAILY, "2026-01-14T06:59", "2026-01-14T07:00"),
        (Digest.DAILY, "2026-01-14T07:00", "2026-01-15T07:00"),
        # Local midnight is already the next day.
        (Digest.DAILY, "2026-01-14T23:30", "2026-01-15T07:00"),
        (Digest.WEEKLY, "2026-01-14T10:00", "2026-01-19T07:00"),
        (Digest.WEEKLY, "2026-01-19T07:00", "2026-01-26T07:00"),
        # Summer time begins before the next Monday.
        (Digest.WEEKLY, "2026-03-25T10:00", "2026-03-30T06:00"),
    ],
)
def test_a_digest_is_due_at_eight(digest: Digest, moment: str, due: str) -> None:
    assert Timing(digest, None, BERLIN).due(at(moment)) == at(due)


def test_a_digest_within_quiet_hours_waits_for_their_end() -> None:
    timing = Timing(Digest.DAILY, QuietHours(time(7), time(9)), BERLIN)
    assert timing.due(at("2026-01-14T10:00")) == at("2026-01-15T08:00")


@pytest.mark.parametrize(
    ("old", "new", "topic"),
    [
        ("", "raised", Topic.RAISED),
        ("pending", "raised", Topic.RAISED),
        ("raised", "acknowledged", Topic.REVIEWED),
        ("stale", "in_review", Topic.REVIEWED),
        ("raised", "raised", Topic.ANSWERED),
        ("closed", "closed", Topic.ANSWERED),
        ("in_review", "closed", Topic.ENDED),
        ("raised", "expired", Topic.ENDED),
        ("raised", "stale", Topic.STALE),
        # A first sign, and good news that comes closed.
        ("", "pending", None),
        ("", "closed", None),
    ],
)
def test_steps_of_a_flag_have_topics(old: str, new: str, topic: Topic | None) -> None:
    assert topic_of(old, new, by_human=True) == topic


def test_every_allowed_step_of_the_rule_was_thought_of() -> None:
    steps = {(old, new) for old, allowed in Flag.ALLOWED.items() for new in allowed}
    untold = {step for step in steps if topic_of(*step, by_human=False) is None}
    humans = {step for step in steps if step[1] in ("acknowledged", "in_review")}
    assert untold == humans | {("pending", "passed"), ("stale", "raised")}


def test_retries_wait_longer_up_to_a_cap() -> None:
    minutes = [retry_delay(n, 1.0) / timedelta(minutes=1) for n in range(1, 10)]
    assert minutes == [1, 2, 4, 8, 16, 32, 64, 120, 120]
    assert retry_delay(3, 0.0) == timedelta(minutes=2)
