"""The benchmark of captures finds what it is there to find."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bench.cameras import count, expected

NOON = datetime(2026, 1, 14, 12, tzinfo=UTC)


def test_each_camera_is_due_every_minute() -> None:
    plan = expected([1, 2], 20, NOON, NOON + timedelta(minutes=3))
    assert len(plan) == 6
    assert len({moment for _, moment in plan}) == 6


def test_it_counts_what_is_doubled_forgotten_and_late() -> None:
    plan = {(key, NOON) for key in ("a", "b", "c")}
    at = [(NOON + timedelta(seconds=n)).isoformat() for n in (1, 2, 30)]
    found = count(plan, [["a", at[0]], ["b", at[1]], ["b", at[2]], ["other", at[0]]])
    assert (found["due"], found["made"]) == (3, 2)
    assert (found["doubled"], found["forgotten"], found["late"]) == (1, 1, 1)
    assert found["max_s"] == 30
