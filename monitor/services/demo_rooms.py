"""Rooms of the demonstration: cameras, and sums of days as they would have come."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from random import Random

from django.conf import settings
from django.db import transaction

from monitor.models import Camera, CameraDay, Formula, Organisation, RoomDay, Team
from monitor.periods import midnight
from monitor.rooms import Crew, crews_of
from monitor.scoring import five
from monitor.services.demo_cameras import works

BINS = 24  # a picture every twenty minutes of eight hours
FACES = 6
# Mean and spread of what the faces of a room show, angry to surprise.
USUAL = (0.12, 0.26, 0.42, 0.15, 0.05)
DAY_SD = 0.03
ADDRESS = "http://room-camera.example/snapshot.jpg"
BEGINS, ENDS = timedelta(hours=9), timedelta(hours=16, minutes=40)
# What the camera's page tells of a face: gray levels, sharpness, pixels.
BRIGHTNESS, SHARPNESS, HEIGHT = 118.0, 240.0, 74.0


@transaction.atomic
def demo_rooms_ensure(*, days: Sequence[date], model: str, seed: int) -> int:
    """Two cameras, once: in a room that may be looked at, and in one that may not.

    Without teams that are large enough there are none. Says how many were made.
    """
    if Camera.objects.filter(team__isnull=False).exists():
        return 0
    teams = {team.pk: team for team in Team.objects.order_by("pk")}
    crews = crews_of(teams)
    large = [pk for pk in teams if len(crews[pk].people) >= settings.TEAM_SIZE]
    open_rooms = [pk for pk in large if crews[pk].problem is None][:1]
    closed = [pk for pk in large if crews[pk].problem is not None][:1]
    for pk in (*open_rooms, *closed):
        camera = Camera.objects.create(
            name=f"Room of {teams[pk].name}",
            team=teams[pk],
            kind=Camera.Kind.SNAPSHOT,
            address=ADDRESS,
            active=pk in closed,  # of the other one, which is invented, nobody asks
        )
        if pk in open_rooms:
            _camera_finish(camera, days)
    for pk in open_rooms:
        _days_make(teams[pk], crews[pk], days, model, Random(seed))  # noqa: S311
    return len(open_rooms) + len(closed)


def _days_make(
    team: Team, crew: Crew, days: Iterable[date], model: str, rng: Random
) -> None:
    names = ("angry_sum", "happy_sum", "neutral_sum", "sad_sum", "surprise_sum")
    for day in days:
        drawn = [max(0.0, rng.gauss(share, DAY_SD)) for share in USUAL]
        shares = five(BINS * share / sum(drawn) for share in drawn)
        RoomDay.objects.create(
            team=team,
            day=day,
            crew=crew.mark,
            model=model,
            formula_id=Formula.BUILT_IN,
            bins=BINS,
            pictures=BINS,
            faces=BINS * FACES,
            unsure=BINS,
            weight_sum=BINS / FACES,
            **dict(zip(names, shares, strict=True)),
        )


def _camera_finish(camera: Camera, days: Sequence[date]) -> None:
    tz, found = Organisation.current().tz, BINS * (FACES + 1)
    CameraDay.objects.bulk_create(
        CameraDay(
            camera=camera,
            day=day,
            faces=found,
            usable=BINS * FACES,
            unsure=BINS,
            too_small=BINS,
            brightness_sum=found * BRIGHTNESS,
            sharpness_sum=found * SHARPNESS,
            height_sum=found * HEIGHT,
        )
        for day in days
    )
    first, last = midnight(days[0], tz) + BEGINS, midnight(days[-1], tz) + ENDS
    Camera.objects.filter(pk=camera.pk).update(**works(first=first, last=last))
