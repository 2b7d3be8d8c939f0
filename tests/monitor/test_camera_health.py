"""What cameras gave, what to do about it, and who is told when they fall silent."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from pytest_django import DjangoAssertNumQueries

from monitor.camera_advice import Counts, advice
from monitor.camera_selectors import camera_row, camera_rows
from monitor.models import (
    Camera,
    CameraDay,
    CameraEvent,
    Notification,
    Organisation,
    Pause,
    Person,
    Snapshot,
)
from monitor.notification_rules import Topic
from monitor.services import delivery
from monitor.services.analysis import analyse_waiting
from monitor.services.camera_days import camera_days_rebuild
from monitor.services.camera_watch import cameras_watch
from monitor.services.channels import Wishes, channel_create
from monitor.services.roles import it_role_ensure
from tests.factories import CameraFactory, UserFactory
from tests.fakes import FakeEngine, face, frame
from tests.monitor.conftest import Waiting

# A Wednesday, 12:00 in Berlin.
NOON = datetime(2026, 1, 14, 11, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def clock(organisation: Organisation) -> Iterator[Any]:
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock


@pytest.fixture
def desk(clock: Any) -> Camera:
    return CameraFactory.create(
        kind="rtsp", every_minutes=10, jitter_seconds=0, seen_at=NOON, next_at=NOON
    )


@pytest.fixture
def it(organisation: Organisation) -> User:
    user = UserFactory.create()
    user.groups.add(it_role_ensure())
    return user


def listen(user: User) -> None:
    wishes = Wishes(topics=frozenset({Topic.SILENT}))
    address = "https://hook.example.org/"
    channel_create(user=user, kind="webhook", address=address, wishes=wishes)


def kinds() -> list[str]:
    return list(CameraEvent.objects.order_by("pk").values_list("kind", flat=True))


def test_what_is_read_is_counted_by_camera_and_day(
    waiting: Waiting, camera: Camera, engine: FakeEngine
) -> None:
    engine.frames = [
        frame(face(size=100)),
        frame(face(size=20, reason="too_small")),
        frame(),
        frame(error="truncated"),
    ]
    for _ in engine.frames:
        waiting(camera=camera)
    waiting()
    analyse_waiting()
    day = CameraDay.objects.get()
    assert (day.faces, day.no_face, day.usable, day.unsure) == (2, 1, 1, 1)
    assert (day.too_small, day.height_sum, day.brightness_sum) == (1, 120, 240)


def test_a_rebuild_finds_the_same_and_keeps_attempts(
    waiting: Waiting, camera: Camera, engine: FakeEngine
) -> None:
    engine.frames = [frame(face()), frame(face(reason="noisy")), frame()]
    for _ in engine.frames:
        waiting(camera=camera)
    analyse_waiting()
    CameraDay.objects.update(attempts=7)
    before = CameraDay.objects.values().get()
    CameraDay.objects.update(faces=99, blurred=99)
    assert camera_days_rebuild(camera=camera) == 1
    assert CameraDay.objects.values().get() == before


@pytest.mark.parametrize(
    ("counts", "codes"),
    [
        ({}, []),
        ({"faces": 19, "unsure": 19}, []),
        ({"faces": 40, "usable": 40, "height_sum": 4000}, []),
        ({"attempts": 40, "successes": 10}, ["few_pictures"]),
        ({"faces": 2, "no_face": 38}, ["no_faces"]),
        ({"faces": 40, "unsure": 30, "height_sum": 1600}, ["too_small"]),
        ({"faces": 40, "unsure": 30, "height_sum": 8000}, ["unsure"]),
        ({"faces": 40, "unsure": 30, "height_sum": 8e3, "blurred": 20}, ["blurred"]),
        ({"faces": 40, "unsure": 30, "height_sum": 8e3, "too_dark": 9}, ["unsure"]),
    ],
)
def test_advice(counts: dict[str, Any], codes: list[str]) -> None:
    assert [each.code for each in advice(Counts(**counts))] == codes


def test_advice_says_how_small_faces_are_and_what_helps() -> None:
    (found,) = advice(Counts(faces=40, unsure=30, height_sum=1600))
    assert found.text == (
        "75 % of its readings are unsure: faces are 40 px high."
        " Move the camera closer, or use its main stream."
    )


def test_a_silent_camera_is_said_once_and_so_is_its_return(
    desk: Camera, it: User
) -> None:
    listen(it)
    cameras_watch(now=NOON + 30 * MINUTE)
    cameras_watch(now=NOON + 31 * MINUTE)
    assert kinds() == ["silent"]
    Camera.objects.update(seen_at=NOON + 32 * MINUTE)
    cameras_watch(now=NOON + 33 * MINUTE)
    assert kinds() == ["silent", "heard"]
    topics = Notification.objects.order_by("pk").values_list("topic", flat=True)
    assert list(topics) == ["silent", "heard"]


@pytest.mark.parametrize(("every", "minutes"), [(1, 15), (10, 30), (240, 12 * 60)])
def test_silence_is_three_intervals_and_a_quarter_of_an_hour(
    desk: Camera, every: int, minutes: int
) -> None:
    # 12 working hours after Wednesday noon it is Thursday, 14:00: nights do not count.
    end = NOON + (minutes * MINUTE if every < 240 else timedelta(days=1, hours=2))
    Camera.objects.update(every_minutes=every)
    cameras_watch(now=end - MINUTE)
    assert kinds() == []
    cameras_watch(now=end)
    assert kinds() == ["silent"]


@pytest.mark.parametrize("why", ["night", "pause", "off", "consent", "never expected"])
def test_who_need_not_give_a_picture_is_not_silent(desk: Camera, why: str) -> None:
    now = NOON + 60 * MINUTE
    if why == "night":
        now = NOON.replace(hour=23)
    if why == "pause":
        Pause.objects.create(begins_at=NOON, reason="holiday")
    if why == "off":
        Camera.objects.update(active=False)
    if why == "consent":
        assert desk.person
        desk.person.consents.update(withdrawn_at=NOON)
    if why == "never expected":
        Camera.objects.update(seen_at=None, kind="push")
    cameras_watch(now=now)
    assert kinds() == []


def test_waiting_begins_when_pictures_are_expected_again(desk: Camera) -> None:
    """Not when the camera was last seen, before a leave of a month."""
    Camera.objects.update(seen_at=NOON - timedelta(days=30), next_at=None)
    cameras_watch(now=NOON)  # finds its next picture
    cameras_watch(now=NOON + 29 * MINUTE)
    assert kinds() == []
    cameras_watch(now=NOON + 30 * MINUTE)
    assert kinds() == ["silent"]


def test_only_who_sets_up_cameras_is_told(
    desk: Camera, employee: User, it: User
) -> None:
    listen(employee)
    listen(it)
    cameras_watch(now=NOON + 30 * MINUTE)
    assert Notification.objects.get().channel.user == it


def test_the_message_names_no_camera_and_has_a_link(
    desk: Camera, it: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Any] = []
    monkeypatch.setattr(
        "monitor.notifications.webhook.Webhook.notify",
        lambda _, message: told.append(message),
    )
    listen(it)
    cameras_watch(now=NOON + 30 * MINUTE)
    delivery.notifications_send()
    (line,) = told[0].lines
    assert line.text == "A camera has given no picture for a while."
    assert str(desk.pk) in line.url


def test_who_may_no_longer_set_up_cameras_is_not_told(desk: Camera, it: User) -> None:
    listen(it)
    cameras_watch(now=NOON + 30 * MINUTE)
    it.groups.clear()
    delivery.notifications_send()
    assert Notification.objects.get().status == Notification.Status.STOPPED


def test_the_page_shows_rates_a_trend_and_the_next_picture(
    desk: Camera, it: User
) -> None:
    Camera.objects.update(next_at=NOON + MINUTE)
    days = [NOON.date(), NOON.date() - timedelta(days=9)]
    for day in days:
        numbers = {"attempts": 10, "successes": 8, "faces": 4, "no_face": 4}
        CameraDay.objects.create(camera=desk, day=day, **numbers, brightness_sum=400)
    CameraDay.objects.create(camera=desk, day=NOON.date() - timedelta(days=10))
    (row,) = camera_rows(user=it, now=NOON)
    assert (row.next_at, row.pause) == (NOON + MINUTE, None)
    assert (row.counts.success_rate, row.counts.face_rate) == (0.8, 0.5)
    assert [point.counts.brightness for point in row.trend] == [100, *[None] * 8, 100]


def test_a_camera_at_rest_has_no_next_picture(desk: Camera) -> None:
    Camera.objects.update(next_at=NOON + MINUTE)
    pause = Pause.objects.create(person=desk.person, begins_at=NOON, reason="leave")
    assert camera_row(camera=desk, now=NOON).pause == pause
    assert desk.person
    Pause.objects.all().delete()
    desk.person.consents.update(withdrawn_at=NOON)
    assert camera_row(camera=desk, now=NOON).next_at is None


def test_more_cameras_cost_no_more_queries(
    desk: Camera, it: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    CameraFactory.create_batch(5, kind="rtsp")
    user = User.objects.get(pk=it.pk)
    with django_assert_num_queries(6):
        assert len(camera_rows(user=user, now=NOON)) == 6


def test_who_may_not_set_up_cameras_sees_none(desk: Camera, stranger: User) -> None:
    assert camera_rows(user=stranger, now=NOON) == []


def test_it_staff_see_no_person(desk: Camera, it: User) -> None:
    assert not Person.objects.visible_to(it).exists()
    assert not Snapshot.objects.visible_to(it).exists()
