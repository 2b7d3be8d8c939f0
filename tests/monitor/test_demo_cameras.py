"""The invented cameras: most are good, one is too far away, one fell silent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db.models import Sum

from inference.quality import Gate
from monitor.camera_selectors import CameraRow, camera_rows
from monitor.models import Camera, CameraDay, Notification, Person, Reading
from monitor.periods import Period
from monitor.selectors import person_page
from monitor.services.camera_days import camera_days_rebuild
from monitor.services.camera_watch import cameras_watch
from tests.factories import NOON

UNTIL = NOON.date()


@pytest.fixture(autouse=True)
def seeded(settings: Any, tmp_path: Path, db: None) -> None:
    settings.STATE_DIR = tmp_path
    with time_machine.travel(NOON, tick=False):
        seed()


def seed(*flags: str) -> None:
    sizes = {"people": 12, "teams": 2, "days": 30, "until": UNTIL}
    call_command("seed_demo", *flags, **sizes, stdout=StringIO())


def rows(now: datetime = NOON) -> list[CameraRow]:
    return camera_rows(user=User.objects.get(username="admin"), now=now)


def test_the_page_begins_with_the_one_in_trouble() -> None:
    silent, far, *others = rows()
    assert silent.is_silent and silent.camera.state == Camera.State.UNREACHABLE
    assert silent.camera.events.get().at == silent.camera.silent_at
    assert [each.code for each in far.advice] == ["too_small"]
    assert [row.camera.name for row in others if row.is_silent or row.advice] == []
    desks = [row.camera for row in others if not row.camera.is_room]
    assert {camera.state for camera in desks} == {Camera.State.OK}


def test_the_advice_names_a_size_that_is_too_small() -> None:
    _, far, *_ = rows()
    assert "px high. Move the camera closer" in far.advice[0].text
    assert Gate().min_size_px / 2 < (far.trend[-2].counts.face_height or 0) < 40


def test_one_camera_was_exchanged_and_the_chart_says_so() -> None:
    camera = Camera.objects.exclude(renewed_on=None).get()
    assert camera.person is not None and camera.renewed_on is not None
    period = Period.days(camera.renewed_on, UNTIL, UTC)
    page = person_page(person=camera.person, period=period)
    assert [row.day for row in page.days if row.camera_changed] == [camera.renewed_on]


def test_days_are_those_of_the_readings() -> None:
    def stored() -> list[Any]:
        return list(CameraDay.objects.order_by("camera", "day").values())

    before = stored()
    for camera in Camera.objects.all():
        camera_days_rebuild(camera=camera)
    strip = [{k: v for k, v in row.items() if k != "id"} for row in before]
    assert strip == [{k: v for k, v in row.items() if k != "id"} for row in stored()]
    desks = CameraDay.objects.filter(camera__team=None)
    assert desks.aggregate(n=Sum("faces"))["n"] == Reading.objects.count()


def test_what_was_refused_looks_like_its_reason() -> None:
    gate, readings = Gate(), Reading.objects
    small = readings.filter(box_height__lt=gate.min_size_px)
    assert set(small.values_list("reason", flat=True)) == {"too_small"}
    blurred = readings.filter(sharpness__lt=gate.min_sharpness)
    assert set(blurred.values_list("reason", flat=True)) == {"blurred"}
    dark = readings.filter(brightness__lt=gate.min_brightness)
    assert set(dark.values_list("reason", flat=True)) == {"too_dark"}
    for reason in ("too_small", "blurred", "too_dark"):
        assert readings.filter(reason=reason).exists()


def test_nobody_is_told_later_that_invented_cameras_are_silent() -> None:
    before = set(Camera.objects.filter(silent_at=None).values_list("pk", flat=True))
    for days in (0, 3, 30, 400):
        cameras_watch(now=NOON + timedelta(days=days))
    after = Camera.objects.filter(silent_at=None)
    assert set(after.values_list("pk", flat=True)) == before
    assert not Notification.objects.exists()


def test_the_same_seed_makes_the_same_days() -> None:
    def made() -> list[tuple[Any, ...]]:
        days = CameraDay.objects.order_by("camera__name", "day")
        return list(days.values_list("camera__name", "day", "faces", "height_sum"))

    before = made()
    with time_machine.travel(NOON, tick=False):
        seed("--reset")
    assert made() == before
    assert Person.objects.count() == 12
