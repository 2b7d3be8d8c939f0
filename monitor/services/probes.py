"""Test pictures, taken by the capture process, judged by a worker, gone in minutes."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from capture import CaptureError, Code, Shot
from capture.addresses import same_place
from capture.hidden import HIDDEN, hidden_names
from inference import FaceReading, FrameReading
from inference.runtime import get_engine
from monitor import tasks, vault
from monitor.camera_login import Login, login_read, login_seal, source_with_login
from monitor.models import AccessEntry, Camera, CameraProbe, Pause, Person
from monitor.rooms import PAUSED, crew_pauses
from monitor.services import serving
from monitor.services.access import access_record
from monitor.services.cameras import (
    CameraRefused,
    Draft,
    Watching,
    consented_check,
    draft_checked,
    login_sealed,
    secrets_checked,
)
from monitor.services.capture import Fetcher
from monitor.services.consent import agreed_at

log = logging.getLogger(__name__)

Status = CameraProbe.Status
KEPT = timedelta(minutes=15)
# Live pictures replace each other; a test picture stays until it has been looked at.
LIVE_KEPT = timedelta(seconds=10)
# After this each step of a test picture is given up, and who it waited for is named.
# Asking takes long where the process that fetches must load its libraries first.
GIVEN_UP = {
    Status.WAITING: (45, "No capture process took it on; see whether one runs."),
    Status.FETCHING: (90, "The capture process stopped in the middle of it."),
    Status.FETCHED: (90, "No worker looked at the picture; see whether one runs."),
}


def seeing_check(watching: Watching) -> None:
    """Raise CameraRefused where nobody may see a picture of this desk or room now.

    Hours, holidays and pauses of a camera do not matter: that is when it is set up.
    """
    consented_check(watching)
    person, now = watching.person, timezone.now()
    if watching.team and crew_pauses(watching.team.pk, now).exists():
        raise CameraRefused(PAUSED, "team")
    lasting = Q(ends_at__isnull=True) | Q(ends_at__gt=now)
    pauses = Pause.objects.filter(lasting, begins_at__lte=now)
    if person and pauses.filter(person=person).exists():
        raise CameraRefused(
            f"The cameras of {person} are paused; no picture is taken before the pause"
            " ends.",
            "person",
        )


def probe_begin(*, draft: Draft, by: User) -> CameraProbe:
    """Ask for a test picture of a camera that is being set up; raises CameraRefused."""
    checked = draft_checked(draft)
    seeing_check(checked)
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
        sealed_login=login_sealed(checked),
        certificate=checked.certificate,
        every_minutes=checked.every_minutes,
    )


def probe_camera(
    *, camera: Camera, by: User, draft: Draft | None = None
) -> CameraProbe:
    """Ask for a test picture of a camera that is there, perhaps at another address.

    Without a login it keeps the one it has, if it stays where it is. Looking is written
    down.
    """
    wanted = draft or Draft(
        camera.name,
        camera.kind,
        camera.person,
        camera.team,
        camera.address,
        certificate=camera.certificate,
    )
    if wanted.kind not in Camera.FETCHED:
        raise CameraRefused("This camera sends its pictures itself.", "kind")
    checked = draft_checked(wanted)
    seeing_check(checked)
    return CameraProbe.objects.create(
        by=by,
        asked_at=timezone.now(),
        camera=camera,
        name=camera.name,
        person=camera.person,
        team=camera.team,
        kind=checked.kind,
        address=checked.address,
        sealed_login=_login_kept(camera, checked),
        certificate=checked.certificate,
        every_minutes=camera.every_minutes,
    )


def _login_kept(camera: Camera, checked: Draft) -> bytes:
    """What was written, else what is stored, which no other place gets to see.

    Otherwise whoever may set up cameras could have any password sent to themselves.
    """
    stays = same_place(camera.address, checked.address)
    typed = bool(checked.user or checked.password)
    stored = _stored(camera)
    if stored is None and stays and not typed and set(checked.secrets) <= {HIDDEN}:
        return bytes(camera.sealed_login)  # a key may come back that opens it
    if not typed and (stored is None or not stays and (stored.user or stored.password)):
        raise CameraRefused(
            "This is another place, which the stored password is not sent to. Write"
            " user name and password anew.",
            "password",
        )
    offered = stored if stored and stays else Login()
    known = list(zip(hidden_names(camera.address), offered.secrets, strict=False))
    return login_seal(
        checked.user or offered.user,
        checked.password if typed else offered.password,
        secrets_checked(checked, known),
        address=checked.address,
    )


def _stored(camera: Camera) -> Login | None:
    """None when no key opens it, or when it was written for another place."""
    try:
        return login_read(camera.sealed_login, camera.address)
    except (vault.PictureLocked, CaptureError):
        return None


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
        seeing_check(probe)
        shot = fetcher.fetch(source_with_login(probe))
        seeing_check(probe)  # it took its time
        _check_file(probe, shot)
    except CameraRefused as exc:
        _fail(probe, "stopped", exc.message)
    except CaptureError as exc:
        log.info("test picture %s: %s", probe.pk, exc.code)
        _fail(probe, exc.code.value, exc.message)
    except vault.PictureLocked:
        _fail(probe, "wrong_password", "No key opens the password of this camera.")
    else:
        _keep(probe, shot)


def _check_file(probe: CameraProbe, shot: Shot) -> None:
    """A folder keeps what nobody may have agreed to."""
    who = {"person": probe.person_id, "team": probe.team_id}
    if probe.kind == Camera.Kind.FOLDER and not agreed_at(**who, moment=shot.taken_at):
        raise CaptureError(
            Code.EMPTY,
            "the newest picture is from before the consent, or of a room and more than"
            " a minute old",
        )


def _fail(probe: CameraProbe, code: str, message: str) -> None:
    _unfinished(probe).update(
        status=Status.FAILED, code=code, message=message[:300], sealed=b""
    )


def _unfinished(probe: CameraProbe) -> QuerySet[CameraProbe]:
    """The row, unless it was given up in the meantime."""
    rows = CameraProbe.objects.filter(pk=probe.pk)
    return rows.exclude(status__in=CameraProbe.TERMINAL)


@transaction.atomic
def _keep(probe: CameraProbe, shot: Shot) -> None:
    kept = _unfinished(probe).update(
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
    try:
        seeing_check(probe)
    except CameraRefused as exc:
        _fail(probe, "stopped", exc.message)
        return
    engine = serving.load(serving.in_use().live, get_engine)
    (frame,) = engine.analyse([vault.unseal(bytes(probe.sealed))])
    if frame.error:
        _fail(probe, "not_a_picture", "The camera's picture cannot be read.")
        return
    seen = _seen(frame)
    if probe.team is not None:
        seen["faces"] = sum(_is_good(face) for face in frame.faces)
    _unfinished(probe).update(status=Status.DONE, **seen)


def _is_good(face: FaceReading) -> bool:
    """Whether the gate has nothing against the picture of this face."""
    return face.usable or face.reason in FELT


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
            "reason": "" if _is_good(face) else face.reason,
            "box_x": box.x,
            "box_y": box.y,
            "box_width": box.width,
            "box_height": box.height,
        }
    return seen


FELT = frozenset({"uncertain", "other_emotion"})


def probe_picture(*, probe: CameraProbe) -> bytes:
    """The test picture, for whoever asked for it; a look at a person is noted.

    Of a room, for each of the team: any of them may be in it.
    Raises CameraRefused once it may not be seen any more.
    """
    seeing_check(probe)
    people = [probe.person] if probe.person else Person.objects.filter(team=probe.team)
    access_record(actor=probe.by, people=people, action=AccessEntry.Action.LIVE)
    return vault.unseal(bytes(probe.sealed))


def probes_prune(*, now: datetime) -> int:
    """Delete old test pictures, and end those that nobody took; says how many went."""
    for status, (seconds, message) in GIVEN_UP.items():
        CameraProbe.objects.filter(
            status=status, asked_at__lt=now - timedelta(seconds=seconds)
        ).update(status=Status.FAILED, code="nobody", message=message, sealed=b"")
    return CameraProbe.objects.filter(asked_at__lt=now - KEPT).delete()[0]


def live_next(*, camera: Camera, by: User) -> CameraProbe | None:
    """The last finished picture of this user's look through it; asks for the next.

    None before the first. At most one is on its way, and older ones are deleted.
    """
    if not camera.active:
        raise CameraRefused("This camera is switched off.")
    seeing_check(camera)
    # Not those of another address that the same user tries at the same time.
    own = CameraProbe.objects.filter(
        camera=camera, by=by, kind=camera.kind, address=camera.address
    )
    newest = own.first()
    if newest is None or newest.is_finished:
        probe_camera(camera=camera, by=by)
    finished = own.filter(status__in=CameraProbe.TERMINAL)
    seen = finished.filter(asked_at__gte=timezone.now() - LIVE_KEPT).first()
    if seen is not None:
        finished.filter(pk__lt=seen.pk).delete()
    return seen
