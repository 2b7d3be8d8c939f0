"""What the cameras page shows, in a number of queries that cameras do not add to."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef, Q

from monitor.camera_advice import NAMES, Advice, Counts, advice
from monitor.models import Camera, CameraDay, Organisation, Pause, Person
from monitor.periods import local_day
from monitor.querysets import CameraQuerySet
from monitor.rooms import PAUSED, Crew, crews_of
from monitor.schedules import holds_for, pauses_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from django.contrib.auth.models import AnonymousUser, User

TREND_DAYS = 10
ADVICE_DAYS = 5


@dataclass(frozen=True, slots=True)
class CameraDayPoint:
    """One day of a camera's trend; `counts` is empty on a day without pictures."""

    day: date
    counts: Counts


@dataclass(frozen=True, slots=True)
class CameraRow:
    """One camera at a glance. `next_at` is None when no picture will be fetched.

    counts: over all the days of the trend; advice: from the last few.
    """

    camera: Camera
    next_at: datetime | None
    pause: Pause | None
    counts: Counts
    trend: list[CameraDayPoint]
    advice: list[Advice]
    rests: str = ""  # why a room may not be looked at; it names nobody

    @property
    def is_silent(self) -> bool:
        return self.camera.silent_at is not None


def camera_rows(*, user: User | AnonymousUser, now: datetime) -> list[CameraRow]:
    """All cameras that this user may set up, those in trouble first."""
    rows = _rows(Camera.objects.manageable_by(user), now)
    return sorted(rows, key=_urgency)


def camera_row(*, camera: Camera, now: datetime) -> CameraRow:
    """One of them; whether it may be seen is decided by `manageable_by`."""
    (row,) = _rows(Camera.objects.filter(pk=camera.pk), now)
    return row


def own_pause(*, person: Person, now: datetime) -> Pause | None:
    """The pause that a person began themselves, while it lasts."""
    mine = Pause.objects.filter(person=person, reason=Pause.Reason.PERSON)
    lasting = Q(ends_at__isnull=True) | Q(ends_at__gt=now)
    return mine.filter(lasting, begins_at__lte=now).first()


def _rows(asked: CameraQuerySet, now: datetime) -> list[CameraRow]:
    fetched = Exists(Camera.objects.fetched().filter(pk=OuterRef("pk")))
    cameras = list(asked.select_related("person", "team").annotate(is_fetched=fetched))
    pauses = [each for each in pauses_of(cameras, since=now) if each.begins_at <= now]
    today = local_day(now, Organisation.current().tz)
    span = [today - timedelta(days=n) for n in reversed(range(TREND_DAYS))]
    days = _days(cameras, span[0])
    crews = crews_of(camera.team_id for camera in cameras if camera.team_id)
    rows = []
    for camera in cameras:
        holding = [each for each in pauses if holds_for(each, camera)]
        counts = [CameraDayPoint(at, days[camera.pk].get(at, Counts())) for at in span]
        crew = crews[camera.team_id] if camera.team_id else None
        row = _row(camera, next(iter(holding), None), counts)
        rows.append(replace(row, rests=_rests(crew, holding)) if crew else row)
    return rows


def _rests(crew: Crew, pauses: Collection[Pause]) -> str:
    """Why the room of a crew rests, of pauses that hold for it; "" if it does not."""
    if crew.problem:
        return crew.problem.message
    return PAUSED if any(each.person_id for each in pauses) else ""


def _days(
    cameras: Collection[Camera], first: date
) -> defaultdict[int, dict[date, Counts]]:
    rows = CameraDay.objects.filter(
        camera__in=[camera.pk for camera in cameras], day__gte=first
    )
    found: defaultdict[int, dict[date, Counts]] = defaultdict(dict)
    for camera, day, *numbers in rows.values_list("camera_id", "day", *NAMES):
        found[camera][day] = Counts(*numbers)
    return found


def _row(camera: Camera, pause: Pause | None, trend: list[CameraDayPoint]) -> CameraRow:
    recent = sum((point.counts for point in trend[-ADVICE_DAYS:]), Counts())
    return CameraRow(
        camera=camera,
        next_at=camera.next_at if getattr(camera, "is_fetched", False) else None,
        pause=pause,
        counts=sum((point.counts for point in trend), Counts()),
        trend=trend,
        advice=advice(recent, is_room=camera.is_room),
    )


def _urgency(row: CameraRow) -> tuple[bool, bool, bool, str]:
    calm = row.camera.state in (Camera.State.OK, Camera.State.NEW)
    return (not row.is_silent, calm, not row.advice, row.camera.name)
