"""Fills a database with a staff and its history, for `bench.history`.

People, teams, cameras, consents and users are made as the product makes them. What
grows with time is streamed by COPY, day by day as it would have come in, into tables
whose indexes and foreign keys are made afterwards.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from django.contrib.auth.models import User
from django.db import connection, models, transaction
from tqdm import tqdm

from bench.history_rows import (
    END,
    EPOCH,
    START,
    Day,
    Ints,
    Staff,
    microseconds,
    packed,
    sums_of,
)
from inference import EMOTIONS
from monitor.models import (
    AccessEntry,
    Camera,
    Consent,
    DailySummary,
    Organisation,
    Person,
    Reading,
    SelfReport,
    Snapshot,
    Team,
)
from monitor.periods import midnight
from monitor.scoring import FORMULA
from monitor.services.consent import consent_give
from monitor.services.roles import roles_ensure

TEAM = 25
REVIEWERS = 5
# Looks at one person each, in a day; the overview alone writes down 34 when it opens.
LOOKS = 400
ANSWERING = 3  # every third person says on half of the days how stressed they feel
MODEL = "history@00000001"
DIGITS = "0123456789abcdef"
BULK: tuple[type[models.Model], ...] = (
    Snapshot,
    Reading,
    DailySummary,
    AccessEntry,
    SelfReport,
)


@dataclass(frozen=True)
class Site:
    """Keys of what every day refers to; places in the staff to keys of people."""

    staff: Staff
    people: Ints
    cameras: Ints
    reviewers: Ints


def staff_make(staff: Staff) -> None:
    """Everything that does not grow with time, by the ways of the product."""
    Organisation.objects.create(name="History", time_zone=str(staff.tz))
    health = roles_ensure()
    for n in range(REVIEWERS):
        User.objects.create_user(f"health{n}").groups.add(health)
    User.objects.create_superuser("admin")
    teams = [
        Team.objects.create(name=f"Team {n + 1:03}")
        for n in range(-(-staff.people // TEAM))
    ]
    with transaction.atomic():
        for n in range(staff.people):
            name, team = f"Person {n + 1:05}", teams[n % len(teams)]
            person = Person.objects.create(number=f"H{n:05}", name=name, team=team)
            Camera.objects.create(name=f"Desk {n:05}", person=person)
            consent_give(person=person)
    own = Person.objects.filter(number="H00000")
    own.update(user=User.objects.create_user("employee"))


def site(staff: Staff) -> Site:
    """The staff as it is stored."""

    def keys(rows: Any) -> Ints:
        return np.array(rows.order_by("pk").values_list("pk", flat=True))

    reviewers = User.objects.filter(groups__isnull=False)
    people, cameras = keys(Person.objects), keys(Camera.objects)
    return Site(staff, people, cameras, keys(reviewers))


def history_load(made: Site, days: list[date]) -> None:
    """Stream everything that cameras, people and reviewers left on these days."""
    Consent.objects.update(given_at=midnight(days[0], made.staff.tz))
    tables = [model._meta.db_table for model in BULK]
    with transaction.atomic(), bare(tables):
        with connection.cursor() as cursor:
            cursor.execute(f"TRUNCATE {', '.join(tables)} CASCADE")
        next_key = dict.fromkeys(BULK, 1)
        total = round(made.staff.readings_a_day * len(days))
        with tqdm(total=total, unit="reading", unit_scale=True, disable=None) as bar:
            for back, day in zip(range(len(days))[::-1], days, strict=True):
                for model, values, rows in day_rows(made, day, back, next_key):
                    copy(model, {"id": next_key[model]} | values, rows)
                    next_key[model] += rows
                    bar.update(rows if model is Reading else 0)
    with connection.cursor() as cursor:
        for model, key in next_key.items():
            table = model._meta.db_table
            cursor.execute(
                "SELECT setval(pg_get_serial_sequence(%s, 'id'), %s)", [table, key]
            )


Rows = tuple[type[models.Model], dict[str, Any], int]


def day_rows(
    made: Site, day: date, back: int, next_key: dict[type[models.Model], int]
) -> Iterator[Rows]:
    """What one day leaves in each table: column by column, without keys of its own."""
    seen = made.staff.day(day, back)
    keys = next_key[Snapshot] + np.arange(len(seen.person))
    yield from snapshot_rows(made, seen, keys)
    yield from reading_rows(made, seen, keys)
    yield from summary_rows(made, seen, day)
    yield from human_rows(made, day, back, seen)


def summary_rows(made: Site, seen: Day, day: date) -> Iterator[Rows]:
    """In parts with as many hours each, because rows of one part are equally long."""
    sums = sums_of(seen, made.staff.tz)
    sizes = np.array([len(packed) for packed in sums.hours])
    common = {
        "day": (day - EPOCH).days,
        "model": MODEL,
        "formula": FORMULA,
        "updated_at": microseconds(int(seen.second[-1]) + 5),
    }
    for size in np.unique(sizes):
        these = sizes == size
        who = sums.person[these]
        own = {
            "person_id": made.people[who],
            "camera_id": made.cameras[who],
            "bins": sums.bins[these],
            "counted": sums.counted[these],
            "unsure": sums.unsure[these],
            "hours": np.array(sums.hours, object)[these].astype(f"S{size}"),
            **{f"{name}_sum": sums.soft[these, n] for n, name in enumerate(EMOTIONS)},
            **{f"{name}_hard": sums.hard[these, n] for n, name in enumerate(EMOTIONS)},
        }
        yield DailySummary, common | own, len(who)


def snapshot_rows(made: Site, seen: Day, keys: Ints) -> Iterator[Rows]:
    """Pictures as cameras send them, each with a key of its own."""
    taken = microseconds(seen.second)
    common = {
        "team_id": None,
        "crew": "",
        "source": Snapshot.Source.API.value,
        "submitted_by_id": int(made.reviewers[0]),
        "reason": "",
        "attempts": 1,
        "claim": None,
    }
    for face, status in (
        (True, Snapshot.Status.DONE),
        (False, Snapshot.Status.NO_FACE),
    ):
        these = seen.face == face
        own = {
            "id": keys[these],
            "person_id": made.people[seen.person[these]],
            "camera_id": made.cameras[seen.person[these]],
            "taken_at": taken[these],
            "received_at": taken[these] + 400_000,
            "claimed_at": taken[these] + 900_000,
            "finished_at": taken[these] + 1_500_000,
            "idempotency_key": digits(keys[these], 16),
            "request_digest": digits(keys[these], 64),
            "status": status.value,
            "faces_found": int(face),
        }
        yield Snapshot, common | own, int(these.sum())


def reading_rows(made: Site, seen: Day, keys: Ints) -> Iterator[Rows]:
    box = {"box_x": 230, "box_y": 120, "box_width": 180, "box_height": 180}
    common = {"face_index": 0, "model": MODEL, **box}
    for sure, reason in ((True, ""), (False, "blurred")):
        these = seen.counted if sure else seen.unsure
        shares = seen.shares[these]
        own = {
            "snapshot_id": keys[these],
            "person_id": made.people[seen.person[these]],
            "taken_at": microseconds(seen.second[these]),
            "usable": sure,
            "counted": sure,
            "reason": reason,
            "sharpness": 70.0 if sure else 15.0,
            "brightness": 120.0,
            "detector_score": 0.9,
            **{name: shares[:, n] for n, name in enumerate(EMOTIONS)},
        }
        yield Reading, common | own, int(these.sum())


def human_rows(made: Site, day: date, back: int, seen: Day) -> Iterator[Rows]:
    """Looks of reviewers and answers of people, at moments when pictures were taken."""
    rng = made.staff.rng(back, 1)
    looks = min(LOOKS, 4 * len(made.people))
    at = np.sort(rng.choice(seen.second, looks))
    yield (
        AccessEntry,
        {
            "actor_id": rng.choice(made.reviewers, looks),
            "person_id": rng.choice(made.people, looks),
            "action": AccessEntry.Action.OVERVIEW.value,
            "at": microseconds(at),
        },
        looks,
    )
    who = made.people[::ANSWERING][rng.random(len(made.people[::ANSWERING])) < 0.5]
    yield (
        SelfReport,
        {
            "person_id": who,
            "at": microseconds(np.sort(rng.choice(seen.second, len(who)))),
            "day": (day - EPOCH).days,
            "value": rng.integers(0, 5, len(who)),
            "invitation_id": None,
        },
        len(who),
    )


def digits(keys: Ints, length: int) -> Any:
    """Different texts of one length, which a compressor cannot shorten much."""
    rng = np.random.default_rng(int(keys[0]) if len(keys) else 0)
    letters = np.frombuffer(DIGITS.encode(), np.uint8)
    drawn = letters[rng.integers(0, 16, (len(keys), length))]
    powers = 16 ** np.arange(8)[::-1]
    drawn[:, :8] = letters[keys[:, None] // powers % 16]
    return np.ascontiguousarray(drawn).view(f"S{length}")[:, 0]


class Stream:
    """One part of bytes, read as from a file."""

    def __init__(self, data: bytes) -> None:
        self.rest = memoryview(data)

    def read(self, size: int) -> bytes:
        part, self.rest = self.rest[:size], self.rest[size:]
        return bytes(part)


def copy(model: type[models.Model], values: dict[str, Any], rows: int) -> None:
    """COPY into a table that this transaction has emptied, so that it may freeze."""
    if isinstance(values["id"], int):
        values["id"] = values["id"] + np.arange(rows)
    kinds = {
        str(field.column): str(field.db_type(connection)).partition("(")[0]
        for field in model._meta.concrete_fields
    }
    text = f"COPY {model._meta.db_table} ({', '.join(kinds)}) FROM STDIN"
    data = START + packed(kinds, values, rows) + END
    with connection.cursor() as cursor:
        cursor.copy_expert(f"{text} (FORMAT binary, FREEZE)", Stream(data))


@contextlib.contextmanager
def bare(tables: list[str]) -> Iterator[None]:
    """Without foreign keys, unique constraints and indexes, made again at the end."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conrelid::regclass, conname, pg_get_constraintdef(oid)"
            " FROM pg_constraint WHERE contype IN ('u', 'f')"
            " AND conrelid = ANY(%s::regclass[]) ORDER BY contype DESC",
            [tables],
        )
        constraints = cursor.fetchall()
        for table, name, _ in reversed(constraints):
            cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
        cursor.execute(
            "SELECT indexrelid::regclass, pg_get_indexdef(indexrelid) FROM pg_index"
            " WHERE indrelid = ANY(%s::regclass[]) AND NOT indisprimary",
            [tables],
        )
        indexes = cursor.fetchall()
        for name, _ in indexes:
            cursor.execute(f"DROP INDEX {name}")
        yield
        again = [made for _, made in indexes]
        again += [
            f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {made}'
            for table, name, made in constraints
        ]
        for statement in tqdm(again, unit="index", disable=None):
            cursor.execute(statement)
