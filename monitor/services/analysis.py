"""Claimed pictures become readings; whatever happens, each ends in one stored state."""

from __future__ import annotations

import logging
import uuid
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from inference import FrameReading, ModelError
from inference.runtime import get_engine
from monitor import tasks, vault
from monitor.models import Snapshot, SnapshotImage
from monitor.querysets import MAX_ATTEMPTS
from monitor.services import serving, shadow
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
    """Analyse the pictures of one claim and store what was read.

    The whole batch is read by the model that is in use now, after the claim.
    """
    try:
        use = serving.in_use()
        engine = serving.load(use.live, get_engine)
    except (*tasks.TRANSIENT_ERRORS, ModelError, OSError):
        # No picture's fault: none of them may use up its attempts.
        _put_back(token)
        raise
    try:
        _analyse(token, engine, use.shadow)
    except tasks.TRANSIENT_ERRORS:
        _release(token)
        raise
    except Exception:  # noqa: BLE001
        # One picture can break decoders and models in ways nobody listed. The claim is
        # given back; each of its pictures is tried alone, and the culprit gives up.
        log.exception("analysis of a batch failed")
        _release(token)
        give_up()


def _analyse(token: uuid.UUID, engine: Engine, beside: serving.Stored | None) -> None:
    pictures, frames = _open(token)
    read, also = shadow.read(list(pictures.values()), engine, beside)
    frames |= dict(zip(pictures, read, strict=True))
    readings_record(token=token, frames=frames, model=engine.model_version)
    if beside and also:
        seen = dict(zip(pictures, also, strict=True))
        shadow.record(frames=seen, model=engine.model_version, beside=beside)


def _open(token: uuid.UUID) -> tuple[dict[int, bytes], dict[int, FrameReading]]:
    """The pictures of a claim by snapshot, and the results of those that stay shut."""
    pictures: dict[int, bytes] = {}
    locked: dict[int, FrameReading] = {}
    sealed = SnapshotImage.objects.filter(snapshot__in=Snapshot.objects.held(token))
    for pk, data in sealed.values_list("snapshot_id", "sealed"):
        try:
            pictures[pk] = vault.unseal(bytes(data))
        except vault.PictureLocked:
            log.exception("snapshot %s cannot be decrypted", pk)
            locked[pk] = FrameReading(width=0, height=0, faces=(), error="key_missing")
    return pictures, locked


def _put_back(token: uuid.UUID) -> None:
    """Release the claim as if it had never been made."""
    Snapshot.objects.held(token).update(
        status=Status.PENDING, claim=None, attempts=F("attempts") - 1
    )


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
