"""The demonstration organisation: invented people, and real rows made from them.

What is invented and how is told in `monitor.demo_data`. Each person is made in one
transaction and assessed in another when all are there, for the rule compares them with
people in general; so a run that was interrupted is completed by the next.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction

from inference.errors import ModelError
from monitor import demo_cameras, demo_data
from monitor.demo_cameras import Changed, Sight
from monitor.demo_data import Picture, Plan, Role
from monitor.demo_findings import Findings, demo_findings
from monitor.models import (
    Camera,
    Consent,
    DailySummary,
    Organisation,
    Person,
    Reading,
    RoomFigure,
    SelfReport,
    Snapshot,
    SnapshotImage,
    Team,
    TeamFigure,
    Validation,
)
from monitor.periods import (
    BLOCK,
    is_working_day,
    last_working_days,
    local_day,
    midnight,
)
from monitor.services import serving
from monitor.services.assessment import person_assess
from monitor.services.cameras import camera_renew
from monitor.services.demo_cameras import camera_finish
from monitor.services.demo_rooms import demo_rooms_ensure
from monitor.services.roles import it_role_ensure, roles_ensure
from monitor.services.self_reports import validation_measure
from monitor.services.summaries import person_rebuild
from monitor.services.teams import team_figures_release

NAME = "Harbour & Hill"
REPLAYED_DAYS = 40
RELEASED_BLOCKS = 3
CLOSING_TIME = time(18)
BATCH = 1000


class NotADemonstration(Exception):
    """There is a real organisation here; it is left alone."""


@dataclass(frozen=True, slots=True)
class DemoSize:
    """How much to invent; `until` is the day that counts as today."""

    until: date
    people: int = 60
    teams: int = 6
    days: int = 85
    seed: int = 7


@dataclass(frozen=True, slots=True)
class Frame:
    """What all people of one run have in common."""

    seed: int
    yesterday: date
    days: list[date]
    morning: date | None
    tz: ZoneInfo
    now: datetime
    teams: list[Team]
    model: str
    changed: Changed


Progress = Callable[[Sequence[Plan]], Iterable[Plan]]


def demo_seed(*, size: DemoSize, now: datetime, progress: Progress = iter) -> int:
    """Make what is missing of the demonstration; says how many people were made."""
    organisation = _organisation()
    plans = _plans(size)
    frame = _frame(size, organisation.tz, now, demo_cameras.changed(plans))
    there = set(Person.objects.values_list("number", flat=True))
    missing = [plan for plan in plans if plan.number not in there]
    for plan in progress(missing):
        _person_make(plan, frame)
    for plan in plans:
        _past_assess(plan, frame)
    if missing:
        tonight = midnight(size.until + timedelta(days=1), organisation.tz)
        validation_measure(now=min(now, tonight))
    demo_rooms_ensure(days=frame.days, model=frame.model, seed=size.seed)
    for back in reversed(range(RELEASED_BLOCKS)):
        team_figures_release(now=midnight(size.until, frame.tz) - back * BLOCK)
    # Somebody with a flag, so that a visitor may read and answer it as the person.
    shifted = next(plan for plan in plans if plan.role is Role.SHIFTED)
    accounts_ensure(employee=Person.objects.get(number=shifted.number))
    return len(missing)


def demo_found(*, size: DemoSize) -> Findings:
    """Whom the rule has found; of a demonstration that was made on `size.until`."""
    return demo_findings(_plans(size), days=_days(size))


def demo_reset(*, progress: Callable[[list[Person]], Iterable[Person]] = iter) -> None:
    """Delete all people and teams of the demonstration organisation."""
    _organisation()
    Camera.objects.exclude(team=None).delete()
    Snapshot.objects.exclude(team=None).delete()
    for person in progress(list(Person.objects.order_by("pk"))):
        with transaction.atomic():
            # Plain rows first: the cascade would load every one of them.
            Reading.objects.filter(person=person).delete()
            SnapshotImage.objects.filter(snapshot__person=person).delete()
            Snapshot.objects.filter(person=person).delete()
            DailySummary.objects.filter(person=person).delete()
            Camera.objects.filter(person=person).delete()
            person.delete()
    Team.objects.filter(people=None).delete()
    TeamFigure.objects.all().delete()
    RoomFigure.objects.all().delete()
    Validation.objects.all().delete()


def accounts_ensure(*, employee: Person) -> None:
    """`admin`, `health`, `it`, `employee`: all with one password of this site."""
    password, is_new = _password(settings.STATE_DIR / "demo_password")
    health = roles_ensure()
    with transaction.atomic():
        for name in ("admin", "health", "it", "employee"):
            user, created = User.objects.get_or_create(username=name)
            if created or is_new:
                user.set_password(password)
                user.save(update_fields=["password"])
        User.objects.filter(username="admin").update(is_staff=True, is_superuser=True)
        User.objects.get(username="health").groups.add(health)
        User.objects.get(username="it").groups.add(it_role_ensure())
        user = User.objects.get(username="employee")
        if not Person.objects.filter(user=user).exists():
            Person.objects.filter(pk=employee.pk).update(user=user)


def _password(path: Path) -> tuple[str, bool]:
    """The stored password, or a new one in a file that only its owner may read."""
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        return path.read_text(encoding="utf-8").strip(), False
    password = secrets.token_urlsafe(12)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(password + "\n")
    return password, True


def _organisation() -> Organisation:
    found, _ = Organisation.objects.get_or_create(
        defaults={"name": NAME, "demonstration": True}
    )
    if not found.demonstration:
        raise NotADemonstration(
            f"The organisation {found.name!r} is a real one; invented data is not "
            "mixed with real data. Use another database for the demonstration."
        )
    return found


def _plans(size: DemoSize) -> list[Plan]:
    return demo_data.plans(
        people=size.people, teams=size.teams, days=size.days, seed=size.seed
    )


def _days(size: DemoSize) -> list[date]:
    return last_working_days(size.days, until=size.until - timedelta(days=1))


def _frame(size: DemoSize, tz: ZoneInfo, now: datetime, changed: Changed) -> Frame:
    names = [
        demo_data.TEAM_NAMES[n] if n < len(demo_data.TEAM_NAMES) else f"Team {n + 1}"
        for n in range(size.teams)
    ]
    return Frame(
        seed=size.seed,
        yesterday=size.until - timedelta(days=1),
        days=_days(size),
        morning=size.until if is_working_day(size.until) else None,
        tz=tz,
        now=now,
        teams=[Team.objects.get_or_create(name=name)[0] for name in names],
        model=_model(),
        changed=changed,
    )


def _model() -> str:
    """The version in use, so that a real picture continues a person's history."""
    try:
        return serving.in_use().version
    except ModelError:
        return "demonstration"


