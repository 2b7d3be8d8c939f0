"""Invented days of a staff, fast enough for millions of readings, and their summaries.

Pure, from a seed. Days are counted back from the last one and each is drawn by itself,
so a short history is the end of a long one. As in `monitor.demo_data`, but drawn with
NumPy: a usual stress ratio for each person, Beta(2, 6); days that move it by 0.45 (sd)
on the logit scale; pictures at even chances over eight working hours; 12 % of them
unsure, 3 % without a face, probabilities from a Dirichlet distribution around one
emotion. Everybody is away on one day in twenty. Unlike there, pictures of a day do not
depend on each other, which costs pages nothing and saves the loop over them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from functools import cached_property
from random import Random
from typing import Any

import numpy as np
import numpy.typing as npt

from inference import EMOTIONS
from monitor import demo_data
from monitor.periods import BIN_SECONDS

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

AWAY = 0.05
POOL = 500  # different faces of each emotion


@dataclass(frozen=True)
class Day:
    """The pictures of one day in order of time; `person` is a place in the staff.

    second: since 1970. Where no face was found, the probabilities mean nothing.
    """

    person: Ints
    second: Ints
    shares: Floats
    face: Bools
    sure: Bools

    @property
    def counted(self) -> Bools:
        return self.face & self.sure

    @property
    def unsure(self) -> Bools:
        return self.face & ~self.sure


@dataclass(frozen=True)
class Sums:
    """The summaries of one day: one row for each person who was seen.

    hours: as `monitor.hours` packs them.
    """

    person: Ints
    bins: Ints
    counted: Ints
    unsure: Ints
    soft: Floats
    hard: Floats
    hours: list[bytes]


@dataclass(frozen=True)
class Staff:
    """Who is observed, and how often a day."""

    people: int
    pictures: int
    seed: int
    tz: tzinfo

    @property
    def readings_a_day(self) -> float:
        return self.people * self.pictures * (1 - AWAY) * (1 - demo_data.NO_FACE)

    @cached_property
    def usual(self) -> Floats:
        rng = np.random.default_rng(self.seed)
        drawn = rng.beta(*demo_data.USUAL_RATIO, self.people)
        return np.clip(drawn, 0.02, 0.9)

    @cached_property
    def faces(self) -> Floats:
        """(emotion, face, probability): what a network says of clear faces."""
        rng = Random(self.seed)
        rows = [
            [
                demo_data.draw(rng, demo_data.AROUND[name], sure=True).as_tuple()
                for _ in range(POOL)
            ]
            for name in EMOTIONS
        ]
        return np.array(rows)

    def rng(self, back: int, what: int = 0) -> np.random.Generator:
        return np.random.default_rng((self.seed, back, what))

    def day(self, day: date, back: int) -> Day:
        """The pictures of a working day, `back` working days before the last one."""
        rng = self.rng(back)
        there = np.flatnonzero(rng.random(self.people) >= AWAY)
        person = np.repeat(there, self.pictures)
        seconds = rng.integers(0, sum(s for _, s in HALVES), len(person))
        order = np.argsort(seconds, kind="stable")
        person = person[order]
        emotion = self._emotions(rng, person)
        fate = rng.random(len(person))
        return Day(
            person=person,
            second=_moments(seconds[order], day, self.tz),
            shares=self.faces[emotion, rng.integers(0, POOL, len(person))],
            face=fate >= demo_data.NO_FACE,
            sure=fate >= demo_data.NO_FACE + demo_data.UNSURE,
        )

    def _emotions(self, rng: np.random.Generator, person: Ints) -> Ints:
        odds = np.log(self.usual / (1 - self.usual))
        odds += rng.normal(0, demo_data.DAY_SD, self.people)
        ratio = 1 / (1 + np.exp(-odds[person]))
        calm, stressed = demo_data.CALM_STRESS, demo_data.STRESSED_STRESS
        tense = rng.random(len(person)) < (ratio - calm) / (stressed - calm)
        which = rng.random(len(person))
        sad, angry, happy, neutral, surprise = (
            EMOTIONS.index(name)
            for name in ("sad", "angry", "happy", "neutral", "surprise")
        )
        worse = np.where(which < demo_data.SAD_WHEN_STRESSED, sad, angry)
        others = [which < demo_data.SURPRISED_WHEN_CALM, which < 0.4]
        better = np.select(others, [surprise, happy], neutral)
        return np.where(tense, worse, better)


HALVES = (demo_data.MORNING, demo_data.AFTERNOON)


def _moments(seconds: Ints, day: date, tz: tzinfo) -> Ints:
    """Working seconds of a day as moments; no clock is changed at work."""
    (early, morning), (late, _) = HALVES
    starts = [
        int(datetime.combine(day, start, tz).timestamp()) for start in (early, late)
    ]
    before, after = starts[0] + seconds, starts[1] + seconds - morning
    return np.where(seconds < morning, before, after)


def sums_of(day: Day, tz: tzinfo) -> Sums:
    """What `summaries_refresh` makes of these readings, for all people at once."""
    keep = day.counted
    person, number = day.person[keep], day.second[keep] // BIN_SECONDS
    order = np.lexsort((number, person))
    person, number, shares = person[order], number[order], day.shares[keep][order]
    bins = np.flatnonzero(_first(person) | _first(number))
    sizes = np.diff([*bins, len(person)])[:, None]
    labels = np.eye(len(EMOTIONS))[np.argmax(shares, axis=1)]
    means = np.add.reduceat(shares, bins) / sizes
    hard = np.add.reduceat(labels, bins) / sizes
    seen = np.union1d(person, day.person[day.unsure])
    most = int(day.person.max()) + 1
    of_bins = person[bins]
    columns = [_by_person(of_bins, values, most)[seen] for values in (means, hard)]
    start = int(day.second[0])
    offset = datetime.fromtimestamp(start, tz).utcoffset() or timedelta()
    hour_of_bin = _hour(number[bins] * BIN_SECONDS, offset)
    hour_of_unsure = _hour(day.second[day.unsure], offset)
    return Sums(
        person=seen,
        bins=np.bincount(of_bins, minlength=most)[seen],
        counted=np.bincount(person, minlength=most)[seen],
        unsure=np.bincount(day.person[day.unsure], minlength=most)[seen],
        soft=columns[0],
        hard=columns[1],
        hours=_packed_hours(
            of_bins * 24 + hour_of_bin,
            day.person[day.unsure] * 24 + hour_of_unsure,
            sizes[:, 0],
            means,
        ),
    )


HOUR = np.dtype(
    [
        ("hour", "u1"),
        ("bins", "u1"),
        ("counted", ">u4"),
        ("unsure", ">u4"),
        ("sums", ">f4", (len(EMOTIONS),)),
    ]
)


def _hour(second: Ints, offset: timedelta) -> Ints:
    return (second + int(offset.total_seconds())) // 3600 % 24


def _packed_hours(bins: Ints, unsure: Ints, sizes: Ints, means: Floats) -> list[bytes]:
    """By person in order. bins, unsure: 24 times the person, plus the hour, of each."""
    keys, place = np.unique(np.concatenate([bins, unsure]), return_inverse=True)
    of_bins, most = place[: len(bins)], len(keys)
    rows = np.zeros(most, HOUR)
    rows["hour"] = keys % 24
    rows["bins"] = np.bincount(of_bins, minlength=most)
    rows["counted"] = np.bincount(of_bins, sizes, most)
    rows["unsure"] = np.bincount(place[len(bins) :], minlength=most)
    rows["sums"] = _by_person(of_bins, means, most)
    starts = np.flatnonzero(_first(keys // 24))
    return [part.tobytes() for part in np.split(rows, starts[1:])]


def _first(values: Ints) -> Bools:
    """Where a value differs from the one before it."""
    differs: Bools = np.diff(values, prepend=-1) != 0
    return differs


def _by_person(person: Ints, values: Floats, most: int) -> Floats:
    columns = [np.bincount(person, column, most) for column in values.T]
    return np.stack(columns, axis=1)


# COPY ---------------------------------------------------------------------------

CODES = {
    "bigint": ">i8",
    "integer": ">i4",
    "smallint": ">i2",
    "double precision": ">f8",
    "boolean": "?",
    "date": ">i4",
    "timestamp with time zone": ">i8",
}
START = b"PGCOPY\n\xff\r\n\0" + bytes(8)  # signature, flags, no extension
END = b"\xff\xff"
# PostgreSQL counts from the year 2000.
EPOCH = date(2000, 1, 1)
EPOCH_SECOND = 946_684_800


def microseconds(seconds: Ints | int) -> Any:
    return (seconds - EPOCH_SECOND) * 1_000_000


def packed(kinds: dict[str, str], values: dict[str, Any], rows: int) -> bytes:
    """Rows in PostgreSQL's binary format for COPY.

    kinds: the type of each column, in their order. A value is an array, or the same for
    every row; None is null. Texts must be of one length, so that rows are.
    """
    parts: list[tuple[str, str]] = [("columns", ">i2")]
    filled: dict[str, Any] = {"columns": len(kinds)}
    for name, kind in kinds.items():
        value = values[name]
        code = CODES.get(kind, "")
        if not code and not (value is None or isinstance(value, str) and not value):
            value = np.asarray(value, dtype=np.bytes_)
            code = value.dtype.str
        parts.append((f"{name} size", ">i4"))
        size = -1 if value is None else 0
        if value is not None and code:
            size = np.dtype(code).itemsize
            parts.append((name, code))
            filled[name] = value
        filled[f"{name} size"] = size
    table = np.zeros(rows, dtype=parts)
    for name, value in filled.items():
        table[name] = value
    return table.tobytes()
