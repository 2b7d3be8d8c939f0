"""Cameras made and changed by those who set them up."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Protocol

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone

from capture import CaptureError, Kind, Source
from capture.addresses import check, split_login
from capture.hidden import HIDDEN, hidden_names, hide
from monitor.camera_login import login_seal
from monitor.capture_limits import limits
from monitor.models import (
    Camera,
    CameraProbe,
    CameraRenewal,
    DailySummary,
    Person,
    Team,
)
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
    # What was taken out of the address, `***` where it was left hidden.
    secrets: tuple[str, ...] = field(default=(), repr=False)


def draft_checked(draft: Draft) -> Draft:
    """The draft with logins and keys out of its address; raises CameraRefused."""
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
        return replace(draft, address="", user="", password="", secrets=())
    address, user, password = draft.address.strip(), draft.user, draft.password
    certificate = draft.certificate.replace(":", "").strip().lower()
    if certificate and not CERTIFICATE.fullmatch(certificate):
        raise CameraRefused("Write 64 hexadecimal digits, or nothing.", "certificate")
    try:
        if "://" in address:
            address, typed_user, typed_password = split_login(address)
            user, password = user or typed_user, password or typed_password
        address, secrets = hide(address)
        check(Source(Kind(draft.kind), address, secrets=secrets), limits())
    except CaptureError as exc:
        raise CameraRefused(exc.message, "address") from exc
    return replace(
        draft,
        address=address,
        user=user,
        password=password,
        certificate=certificate,
        secrets=secrets,
    )


def secrets_checked(
    draft: Draft, known: list[tuple[str, str]] | None = None
) -> tuple[str, ...]:
    """The values of a checked draft's address; those that it left hidden are known.

    known: name and value of each that is stored. Raises CameraRefused.
    """
    found, left = [], list(known or [])
    names = hidden_names(draft.address)
    for name, secret in zip(names, draft.secrets, strict=True):
        if secret != HIDDEN:
            found.append(secret)
            continue
        stored = next((each for each in left if each[0] == name), None)
        if stored is None:
            raise CameraRefused(
                f"Write the value of {name} in place of {HIDDEN}. What is stored is not"
                " shown again, and not sent to another place.",
                "address",
            )
        left.remove(stored)
        found.append(stored[1])
    return tuple(found)


def login_sealed(draft: Draft) -> bytes:
    """All that lets us in, of a checked draft of a new camera; raises CameraRefused."""
    secrets = secrets_checked(draft)
    return login_seal(draft.user, draft.password, secrets, address=draft.address)


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
        sealed_login=login_sealed(checked),
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


@transaction.atomic
def camera_renew(*, camera: Camera, on: date, by: User | None = None) -> None:
    """Say that from this day on another device, or another place, is behind a camera.

    Its earlier days are then no baseline for later ones. Days that were judged with
    the old baseline are judged again.
    """
    CameraRenewal.objects.get_or_create(camera=camera, on=on, defaults={"by": by})
    _renewed(camera, on)


@transaction.atomic
def camera_renewal_remove(*, renewal: CameraRenewal) -> None:
    """Take back what was noted by mistake, or of a wrong day."""
    CameraRenewal.objects.filter(pk=renewal.pk).delete()
    _renewed(renewal.camera, renewal.on)


def _renewed(camera: Camera, on: date) -> None:
    newest = CameraRenewal.objects.filter(camera=camera).aggregate(on=Max("on"))
    Camera.objects.filter(pk=camera.pk).update(renewed_on=newest["on"])
    seen = DailySummary.objects.filter(camera=camera, day__gte=on).values("person")
    Person.objects.filter(pk__in=seen).update(changed_at=timezone.now())


def _made(**facts: object) -> Camera:
    try:
        with transaction.atomic():
            camera: Camera = Camera.objects.create(**facts)
    except IntegrityError as exc:
        raise CameraRefused("There is a camera of this name already.", "name") from exc
    camera_reschedule(camera=camera)
    camera.refresh_from_db()
    return camera
