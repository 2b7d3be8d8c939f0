"""Test pictures, taken by the capture process, judged by a worker, gone in minutes."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from capture import CaptureError, Kind, Shot, Source
from inference import FrameReading
from inference.runtime import get_engine
from monitor import tasks, vault
from monitor.camera_login import login_open, login_seal
from monitor.models import AccessEntry, Camera, CameraProbe
from monitor.services import serving
from monitor.services.access import access_record
from monitor.services.cameras import CameraRefused, Draft, draft_checked
from monitor.services.capture import Fetcher

log = logging.getLogger(__name__)

Status = CameraProbe.Status
KEPT = timedelta(minutes=15)
# Live pictures replace each other; a test picture stays until it has been looked at.
LIVE_KEPT = timedelta(seconds=10)
# The process that fetches died with it, or there is none.
GIVEN_UP = timedelta(seconds=45)


def probe_begin(*, draft: Draft, by: User) -> CameraProbe:
    """Ask for a test picture of a camera that is being set up; raises CameraRefused."""
    checked = draft_checked(draft)
    if Camera.objects.filter(name=checked.name).exists():
        raise CameraRefused("There is a camera of this name already.", "name")
    return CameraProbe.objects.create(
        by=by,
        asked_at=timezone.now(),
        name=checked.name,
        person=checked.person,
        team=checked.team,
        kind=checked.kind,
        address=checked.address,
        sealed_login=login_seal(checked.user, checked.password),
        certificate=checked.certificate,
        every_minutes=checked.every_minutes,
    )


def probe_camera(
    *, camera: Camera, by: User, draft: Draft | None = None
) -> CameraProbe:
    """Ask for a test picture of a camera that is there, perhaps at another address.

    An empty password keeps the one it has. Looking is written down.
    """
    wanted = draft or Draft(
        camera.name, camera.kind, camera.person, camera.team, camera.address
    )
    if wanted.kind not in Camera.FETCHED:
        raise CameraRefused("This camera sends its pictures itself.", "kind")
    checked = draft_checked(wanted)
    typed = login_seal(checked.user, checked.password)
    return CameraProbe.objects.create(
        by=by,
        asked_at=timezone.now(),
        camera=camera,
        name=camera.name,
        person=camera.person,
        team=camera.team,
        kind=checked.kind,
        address=checked.address,
        sealed_login=typed or bytes(camera.sealed_login),
        certificate=checked.certificate or camera.certificate,
        every_minutes=camera.every_minutes,
    )


def probe_take() -> CameraProbe | None:
    """The test picture that waits longest, for the caller alone."""
    for probe in CameraProbe.objects.filter(status=Status.WAITING).order_by("pk")[:5]:
        mine = CameraProbe.objects.filter(pk=probe.pk, status=Status.WAITING)
        if mine.update(status=Status.FETCHING):
            return probe
    return None


def probe_fetch(*, probe: CameraProbe, fetcher: Fetcher) -> None:
    """Ask the camera, keep the picture sealed, and have a worker look for the face."""
    try:
        shot = fetcher.fetch(source_of(probe))
    except CaptureError as exc:
        log.info("test picture %s: %s", probe.pk, exc.code)
        _fail(probe, exc.code.value, exc.message)
    except vault.PictureLocked:
        _fail(probe, "wrong_password", "No key opens the password of this camera.")
    else:
        _keep(probe, shot)


def source_of(probe: CameraProbe) -> Source:
    user, password = login_open(probe.sealed_login)
    kind = Kind(probe.kind)
    return Source(kind, probe.address, user, password, probe.certificate)


def _fail(probe: CameraProbe, code: str, message: str) -> None:
    CameraProbe.objects.filter(pk=probe.pk).update(
        status=Status.FAILED, code=code, message=message[:300]
    )


@transaction.atomic
def _keep(probe: CameraProbe, shot: Shot) -> None:
    kept = CameraProbe.objects.filter(pk=probe.pk).update(
        status=Status.FETCHED,
        sealed=vault.seal(shot.data),
        milliseconds=shot.milliseconds,
    )
    if kept:
        transaction.on_commit(lambda: tasks.probe_look(probe.pk))


def probe_judge(*, pk: int) -> None:
    """Find the face in a test picture; nothing about an emotion is kept."""
    probe = CameraProbe.objects.filter(pk=pk, status=Status.FETCHED).first()
    if probe is None:
        return
    engine = serving.load(serving.in_use().live, get_engine)
    (frame,) = engine.analyse([vault.unseal(bytes(probe.sealed))])
    if frame.error:
        _fail(probe, "not_a_picture", "The camera's picture cannot be read.")
        return
    CameraProbe.objects.filter(pk=pk).update(status=Status.DONE, **_seen(frame))


def _seen(frame: FrameReading) -> dict[str, object]:
    seen: dict[str, object] = {
        "width": frame.width,
        "height": frame.height,
        "faces": len(frame.faces),
    }
    if frame.faces:
        face = frame.faces[0]
        box = face.box
        seen |= {
            # What the gate says of the picture, not what the face seems to show.
            "reason": "" if face.reason in FELT else face.reason,
            "box_x": box.x,
            "box_y": box.y,
            "box_width": box.width,
            "box_height": box.height,
        }
    return seen


FELT = frozenset({"uncertain", "other_emotion"})


def probe_picture(*, probe: CameraProbe) -> bytes:
    """The test picture, for whoever asked for it; a look at a person is noted."""
    if probe.person is not None:
        access_record(
            actor=probe.by, people=[probe.person], action=AccessEntry.Action.LIVE
        )
    return vault.unseal(bytes(probe.sealed))


def probes_prune(*, now: datetime) -> int:
    """Delete old test pictures, and end those that nobody took; says how many went."""
    CameraProbe.objects.exclude(status__in=CameraProbe.TERMINAL).filter(
        asked_at__lt=now - GIVEN_UP
    ).update(
        status=Status.FAILED,
        code="nobody",
        message="No capture process took it on; see whether one runs.",
    )
    return CameraProbe.objects.filter(asked_at__lt=now - KEPT).delete()[0]


def live_next(*, camera: Camera, by: User) -> CameraProbe | None:
    """The last finished picture of this user's look through it; asks for the next.

    None before the first. At most one is on its way, and older ones are deleted.
    """
    own = CameraProbe.objects.filter(camera=camera, by=by)
    newest = own.first()
    if newest is None or newest.is_finished:
        probe_camera(camera=camera, by=by)
    finished = own.filter(status__in=CameraProbe.TERMINAL)
    seen = finished.filter(asked_at__gte=timezone.now() - LIVE_KEPT).first()
    if seen is not None:
        finished.filter(pk__lt=seen.pk).delete()
    return seen
