"""Reading kept pictures again with another model; the older readings stay.

A second run leaves alone what the model has read already, so it may be interrupted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from inference import FrameReading, analyse
from inference.engine import Engine
from monitor import vault
from monitor.models import Person, Reading, Snapshot, SnapshotImage
from monitor.services.readings import person_days, reading_of
from monitor.services.summaries import people_lock, summaries_refresh


@dataclass(frozen=True, slots=True)
class Step:
    """What became of one batch."""

    pictures: int
    read: int
    locked: int


def kept_pictures(*, version: str) -> QuerySet[SnapshotImage]:
    """Pictures of finished snapshots that this version has not read, by consent."""
    read = Reading.objects.filter(
        snapshot=OuterRef("snapshot"), face_index=0, model=version
    )
    return SnapshotImage.objects.filter(
        ~Exists(read),
        snapshot__status=Snapshot.Status.DONE,
        snapshot__person__in=Person.objects.consented().order_by().values("pk"),
    ).order_by("snapshot_id")


def pictures_reclassify(*, engine: Engine) -> Iterator[Step]:
    """Read batch after batch of kept pictures, oldest first."""
    last = 0
    while True:
        rows = kept_pictures(version=engine.model_version).filter(snapshot__gt=last)
        batch = dict(rows.values_list("snapshot_id", "sealed")[: settings.BATCH_SIZE])
        if not batch:
            return
        last = max(batch)
        yield _reclassify(batch, engine)


def _reclassify(batch: dict[int, bytes | memoryview], engine: Engine) -> Step:
    pictures: dict[int, bytes] = {}
    for pk, sealed in batch.items():
        try:
            pictures[pk] = vault.unseal(bytes(sealed))
        except vault.PictureLocked:
            continue
    frames = dict(
        zip(pictures, analyse(list(pictures.values()), engine=engine), strict=True)
    )
    read = _record(frames, engine.model_version)
    return Step(len(batch), read, len(batch) - len(pictures))


@transaction.atomic
def _record(frames: dict[int, FrameReading], model: str) -> int:
    """Store the readings, as `readings_record` does; says how many."""
    seen = Snapshot.objects.filter(
        pk__in=[pk for pk, frame in frames.items() if frame.faces],
        person__in=Person.objects.consented().order_by().values("pk"),
    )
    people_lock(seen.values_list("person_id", flat=True))
    snapshots = list(seen)
    Reading.objects.bulk_create(
        [reading_of(row, frames[row.pk].faces[0], model) for row in snapshots],
        ignore_conflicts=True,
    )
    summaries_refresh(person_days=person_days(snapshots))
    return len(snapshots)
