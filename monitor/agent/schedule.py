"""When the next picture is due: the server's plan, within this device's own hours."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from monitor.agent.settings import Hours, Settings

AHEAD = timedelta(days=8)
OWN_AHEAD = 7 * 86_400
Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Plan:
    """Pictures every `every` seconds, up to `jitter` later, inside of `spans` only."""

    every: float
    jitter: float
    spans: tuple[Span, ...]
    active: bool = True
    heartbeat: float = 60

    @classmethod
    def told(cls, text: bytes) -> Plan:
        """The answer to a heartbeat; raises ValueError for anything else."""
        try:
            answer: dict[str, Any] = json.loads(text)
            spans = [
                (_moment(s["begins"]), _moment(s["ends"])) for s in answer["stretches"]
            ]
            return cls(
                every=max(1.0, float(answer["every_seconds"])),
                jitter=float(answer["jitter_seconds"]),
                spans=tuple(spans),
                active=bool(answer["active"]),
                heartbeat=max(5.0, float(answer["heartbeat_seconds"])),
            )
        except (KeyError, TypeError) as exc:
            raise ValueError("this is no answer to a heartbeat") from exc


def _moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def plan_for(told: Plan | None, settings: Settings, now: float) -> Plan | None:
    """What holds: both what the server told and what the file says.

    None where neither says how often, or when: then no picture is taken.
    """
    own = own_spans(settings.hours, now) if settings.hours else None
    every = settings.every_minutes and settings.every_minutes * 60
    if told is None:
        if not every or own is None:
            return None
        return Plan(every=every, jitter=0, spans=own)
    return Plan(
        every=max(told.every, every or 0),
        jitter=min(told.jitter, told.every / 2),
        spans=told.spans if own is None else common(told.spans, own),
        active=told.active,
        heartbeat=told.heartbeat,
    )


def own_spans(hours: Sequence[Hours], now: float) -> tuple[Span, ...]:
    """The file's hours of the next days, in this machine's time zone."""
    found = []
    first = datetime.fromtimestamp(now).astimezone() - timedelta(days=1)
    for n in range(AHEAD.days):
        day = (first + timedelta(days=n)).date()
        for row in hours:
            if day.weekday() in row.days:
                over = row.ends <= row.begins
                ends_on = day + timedelta(days=1) if over else day
                begins = datetime.combine(day, row.begins).astimezone()
                ends = datetime.combine(ends_on, row.ends).astimezone()
                found.append((begins.timestamp(), ends.timestamp()))
    return tuple(sorted(found))


def common(some: Sequence[Span], others: Sequence[Span]) -> tuple[Span, ...]:
    found = ((max(a[0], b[0]), min(a[1], b[1])) for a in some for b in others)
    return tuple(sorted(span for span in found if span[0] < span[1]))


def next_capture(
    plan: Plan | None, key: str, *, after: float, share: float
) -> float | None:
    """The first moment of a slot after `after`; None when none is known.

    Slots lie on a grid, each device's own, so a restart or a late hour makes no picture
    more. share: of the jitter, 0 to 1, chosen by chance.
    """
    if plan is None or not plan.active:
        return None
    phase = zlib.crc32(key.encode()) % plan.every
    for begins, ends in plan.spans:
        past = max(after, begins)
        slot = past - (past - phase) % plan.every + plan.every
        moment = slot + plan.jitter * share
        if moment < ends:
            return moment
    return None


def still_due(moment: float | None, plan: Plan | None, before: Plan | None) -> bool:
    """Whether a moment of the plan before holds under this one, too."""
    if moment is None or plan is None or before is None or not plan.active:
        return False
    same = (plan.every, plan.jitter) == (before.every, before.jitter)
    return same and any(begins <= moment < ends for begins, ends in plan.spans)
