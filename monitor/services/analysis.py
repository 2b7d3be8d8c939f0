"""Claimed pictures become readings; whatever happens, each ends in one stored state."""

from __future__ import annotations

import logging
import uuid
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from inference import FrameReading, analyse
from inference.runtime import get_engine
from monitor import tasks, vault
from monitor.models import Snapshot, SnapshotImage
from monitor.querysets import MAX_ATTEMPTS
from monitor.services.readings import readings_record

if TYPE_CHECKING:
    from inference.engine import Engine

log = logging.getLogger(__name__)

# A task ends after this many batches and asks for another, far below its time limit.
MAX_BATCHES = 50
Status = Snapshot.Status


def lease() -> timedelta:
    return timedelta(seconds=settings.LEASE_SECONDS)


def analyse_waiting() -> None:
    """Take batches of waiting pictures until none is left."""
    for _ in range(MAX_BATCHES):
        token, ids = Snapshot.objects.claim(limit=settings.BATCH_SIZE, lease=lease())
        if not ids:
            return
        if len(ids) == settings.BATCH_SIZE:
            # More may wait than one worker should take: call another.
            tasks.wake_worker()
        batch_analyse(token)
    tasks.wake_worker()


def batch_analyse(token: uuid.UUID) -> None:
    """Analyse the pictures of one claim and store what was read."""
    try:
        engine = get_engine(settings.EMOTION_MODEL or None)
        frames = _read(token, engine)
        readings_record(token=token, frames=frames, model=engine.model_version)
    except tasks.TRANSIENT_ERRORS:
        _release(token)
        raise
    except Exception:  # noqa: BLE001
        # One picture can break decoders and models in ways nobody listed. The claim is
        # given back; each of its pictures is tried alone, and the culprit gives up.
        log.exception("analysis of a batch failed")
        _release(token)
        give_up()


def _read(token: uuid.UUID, engine: Engine) -> dict[int, FrameReading]:
    pictures: dict[int, bytes] = {}
    locked: dict[int, FrameReading] = {}
    sealed = SnapshotImage.objects.filter(snapshot__in=Snapshot.objects.held(token))
    for pk, data in sealed.values_list("snapshot_id", "sealed"):
        try:
            pictures[pk] = vault.unseal(bytes(data))
        except vault.PictureLocked:
            log.exception("snapshot %s cannot be decrypted", pk)
            locked[pk] = FrameReading(width=0, height=0, faces=(), error="key_missing")
    frames = analyse(list(pictures.values()), engine=engine)
    return dict(zip(pictures, frames, strict=True)) | locked


def _release(token: uuid.UUID) -> None:
    Snapshot.objects.held(token).update(status=Status.PENDING, claim=None)


def give_up() -> int:
    """Fail pictures that used up their attempts; says how many."""
    dead = timezone.now() - lease()
    with transaction.atomic():
        spent = list(
            Snapshot.objects.filter(
                Q(status=Status.PENDING)
                | Q(status=Status.PROCESSING, claimed_at__lt=dead),
                attempts__gte=MAX_ATTEMPTS,
            )
            .select_for_update(skip_locked=True)
            .values_list("pk", flat=True)
        )
        SnapshotImage.objects.filter(snapshot__in=spent).delete()
        return Snapshot.objects.filter(pk__in=spent).update(
            status=Status.FAILED,
            reason="gave_up",
            claim=None,
            finished_at=timezone.now(),
        )


def sweep() -> None:
    """Give up on what cannot be analysed and wake a worker for what still waits."""
    if failed := give_up():
        log.warning("%s pictures failed after %s attempts", failed, MAX_ATTEMPTS)
    if Snapshot.objects.waiting(lease=lease()).exists():
        tasks.wake_worker()
