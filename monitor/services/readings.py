"""Storing what was read: readings, states, summaries and the end of the picture."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from datetime import date

from django.db import transaction
from django.utils import timezone

from inference import FaceReading, FrameReading
from monitor.models import Organisation, Reading, Snapshot, SnapshotImage
from monitor.periods import local_day
from monitor.services.assessment import person_assess_soon
from monitor.services.summaries import people_lock, summaries_refresh

Status = Snapshot.Status


@transaction.atomic
def readings_record(
    *, token: uuid.UUID, frames: Mapping[int, FrameReading], model: str
) -> None:
    """Store the results of one claim; rows that another claim took since are left.

    The people are locked before the snapshots, as everywhere, so that no two workers
    wait for each other.
    """
    claimed = Snapshot.objects.held(token).filter(pk__in=frames)
    people_lock(claimed.values_list("person_id", flat=True))
    snapshots = list(claimed.select_for_update())
    for snapshot in snapshots:
        _finish(snapshot, frames[snapshot.pk])
    Snapshot.objects.bulk_update(
        snapshots, ["status", "reason", "faces_found", "finished_at", "claim"]
    )
    SnapshotImage.objects.filter(snapshot__in=snapshots).delete()
    read = [snapshot for snapshot in snapshots if frames[snapshot.pk].faces]
    Reading.objects.bulk_create(
        _reading(snapshot, frames[snapshot.pk].faces[0], model) for snapshot in read
    )
    summaries_refresh(person_days=_person_days(read))
    ids = {snapshot.person_id for snapshot in read}
    now = timezone.now()
    transaction.on_commit(lambda: person_assess_soon(person_ids=ids, now=now))


def _finish(snapshot: Snapshot, frame: FrameReading) -> None:
    if frame.error:
        snapshot.status, snapshot.reason = Status.FAILED, frame.error
    else:
        snapshot.status = Status.DONE if frame.faces else Status.NO_FACE
        snapshot.faces_found = len(frame.faces)
    snapshot.finished_at = timezone.now()
    snapshot.claim = None


def _reading(snapshot: Snapshot, face: FaceReading, model: str) -> Reading:
    """The reading of the largest face; bystanders are counted but never read."""
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


def _person_days(snapshots: Iterable[Snapshot]) -> set[tuple[int, date]]:
    tz = Organisation.current().tz
    return {(row.person_id, local_day(row.taken_at, tz)) for row in snapshots}
