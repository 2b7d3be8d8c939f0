"""A second model reads along; whatever it does, the result that counts is unharmed.

Detection runs once for both. What the shadow read is stored after the readings, in a
transaction of its own, and goes when they go.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import DatabaseError, transaction
from django.db.models import F
from django.utils import timezone

from inference import FrameReading, analyse
from inference.runtime import get_classifier
from monitor.models import ModelVersion, Reading, ShadowReading
from monitor.services import serving

if TYPE_CHECKING:
    from datetime import datetime

    from inference.engine import Engine

log = logging.getLogger(__name__)

RETENTION_DAYS = 90
# A shadow that fails costs the batch a second pass; after this many failures in a row
# this process does without it until it is started again.
PATIENCE = 3
CHUNK = 1000
_failures: dict[int, int] = {}


def read(
    images: Sequence[bytes], engine: Engine, beside: serving.Stored | None
) -> tuple[list[FrameReading], list[FrameReading] | None]:
    """Readings of the engine, and of the shadow where one runs and works."""
    pictures = list(images)
    if beside is None or _failures.get(beside.pk, 0) >= PATIENCE:
        return analyse(pictures, engine=engine), None
    try:
        classifier = serving.load(beside, get_classifier)
        frames, also = engine.analyse_beside(pictures, classifier)
    except Exception:  # noqa: BLE001
        # Models can fail in ways nobody listed. When it was a picture, or the engine,
        # the next line raises, and the shadow is not to blame.
        frames = analyse(pictures, engine=engine)
        log.exception("the shadow %s failed", beside.version)
        _count_failure(beside)
        return frames, None
    _failures.pop(beside.pk, None)
    return frames, also


def record(
    *, frames: Mapping[int, FrameReading], model: str, beside: serving.Stored
) -> None:
    """Store what the shadow read for the readings that `model` made of snapshots."""
    found = Reading.objects.filter(snapshot__in=frames, face_index=0, model=model)
    now = timezone.now()
    try:
        with transaction.atomic():
            ShadowReading.objects.bulk_create(
                [
                    _shadow_reading(pk, frames[snapshot], beside, now)
                    for pk, snapshot in found.values_list("pk", "snapshot_id")
                    if frames[snapshot].faces
                ],
                ignore_conflicts=True,
            )
    except DatabaseError:
        # The version or a reading may have been deleted at this moment.
        log.exception("what the shadow %s read is not stored", beside.version)
        _count_failure(beside)


def shadow_prune(*, days: int = RETENTION_DAYS) -> int:
    """Delete what shadows read longer ago than this, in small steps; says how many."""
    old = ShadowReading.objects.filter(at__lt=timezone.now() - timedelta(days=days))
    gone = 0
    while ids := list(old.order_by("pk").values_list("pk", flat=True)[:CHUNK]):
        gone += ShadowReading.objects.filter(pk__in=ids).delete()[0]
    return gone


def _shadow_reading(
    reading: int, frame: FrameReading, beside: serving.Stored, now: datetime
) -> ShadowReading:
    face = frame.faces[0]
    return ShadowReading(
        reading_id=reading,
        version_id=beside.pk,
        at=now,
        usable=face.usable,
        reason=face.reason,
        **face.probabilities.as_dict(),
    )


def _count_failure(beside: serving.Stored) -> None:
    _failures[beside.pk] = _failures.get(beside.pk, 0) + 1
    if _failures[beside.pk] == PATIENCE:
        log.error("the shadow %s is left out from now on", beside.version)
    try:
        ModelVersion.objects.filter(pk=beside.pk).update(
            shadow_failures=F("shadow_failures") + 1
        )
    except DatabaseError:
        log.exception("the failure of the shadow is not counted")
