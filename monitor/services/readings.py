"""Storing what was read: readings, states, summaries and the end of the picture."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date

from django.db import transaction
from django.utils import timezone

from inference import FaceReading, FrameReading
from monitor.models import Organisation, Person, Reading, Snapshot, SnapshotImage
from monitor.periods import local_day
from monitor.services.camera_days import camera_days_add
from monitor.services.consent import snapshots_skip
from monitor.services.room_days import teams_lock
from monitor.services.room_readings import (
    TOO_FEW,
    is_kept,
    room_readings_record,
    rooms_allowed,
)
from monitor.services.summaries import people_lock, summaries_refresh

Status = Snapshot.Status


@transaction.atomic
def readings_record(
    *, token: uuid.UUID, frames: Mapping[int, FrameReading], model: str
) -> None:
    """Store the results of one claim; rows that another claim took since are left.

    The people, and after them the teams of rooms, are locked before the snapshots, as
    everywhere, so that no two workers wait for each other.
    """
    claimed = Snapshot.objects.held(token).filter(pk__in=frames)
    people_lock(claimed.filter(team=None).values_list("person_id", flat=True))
    teams_lock(claimed.values_list("team_id", flat=True))
    snapshots = _drop_withdrawn(list(claimed.select_for_update()))
    _finish(snapshots, frames)
    SnapshotImage.objects.filter(snapshot__in=[row.pk for row in snapshots]).delete()
    rooms = [snapshot for snapshot in snapshots if snapshot.is_room]
    people = [snapshot for snapshot in snapshots if not snapshot.is_room]
    room_readings_record(snapshots=rooms, frames=frames, model=model)
    read = [snapshot for snapshot in people if frames[snapshot.pk].faces]
    Reading.objects.bulk_create(
        reading_of(snapshot, frames[snapshot.pk].faces[0], model) for snapshot in read
    )
    camera_days_add(snapshots=snapshots, frames=frames)
    summaries_refresh(person_days=person_days(read))


def _drop_withdrawn(snapshots: list[Snapshot]) -> list[Snapshot]:
    """Those whose people still consent; the others end here, with their pictures.

    Of a room, everybody in the team.
    """
    people = {row.person_id for row in snapshots}
    consented = Person.objects.consented().filter(pk__in=people)
    allowed = set(consented.values_list("pk", flat=True))
    rooms = rooms_allowed(snapshots)
    kept = [row for row in snapshots if row.person_id in allowed or row.pk in rooms]
    gone = {row.pk for row in snapshots} - {row.pk for row in kept}
    if gone:
        snapshots_skip(Snapshot.objects.filter(pk__in=gone))
    return kept


def _finish(snapshots: list[Snapshot], frames: Mapping[int, FrameReading]) -> None:
    """Write the final states: one update for all rows that ended alike."""
    alike: dict[tuple[str, str, int | None], list[int]] = defaultdict(list)
    for snapshot in snapshots:
        alike[_end(snapshot, frames[snapshot.pk])].append(snapshot.pk)
    for (status, reason, faces), ids in alike.items():
        Snapshot.objects.filter(pk__in=ids).update(
            status=status,
            reason=reason,
            faces_found=faces,
            finished_at=timezone.now(),
            claim=None,
        )


def _end(snapshot: Snapshot, frame: FrameReading) -> tuple[str, str, int | None]:
    """Status, reason and number of faces of a picture that was looked at.

    How many were in a room at a time is not kept.
    """
    if frame.error:
        return Status.FAILED, frame.error, None
    if snapshot.is_room:
        return Status.DONE, "" if is_kept(frame) else TOO_FEW, None
    return (Status.DONE if frame.faces else Status.NO_FACE), "", len(frame.faces)


def reading_of(snapshot: Snapshot, face: FaceReading, model: str) -> Reading:
    """The reading of the largest face; bystanders are counted but never read."""
    assert snapshot.person_id is not None  # noqa: S101
    box = face.box
    return Reading(
        snapshot=snapshot,
        person_id=snapshot.person_id,
        taken_at=snapshot.taken_at,
        face_index=0,
        model=model,
        usable=face.usable,
        counted=face.usable,
        reason=face.reason,
        box_x=box.x,
        box_y=box.y,
        box_width=box.width,
        box_height=box.height,
        sharpness=face.quality.sharpness,
        brightness=face.quality.brightness,
        detector_score=face.quality.detector_score,
        **face.probabilities.as_dict(),
    )


def person_days(snapshots: Iterable[Snapshot]) -> set[tuple[int, date]]:
    tz = Organisation.current().tz
    return {
        (row.person_id, local_day(row.taken_at, tz))
        for row in snapshots
        if row.person_id
    }
