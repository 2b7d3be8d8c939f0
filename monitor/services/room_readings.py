"""Storing what was read in rooms: nobody's readings, or nothing where few are seen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from django.db import transaction

from inference import FaceReading, FrameReading
from monitor.counting import UNCERTAIN
from monitor.models import Organisation, RoomReading, Snapshot
from monitor.periods import local_day
from monitor.room_scoring import FEWEST_FACES
from monitor.rooms import crews_of
from monitor.services.room_days import room_days_refresh

# Why a picture of a room left nothing behind.
TOO_FEW = "too_few_faces"


def rooms_allowed(snapshots: Iterable[Snapshot]) -> set[int]:
    """Ids of those whose whole crew still consents and is the one of the picture."""
    rows = [(row.pk, row.team_id, row.crew) for row in snapshots]
    crews = crews_of(team for _, team, _ in rows if team)
    return {
        pk
        for pk, team, mark in rows
        if team and crews[team].problem is None and crews[team].mark == mark
    }


def is_kept(frame: FrameReading) -> bool:
    """Whether so many faces are usable that none of them is an observation alone."""
    return sum(face.usable for face in frame.faces) >= FEWEST_FACES


def room_readings_record(
    *,
    snapshots: Iterable[Snapshot],
    frames: Mapping[int, FrameReading],
    model: str,
) -> None:
    """Store the faces of these pictures; joins the transaction that ends them."""
    read = [row for row in snapshots if is_kept(frames[row.pk])]
    if not read:
        return
    with transaction.atomic(savepoint=False):
        RoomReading.objects.bulk_create(
            reading
            for row in read
            for reading in _readings(row, frames[row.pk].faces, model)
        )
        room_days_refresh(team_days=team_days(read))


def _readings(
    snapshot: Snapshot, faces: Iterable[FaceReading], model: str
) -> list[RoomReading]:
    """Usable faces, and those that another formula might count.

    In the order of what they show: that of their sizes would tell who sits in front.
    """
    kept = [face for face in faces if face.usable or face.reason == UNCERTAIN]
    kept.sort(key=lambda face: face.probabilities.as_tuple())
    assert snapshot.team_id is not None  # noqa: S101
    return [
        RoomReading(
            snapshot=snapshot,
            team_id=snapshot.team_id,
            taken_at=snapshot.taken_at,
            number=number,
            model=model,
            usable=face.usable,
            reason=face.reason,
            **face.probabilities.as_dict(),
        )
        for number, face in enumerate(kept)
    ]


def team_days(snapshots: Iterable[Snapshot]) -> set[tuple[int, date]]:
    tz = Organisation.current().tz
    return {
        (row.team_id, local_day(row.taken_at, tz)) for row in snapshots if row.team_id
    }
