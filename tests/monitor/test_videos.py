"""Videos: in by parts, out as pictures, each counted once."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.utils import timezone
from rest_framework.test import APIClient

from monitor.models import DailySummary, Person, Snapshot, Video, VideoPart
from monitor.services import analysis, intake, videos
from monitor.services.consent import consent_withdraw
from monitor.services.intake import Refused
from monitor.services.videos import Film
from tests.fakes import HAPPY, SAD, FakeEngine, face, frame
from tests.films import gray_film
from tests.monitor.conftest import client_of

START = timezone.now().replace(minute=0, second=0, microsecond=0) - timedelta(days=1)
URL = "/api/v1/videos/"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return gray_film(tmp_path / "film.avi")


@pytest.fixture
def video(path: Path, person: Person, admin: User) -> Video:
    return taken_in(path, person, admin)


def taken_in(path: Path, person: Person, by: User) -> Video:
    size = path.stat().st_size
    film = Film(name="film.avi", size=size, taken_at=START, every=2)
    return videos.video_take_in(path=path, person=person, film=film, by=by)


def state(video: Video) -> tuple[str, str]:
    video.refresh_from_db()
    return video.status, video.reason


def test_its_pictures_wait_with_their_times(video: Video) -> None:
    videos.videos_read()
    assert state(video) == ("done", "")
    times = Snapshot.objects.order_by("taken_at").values_list("taken_at", flat=True)
    assert [(at - START).seconds for at in times] == [0, 2, 4, 6, 8]
    assert set(Snapshot.objects.values_list("source", flat=True)) == {"video"}


def test_the_video_is_gone_when_it_is_read(video: Video) -> None:
    assert VideoPart.objects.exists()
    videos.videos_read()
    assert not VideoPart.objects.exists()


def test_it_is_stored_encrypted(video: Video, path: Path) -> None:
    assert path.read_bytes()[100:200] not in bytes(VideoPart.objects.get().sealed)


def test_a_slice_is_taken_up_where_it_stopped(
    video: Video, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(videos, "SLICE", 2)
    monkeypatch.setattr("monitor.tasks.wake_video_reader", lambda: None)
    seen = []
    while not video.is_finished:
        videos.videos_read()
        video.refresh_from_db()
        seen.append(Snapshot.objects.count())
    assert seen == [2, 4, 5]


def test_a_killed_worker_costs_no_picture_and_doubles_none(
    video: Video, monkeypatch: pytest.MonkeyPatch
) -> None:
    take = videos._take
    monkeypatch.setattr(videos, "_take", dies_after(2, take))
    with pytest.raises(SystemExit):
        videos.videos_read()
    monkeypatch.setattr(videos, "_take", take)
    videos.videos_read()  # its lease is not over
    assert Snapshot.objects.count() == 2
    Video.objects.update(claimed_at=timezone.now() - timedelta(hours=1))
    videos.videos_read()
    assert Snapshot.objects.count() == 5


def dies_after(number: int, take: Any) -> Any:
    calls = iter(range(number))

    def once(*arguments: Any) -> bool:
        if next(calls, None) is None:
            raise SystemExit
        return bool(take(*arguments))

    return once


def test_a_burst_is_one_observation(video: Video, engine: FakeEngine) -> None:
    videos.videos_read()
    analysis.analyse_waiting()
    day = DailySummary.objects.get()
    assert (day.bins, day.counted) == (1, 5)


def test_withdrawn_consent_ends_it(video: Video, person: Person) -> None:
    consent_withdraw(person=person)
    videos.videos_read()
    assert state(video) == ("skipped", "consent_withdrawn")
    assert not VideoPart.objects.exists()
    assert not Snapshot.objects.exists()


def test_a_full_queue_only_delays_it(
    video: Video, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "queue_is_full", lambda *_: True)
    videos.videos_read()
    assert state(video)[0] == "pending"
    monkeypatch.undo()
    videos.videos_read()
    assert state(video) == ("done", "")


def test_what_cannot_be_decoded_fails(
    tmp_path: Path, person: Person, admin: User
) -> None:
    path = tmp_path / "film.webm"
    path.write_bytes(b"\x1a\x45\xdf\xa3" + b"\0" * 500)
    video = taken_in(path, person, admin)
    videos.videos_read()
    assert state(video) == ("failed", "not_a_video")


def test_the_same_video_is_not_taken_in_twice(
    video: Video, path: Path, person: Person, admin: User
) -> None:
    film = Film(name=video.name, size=video.size, taken_at=video.taken_at)
    with pytest.raises(Refused, match="in already"):
        videos.video_begin(person=person, film=film, by=admin)
    videos.videos_read()
    with pytest.raises(Refused) as caught:
        taken_in(path, person, admin)
    assert caught.value.code == "already_there"


def test_a_command_that_was_killed_goes_on_with_its_video(
    video: Video, path: Path, person: Person, admin: User
) -> None:
    assert taken_in(path, person, admin) == video
    assert Video.objects.count() == 1


def test_uploads_that_were_given_up_go(person: Person, admin: User) -> None:
    film = Film(name="a.mp4", size=10, taken_at=START)
    videos.video_begin(person=person, film=film, by=admin)
    assert videos.videos_prune(now=timezone.now()) == 0
    assert videos.videos_prune(now=timezone.now() + timedelta(days=2)) == 1


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"size": 0}, "empty_file"),
        ({"size": 10**12}, "too_large"),
        ({"every": 0.1}, "invalid"),
        ({"taken_at": timezone.now() + timedelta(days=300)}, "time_in_future"),
    ],
)
def test_it_refuses(
    changed: dict[str, Any], code: str, person: Person, admin: User
) -> None:
    film = replace(Film(name="a.mp4", size=10, taken_at=START), **changed)
    with pytest.raises(Refused) as caught:
        videos.video_begin(person=person, film=film, by=admin)
    assert caught.value.code == code


def send(client: APIClient, path: Path, person: str = "P001") -> Any:
    data = path.read_bytes()
    begun = client.post(
        URL,
        {"person": person, "name": "a.avi", "size": len(data), "taken_at": START},
    )
    if begun.status_code != 201:
        return begun
    own = f"{URL}{begun.json()['id']}/"
    for _ in range(2):  # as after a lost answer
        octets = "application/octet-stream"
        put = client.put(f"{own}parts/0/", data, content_type=octets)
        if put.status_code != 204:
            return put
    return client.post(f"{own}complete/")


def test_it_comes_through_the_api(
    path: Path, person: Person, admin: User, engine: FakeEngine
) -> None:
    engine.frames = [frame(face(SAD)), frame(face(SAD)), frame(), frame(face(HAPPY))]
    client = client_of(admin)
    answer = send(client, path)
    assert answer.status_code == 202
    videos.videos_read()
    analysis.analyse_waiting()
    seen = client.get(f"{URL}{answer.json()['id']}/").json()
    assert [each["counted"] for each in seen["pictures"]] == [1, 1, 0, 1, 1]
    assert seen["pictures"][2]["reason"] == "no_face"
    assert (seen["bins"], seen["stress"]) == (1, pytest.approx(0.4375))


def test_the_api_refuses_what_is_no_video(
    tmp_path: Path, person: Person, admin: User
) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"text" * 100)
    answer = send(client_of(admin), path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (415, "not_a_video")
    assert not Video.objects.exists()


def test_it_refuses_a_video_of_somebody_else(
    path: Path, person: Person, stranger: User
) -> None:
    assert send(client_of(stranger), path).status_code == 404


def test_it_refuses_parts_of_another_account(
    video: Video, path: Path, employee: User
) -> None:
    data, octets = path.read_bytes(), "application/octet-stream"
    own = f"{URL}{video.pk}/parts/0/"
    answer = client_of(employee).put(own, data, content_type=octets)
    assert answer.status_code == 404


def test_it_refuses_to_end_without_all_parts(person: Person, admin: User) -> None:
    film = Film(name="a.mp4", size=10, taken_at=START)
    video = videos.video_begin(person=person, film=film, by=admin)
    answer = client_of(admin).post(f"{URL}{video.pk}/complete/")
    assert (answer.status_code, answer.json()["error"]["code"]) == (
        409,
        "parts_missing",
    )


def ingest(path: Path, **options: Any) -> str:
    out = io.StringIO()
    call_command("ingest", str(path), person="P001", stdout=out, **options)
    return out.getvalue()


def test_the_command_takes_a_video_in(person: Person, path: Path) -> None:
    assert "5 pictures taken in" in ingest(path, every=2.0)
    with pytest.raises(CommandError, match="in already"):
        ingest(path, every=2.0)


def test_the_command_refuses_other_files(person: Person, tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("text")
    with pytest.raises(CommandError, match="not a video"):
        ingest(path)


def test_whoever_passes_over_much_keeps_the_video(
    video: Video, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A large video may take longer to its next picture than a lease lasts."""
    held: list[bool] = []

    def slow(_file: int, *, alive: Callable[[], None], **_more: Any) -> Iterator[Any]:
        Video.objects.update(claimed_at=START)
        alive()
        held.append(Video.objects.filter(claimed_at__gt=START).exists())
        yield from ()

    monkeypatch.setattr("capture.video.frames", slow)
    videos.video_read(Video.objects.all())
    assert held == [True]
