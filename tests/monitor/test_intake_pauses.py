"""A pause holds for every way in, also for pictures that name no camera."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from monitor.models import Pause, Person, Snapshot, Video
from monitor.services import videos
from monitor.services.videos import Film
from tests import images
from tests.films import gray_film
from tests.monitor.conftest import client_of
from tests.monitor.test_intake_api import post, refusal

HOUR = timedelta(hours=1)
TEN = datetime(2026, 1, 5, 9, tzinfo=UTC)  # in Berlin


def paused(person: Person | None, begins: datetime, ends: datetime | None) -> None:
    reason = Pause.Reason.LEAVE
    Pause.objects.create(
        person=person, begins_at=begins, ends_at=ends, reason=reason, by=None
    )


@pytest.mark.parametrize("whose", ["own", "all"])
def test_a_picture_of_a_paused_person_is_refused(
    api: APIClient, person: Person, whose: str
) -> None:
    paused(person if whose == "own" else None, timezone.now() - HOUR, None)
    assert refusal(post(api, person=person.pk)) == (403, "paused")


def test_the_time_of_taking_decides(api: APIClient, person: Person) -> None:
    now = timezone.now()
    paused(person, now - 2 * HOUR, now - HOUR)
    during = post(api, person=person.pk, taken_at=(now - 1.5 * HOUR).isoformat())
    assert refusal(during) == (403, "paused")
    for at in (now - 3 * HOUR, now - HOUR):
        answer = post(api, person=person.pk, taken_at=at.isoformat())
        assert answer.status_code == 202


def test_the_pause_of_another_person_stops_nothing(
    api: APIClient, person: Person
) -> None:
    other = Person.objects.create(number="P002", name="B", team=person.team)
    paused(other, timezone.now() - HOUR, None)
    assert post(api, person=person.pk).status_code == 202


def test_a_repetition_is_answered_though_a_pause_has_begun(
    api: APIClient, person: Person
) -> None:
    first = post(api, person=person.pk, key="k1")
    paused(person, timezone.now() - HOUR, None)
    assert post(api, person=person.pk, key="k1").json() == first.json()


@pytest.mark.parametrize("way", ["person", "session", "camera"])
def test_pauses_are_asked_for_once(
    employee: User, person: Person, camera: Any, way: str
) -> None:
    more: dict[str, Any] = {
        "person": {"person": person.pk},
        "session": {"person": person.pk, "session": "true"},
        "camera": {"camera": camera.pk},
    }
    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert post(client_of(employee), **more[way]).status_code == 202
    assert sum("monitor_pause" in each["sql"] for each in asked) == 1


def ingest(path: Path, **options: Any) -> tuple[str, str]:
    out, err = io.StringIO(), io.StringIO()
    with pytest.raises(SystemExit):
        call_command("ingest", str(path), stdout=out, stderr=err, **options)
    return out.getvalue().strip(), err.getvalue().strip()


def test_a_folder_loses_the_pictures_of_the_pause_alone(
    person: Person, tmp_path: Path
) -> None:
    for n, hour in enumerate((9, 10, 11)):
        path = tmp_path / f"2026-01-05_{hour:02}-00-00.jpg"
        path.write_bytes(images.jpeg(n))
    paused(person, TEN, TEN + HOUR)
    said, wrong = ingest(tmp_path, person="P001")
    assert said == "2 taken in, 0 were in already, 1 refused"
    assert wrong.splitlines() == [
        "2026-01-05_10-00-00.jpg: Pictures are paused at that time; none is taken in."
    ]
    hours = [row.taken_at.hour for row in Snapshot.objects.order_by("taken_at")]
    assert hours == [8, 10]


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """Ten seconds, of which a picture is taken each second one."""
    return gray_film(tmp_path / "film.avi")


def taken_in(path: Path, person: Person, by: User) -> Video:
    about = Film(name="film.avi", size=path.stat().st_size, taken_at=TEN, every=2)
    return videos.video_take_in(path=path, person=person, film=about, by=by)


def seconds() -> list[int]:
    times = Snapshot.objects.order_by("taken_at").values_list("taken_at", flat=True)
    return [(at - TEN).seconds for at in times]


@pytest.mark.parametrize("slice_of", [1, 100])
def test_a_video_loses_the_pictures_of_the_pause_alone(
    film: Path,
    person: Person,
    admin: User,
    monkeypatch: pytest.MonkeyPatch,
    slice_of: int,
) -> None:
    monkeypatch.setattr(videos, "SLICE", slice_of)
    monkeypatch.setattr("monitor.tasks.wake_video_reader", lambda: None)
    paused(person, TEN + timedelta(seconds=3), TEN + timedelta(seconds=7))
    video = taken_in(film, person, admin)
    while not video.is_finished:
        videos.videos_read()
        video.refresh_from_db()
    assert (video.status, video.reason) == ("done", "paused")
    assert seconds() == [0, 2, 8]
    assert video.frames.count() == 3


def test_the_command_says_that_a_video_was_not_taken_in_whole(
    film: Path, person: Person
) -> None:
    paused(person, TEN + timedelta(seconds=3), TEN + timedelta(seconds=7))
    said, wrong = ingest(film, person="P001", taken_at=TEN)
    assert "3 pictures taken in" in said
    assert wrong.splitlines() == [f"{film}: pictures of a pause are left out"]
    with pytest.raises(CommandError, match="in already"):
        call_command("ingest", str(film), person="P001", taken_at=TEN)
