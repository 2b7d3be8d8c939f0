from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from monitor.models import AccessEntry, Person, Video, VideoFrame
from tests.factories import NOON, UserFactory, reading


@pytest.fixture
def video(ada: Person) -> Video:
    """Two pictures, of which the second does not count."""
    begun = NOON - timedelta(hours=1)
    made = Video.objects.create(
        person=ada, name="desk.mp4", size=1, taken_at=begun, every=2, created_at=NOON
    )
    for seconds, unsure in ((0, False), (2, True)):
        at = begun + timedelta(seconds=seconds)
        picture = reading(ada, at, happy=0.6, neutral=0.1, unsure=unsure).snapshot
        VideoFrame.objects.create(video=made, seconds=seconds, snapshot=picture)
    Video.objects.update(status=Video.Status.DONE)
    return made


def test_the_page_says_what_the_video_adds(client_health: Client, video: Video) -> None:
    shown = client_health.get(f"/videos/{video.pk}/").content.decode()
    assert "2 pictures taken out, 2 analysed, 1 counted." in shown
    assert "They add 1 observation of five minutes" in shown
    assert "The face is blurred." in shown
    assert "hx-trigger" not in shown


def test_it_asks_again_while_the_video_is_read(
    client_health: Client, video: Video
) -> None:
    Video.objects.update(status=Video.Status.PROCESSING)
    assert "hx-trigger" in client_health.get(f"/videos/{video.pk}/").content.decode()


def test_the_chart_has_every_picture(client_health: Client, video: Video) -> None:
    answer = client_health.get(f"/videos/{video.pk}/chart/").json()
    assert answer["labels"] == [0, 2]
    assert answer["counted"] == [True, False]
    names = [each["label"] for each in answer["datasets"]]
    assert names == ["Stress", "Angry", "Happy", "Neutral", "Sad", "Surprised"]
    assert answer["datasets"][2]["data"] == [0.6, 0.6]


def test_looking_is_written_down(client_health: Client, video: Video) -> None:
    client_health.get(f"/videos/{video.pk}/")
    assert AccessEntry.objects.get().action == AccessEntry.Action.VIDEO


@pytest.mark.parametrize("page", ["", "chart/"])
def test_nobody_else_sees_it(page: str, client: Client, video: Video) -> None:
    client.force_login(UserFactory.create(username="stranger"))
    assert client.get(f"/videos/{video.pk}/{page}").status_code == 404


def test_the_list_has_a_constant_number_of_queries(
    client_health: Client, video: Video, django_assert_max_num_queries: object
) -> None:
    with django_assert_max_num_queries(16):  # type: ignore[operator]
        shown = client_health.get("/videos/").content.decode()
    assert "desk.mp4" in shown


def test_employees_see_only_their_own(
    client_employee: Client, video: Video, ada: Person
) -> None:
    assert "desk.mp4" in client_employee.get("/videos/").content.decode()
    Video.objects.update(
        person=Person.objects.create(number="2", name="B", team=ada.team)
    )
    assert "desk.mp4" not in client_employee.get("/videos/").content.decode()


def test_the_page_may_ask_a_chosen_file_how_long_it_is(client_health: Client) -> None:
    policy = client_health.get("/videos/").headers["Content-Security-Policy"]
    assert "media-src 'self' blob:" in policy
