"""The hours of a stored day, packed into a few bytes beside its sums: pure functions.

A day summary carries them as one column that only those pages read which ask for hours,
so a day stays one row and a page over many days does not read eight times as many.
"""

from __future__ import annotations

import struct
from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from inference import EMOTIONS
from monitor.scoring import ZERO, Bin, Five, add, five

# Hour, bins, counted, unsure, then the five sums in single precision; big-endian.
RECORD = struct.Struct(f">BBII{len(EMOTIONS)}f")


class HourTotals(NamedTuple):
    """Sums of a local hour, 0 to 23; the hour that a clock change repeats is one."""

    hour: int
    bins: int
    counted: int
    unsure: int
    sums: Five


def hours_of(
    bins: Iterable[tuple[int, Bin]], unsure: Iterable[int]
) -> list[HourTotals]:
    """The hours with any reading, in order, from bins and from what was left out.

    Each with its local hour; `unsure` has one hour for each reading.
    """
    rows: dict[int, list[HourTotals]] = defaultdict(list)
    for hour, row in bins:
        rows[hour].append(HourTotals(hour, 1, row.readings, 0, row.means))
    for hour in unsure:
        rows[hour].append(HourTotals(hour, 0, 0, 1, ZERO))
    return [_sum(hour, rows[hour]) for hour in sorted(rows)]


def hours_add(days: Iterable[Iterable[HourTotals]]) -> list[HourTotals]:
    """The same hours of several days as one; in order."""
    rows: dict[int, list[HourTotals]] = defaultdict(list)
    for day in days:
        for row in day:
            rows[row.hour].append(row)
    return [_sum(hour, rows[hour]) for hour in sorted(rows)]


def _sum(hour: int, rows: list[HourTotals]) -> HourTotals:
    return HourTotals(
        hour,
        bins=sum(row.bins for row in rows),
        counted=sum(row.counted for row in rows),
        unsure=sum(row.unsure for row in rows),
        sums=add(row.sums for row in rows),
    )


def hours_pack(hours: Iterable[HourTotals]) -> bytes:
    return b"".join(RECORD.pack(*row[:4], *row.sums) for row in hours)


def hours_unpack(data: bytes) -> list[HourTotals]:
    """Raises ValueError when these are not packed hours."""
    if len(data) % RECORD.size:
        raise ValueError(f"{len(data)} bytes are no whole number of hours")
    return [
        HourTotals(hour, bins, counted, unsure, five(sums))
        for hour, bins, counted, unsure, *sums in RECORD.iter_unpack(data)
    ]