@transaction.atomic
def _person_make(plan: Plan, frame: Frame) -> None:
    person = Person.objects.create(
        number=plan.number, name=plan.name, team=frame.teams[plan.team]
    )
    days, changed = frame.days, frame.changed
    renewed = days[-demo_cameras.EXCHANGED_DAYS] if plan == changed.exchanged else None
    camera = Camera.objects.create(name=f"Desk {plan.number}", person=person)
    if renewed:
        camera_renew(camera=camera, on=renewed)
    Consent.objects.create(person=person, given_at=midnight(frame.days[0], frame.tz))
    seen = demo_data.pictures(
        plan, days=frame.days, morning=frame.morning, tz=frame.tz, seed=frame.seed
    )
    past = [picture for picture in seen if picture.taken_at <= frame.now]
    far = days[-demo_cameras.FAR_DAYS] if plan == changed.far else None
    if far:
        past = list(demo_cameras.seen_from_afar(past, since=far, seed=frame.seed))
    looks = demo_cameras.sights(past, plan, seed=frame.seed, far_since=far)
    _pictures_store(camera, list(zip(past, looks, strict=True)), frame.model)
    if past:
        first, last = past[0].taken_at, past[-1].taken_at
        camera_finish(camera=camera, plan=plan, first=first, last=last)
    SelfReport.objects.bulk_create(
        SelfReport(person=person, at=at, day=local_day(at, frame.tz), value=value)
        for at, value in demo_data.self_reports(past, plan, seed=frame.seed)
    )
    person_rebuild(person_id=person.pk)


def _pictures_store(
    camera: Camera, pictures: Sequence[tuple[Picture, Sight]], model: str
) -> None:
    snapshots = Snapshot.objects.bulk_create(
        (_snapshot(camera, picture) for picture, _ in pictures), batch_size=BATCH
    )
    Reading.objects.bulk_create(
        (
            _reading(snapshot, picture, sight, model)
            for snapshot, (picture, sight) in zip(snapshots, pictures, strict=True)
            if picture.scores
        ),
        batch_size=BATCH,
    )


@transaction.atomic
def _past_assess(plan: Plan, frame: Frame) -> None:
    """Apply the rule evening by evening, so that each change has its own day; once."""
    new = Person.objects.filter(number=plan.number, assessed_at=None)
    judged = {"assessed_on": frame.yesterday, "changed_at": None}
    if not new.update(assessed_at=frame.now, **judged):
        return
    person = Person.objects.get(number=plan.number)
    for day in frame.days[-REPLAYED_DAYS:]:
        evening = datetime.combine(day, CLOSING_TIME, frame.tz)
        person_assess(person_id=person.pk, on=day, at=evening)
    if plan.role is Role.WITHDRAWN:
        day = frame.days[-1 - plan.last_back]
        left = datetime.combine(day, time(9), frame.tz)
        Consent.objects.filter(person=person).update(withdrawn_at=left)


def _snapshot(camera: Camera, picture: Picture) -> Snapshot:
    Status = Snapshot.Status
    received = picture.taken_at + timedelta(seconds=2)
    return Snapshot(
        person=camera.person,
        camera=camera,
        source=Snapshot.Source.DEMO,
        taken_at=picture.taken_at,
        received_at=received,
        status=Status.DONE if picture.scores else Status.NO_FACE,
        attempts=1,
        finished_at=received + timedelta(seconds=1),
        faces_found=1 if picture.scores else 0,
    )


def _reading(snapshot: Snapshot, picture: Picture, sight: Sight, model: str) -> Reading:
    reason, usable = picture.reason, not picture.reason
    scores = picture.scores.as_dict() if picture.scores else {}
    assert snapshot.person_id is not None  # noqa: S101
    return Reading(
        snapshot=snapshot,
        person_id=snapshot.person_id,
        taken_at=snapshot.taken_at,
        face_index=0,
        model=model,
        usable=usable,
        counted=usable,
        reason=reason,
        box_x=230,
        box_y=120,
        box_width=sight.side,
        box_height=sight.side,
        sharpness=sight.sharpness,
        brightness=sight.brightness,
        detector_score=0.9,
        **scores,
    )
