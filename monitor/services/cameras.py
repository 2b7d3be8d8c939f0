"""Cameras made and changed by those who set them up."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Protocol

from django.db import IntegrityError, transaction
from django.utils import timezone

from capture import CaptureError, Kind, Source
from capture.addresses import check, split_login
from monitor.camera_login import login_seal
from monitor.capture_limits import limits
from monitor.models import Camera, CameraProbe, Person, Team
from monitor.rooms import crew_of
from monitor.services.camera_schedule import EVERY, camera_reschedule

CERTIFICATE = re.compile("[0-9a-f]{64}")


class CameraRefused(Exception):
    """The camera cannot be set up like this; `field` is the one to be corrected."""

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field


class Watching(Protocol):
    """A camera, or what becomes one: of a person, or of a team's room."""

    @property
    def person(self) -> Person | None: ...

    @property
    def team(self) -> Team | None: ...


@dataclass(frozen=True, slots=True)
class Draft:
    """A camera as somebody writes it down: of a person, or of a team's room."""

    name: str
    kind: str
    person: Person | None = None
    team: Team | None = None
    address: str = ""
    user: str = ""
    password: str = field(default="", repr=False)
    every_minutes: int = 15
    certificate: str = ""


def draft_checked(draft: Draft) -> Draft:
    """The draft with the login out of its address; raises CameraRefused."""
    if (draft.person is None) == (draft.team is None):
        raise CameraRefused(
            "Choose whose desk it watches, or which team's room: one of the two.",
            "person",
        )
    if draft.every_minutes not in EVERY:
        raise CameraRefused("Choose 1 to 240 minutes.", "every_minutes")
    consented_check(draft)
    if draft.kind == Camera.Kind.PUSH:
        if draft.team:
            raise CameraRefused(
                "Pictures of a room are fetched and cannot be sent; choose another"
                " kind.",
                "kind",
            )
        return replace(draft, address="", user="", password="")
    address, user, password = draft.address.strip(), draft.user, draft.password
    certificate = draft.certificate.replace(":", "").strip().lower()
    if certificate and not CERTIFICATE.fullmatch(certificate):
        raise CameraRefused("Write 64 hexadecimal digits, or nothing.", "certificate")
    try:
        if "://" in address:
            address, typed_user, typed_password = split_login(address)
            user, password = user or typed_user, password or typed_password
        check(Source(Kind(draft.kind), address), limits())
    except CaptureError as exc:
        raise CameraRefused(exc.message, "address") from exc
    return replace(
        draft,
        address=address,
        user=user,
        password=password,
        certificate=certificate,
    )


def consented_check(watching: Watching) -> None:
    """Raise CameraRefused without a current consent, for a room of everybody."""
    person, team = watching.person, watching.team
    if team and (problem := crew_of(team.pk).problem):
        raise CameraRefused(problem.message, "team")
    if person and not Person.objects.consented().filter(pk=person.pk).exists():
        raise CameraRefused(
            f"{person} has not consented to pictures; record the consent first.",
            "person",
        )


@transaction.atomic
def camera_create(*, draft: Draft) -> Camera:
    """Raises CameraRefused, for a name that is taken among others."""
    checked = draft_checked(draft)
    return _made(
        name=checked.name,
        kind=checked.kind,
        person=checked.person,
        team=checked.team,
        address=checked.address,
        sealed_login=login_seal(checked.user, checked.password),
        every_minutes=checked.every_minutes,
        certificate=checked.certificate,
    )


@transaction.atomic
def camera_from_probe(*, probe: CameraProbe) -> Camera:
    """Keep what was tried: a new camera, or the changed one; the test picture goes.

    Raises CameraRefused without a picture that was seen, or without consent by now.
    """
    if probe.status != CameraProbe.Status.DONE:
        raise CameraRefused("There is no test picture yet; try the camera first.")
    consented_check(probe)
    facts: dict[str, object] = {
        "kind": probe.kind,
        "address": probe.address,
        "sealed_login": bytes(probe.sealed_login),
        "certificate": probe.certificate,
    }
    camera = probe.camera
    if camera is None:
        camera = _made(
            name=probe.name,
            person=probe.person,
            team=probe.team,
            every_minutes=probe.every_minutes,
            **facts,
        )
    else:
        if (camera.kind, camera.address) != (probe.kind, probe.address):
            # What is known of the old pictures says nothing about those of this place.
            facts |= {"fingerprint": "", "repeats": 0, "mark": ""}
        Camera.objects.filter(pk=camera.pk).update(
            **facts, state=Camera.State.NEW, state_since=timezone.now()
        )
        camera_reschedule(camera=camera)
    CameraProbe.objects.filter(by=probe.by, name=probe.name).delete()
    return camera


def _made(**facts: object) -> Camera:
    try:
        with transaction.atomic():
            camera: Camera = Camera.objects.create(**facts)
    except IntegrityError as exc:
        raise CameraRefused("There is a camera of this name already.", "name") from exc
    camera_reschedule(camera=camera)
    camera.refresh_from_db()
    return camera
