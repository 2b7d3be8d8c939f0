"""Pictures and heartbeats of devices: taken in, put off, or refused for good."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from monitor.api.throttling import DeviceThrottle
from monitor.models import Camera, CaptureHours, Device, Pause, Person, Snapshot
from monitor.services import intake
from monitor.services.consent import consent_give, consent_withdraw
from monitor.services.roles import it_role_ensure
from tests import images
from tests.monitor.device_messages import BEAT, HEARTBEAT, SNAPSHOTS, Sender

MONDAY = datetime(2026, 3, 2, 8, tzinfo=UTC)


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(MONDAY, tick=False) as traveller:
        yield traveller


@pytest.fixture
def sender(clock: Any, camera: Camera) -> Sender:
    clock.shift(timedelta(hours=1))
    return Sender.of(camera)


def send(sender: Sender, ago: timedelta = timedelta(), key: str = "k1") -> Any:
    return sender.picture(images.jpeg(), timezone.now() - ago, key).sent()


def refusal(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def test_a_picture_is_taken_in_for_the_devices_camera(sender: Sender) -> None:
    answer = send(sender)
    assert answer.status_code == 202
    assert set(answer.json()) == {"id", "taken_at", "received_at"}
    row = Snapshot.objects.get()
    own = sender.device.camera
    assert (row.camera, row.source) == (own, Snapshot.Source.DEVICE)
    assert (row.person, row.taken_at) == (own.person, timezone.now())
    camera = Camera.objects.get()
    assert (camera.state, camera.seen_at) == (Camera.State.OK, timezone.now())


def test_a_repeated_picture_answers_the_first_result(sender: Sender) -> None:
    first, again = send(sender), send(sender)
    assert (again.status_code, again.json()) == (202, first.json())
    assert again["Idempotency-Replayed"] == "true"
    assert Snapshot.objects.count() == 1


def test_a_repetition_is_answered_though_a_pause_has_begun(sender: Sender) -> None:
    first = send(sender)
    Pause.objects.create(begins_at=MONDAY, reason=Pause.Reason.HOLIDAY)
    assert send(sender).json() == first.json()


def test_the_same_moment_under_another_key_counts_once(sender: Sender) -> None:
    """So it does not matter that the key is not signed."""
    send(sender)
    answer = send(sender, key="k2")
    assert refusal(answer) == (429, "too_soon")
    assert Snapshot.objects.count() == 1


def test_pictures_keep_half_of_the_interval_apart(sender: Sender, clock: Any) -> None:
    send(sender)
    clock.shift(timedelta(minutes=7))
    answer = send(sender, key="k2")
    assert refusal(answer) == (429, "too_soon")
    assert answer["Retry-After"] == "30"
    clock.shift(timedelta(seconds=30))
    assert send(sender, key="k2").status_code == 202


def test_a_backlog_comes_at_once_by_the_time_of_taking(sender: Sender) -> None:
    for n in (3, 2, 1, 0):
        answer = send(sender, timedelta(minutes=15 * n), f"k{n}")
        assert answer.status_code == 202
    assert Snapshot.objects.count() == 4
    nearly = send(sender, timedelta(minutes=20), "k9")
    assert refusal(nearly) == (429, "too_soon")


def test_its_pace_is_limited(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DeviceThrottle, "rate", "2/min", raising=False)
    for n in (3, 2):
        send(sender, timedelta(minutes=15 * n), f"k{n}")
    answer = send(sender, timedelta(minutes=15), "k1")
    assert refusal(answer) == (429, "throttled")
    assert 0 < int(answer["Retry-After"]) <= 60


def test_a_full_queue_asks_a_device_to_come_back(sender: Sender, settings: Any) -> None:
    settings.QUEUE_LIMIT = 1
    for n in (3, 2):
        intake.queue_is_full.cache_clear()
        send(sender, timedelta(minutes=15 * n), f"k{n}")
    intake.queue_is_full.cache_clear()
    answer = send(sender)
    assert refusal(answer) == (429, "queue_full")
    assert answer["Retry-After"] == "60"
    intake.queue_is_full.cache_clear()


@pytest.mark.parametrize("whose", ["all", "camera", "person"])
def test_a_picture_of_a_pause_is_refused(sender: Sender, whose: str) -> None:
    camera = sender.device.camera
    of: dict[str, Any] = {"camera": {"camera": camera}, "all": {}}.get(
        whose, {"person": camera.person}
    )
    begins = timezone.now() - timedelta(minutes=40)
    ends = timezone.now() - timedelta(minutes=20)
    Pause.objects.create(
        begins_at=begins, ends_at=ends, reason=Pause.Reason.PERSON, **of
    )
    assert refusal(send(sender, timedelta(minutes=30))) == (403, "camera_paused")
    assert send(sender, timedelta(minutes=20), "after").status_code == 202
    assert send(sender, timedelta(minutes=41), "before").status_code == 202


def test_a_pause_of_somebody_else_stops_nothing(sender: Sender, person: Person) -> None:
    other = Person.objects.create(number="P002", name="B", team=person.team)
    Pause.objects.create(begins_at=MONDAY, reason=Pause.Reason.LEAVE, person=other)
    assert send(sender).status_code == 202


def test_pictures_of_a_time_without_consent_are_refused(
    sender: Sender, person: Person, clock: Any
) -> None:
    consent_withdraw(person=person)
    assert refusal(send(sender)) == (403, "no_consent")
    clock.shift(timedelta(hours=1))
    consent_give(person=person)
    assert refusal(send(sender, timedelta(minutes=30))) == (403, "no_consent")
    assert send(sender).status_code == 202
    assert send(sender, timedelta(minutes=90), "old").status_code == 202


@pytest.mark.parametrize(
    ("ago", "code"),
    [(timedelta(days=15), "too_old"), (timedelta(minutes=-3), "time_in_future")],
)
def test_impossible_times_are_refused(
    sender: Sender, ago: timedelta, code: str
) -> None:
    assert refusal(send(sender, ago)) == (400, code)


def test_an_inactive_camera_is_refused(sender: Sender) -> None:
    Camera.objects.update(active=False)
    assert refusal(send(sender)) == (403, "camera_inactive")


@pytest.mark.parametrize(
    ("target", "headers"),
    [
        (f"{SNAPSHOTS}?taken_at=2026-03-02T09:00:00Z", {}),
        (SNAPSHOTS, {"Idempotency-Key": "k"}),
        (f"{SNAPSHOTS}?taken_at=yesterday", {"Idempotency-Key": "k"}),
        (f"{SNAPSHOTS}?taken_at=2026-03-02T09:00:00Z", {"Idempotency-Key": "k" * 101}),
    ],
)
def test_time_and_key_are_needed(
    sender: Sender, target: str, headers: dict[str, str]
) -> None:
    request = sender.request(target, images.jpeg())
    request.headers.update(headers)
    assert request.sent().status_code == 400


def test_what_is_no_picture_is_refused(sender: Sender) -> None:
    answer = sender.picture(b"hello", timezone.now(), "k").sent()
    assert refusal(answer) == (415, "not_an_image")


def test_an_enormous_body_is_refused_unread(sender: Sender) -> None:
    body = b"\0" * (10 * 1024 * 1024 + 1)
    answer = sender.picture(body, timezone.now(), "k").sent()
    assert refusal(answer) == (413, "too_large")


def test_a_heartbeat_is_noted(sender: Sender) -> None:
    body = BEAT.replace(b"}", b', "camera_state": "unreachable"}')
    assert sender.request(HEARTBEAT, body).sent().status_code == 200
    row = Device.objects.get()
    assert (row.queue_length, row.dropped, row.agent_version) == (3, 1, "1.0")
    assert (row.clock_offset, row.heartbeat_at) == (0.5, timezone.now())
    assert row.camera.state == Camera.State.UNREACHABLE
    assert row.camera.state_since == timezone.now()
    assert row.camera.seen_at is None


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b'{"queue_length": -1}', BEAT.replace(b"1.0", b"9" * 41)]
)
def test_a_heartbeat_of_another_form_is_refused(sender: Sender, body: bytes) -> None:
    assert sender.request(HEARTBEAT, body).sent().status_code == 400


def test_the_answer_says_when_to_take_pictures(sender: Sender) -> None:
    camera = sender.device.camera
    CaptureHours.objects.create(weekday=0, begins=time(9), ends=time(17))
    Pause.objects.create(
        camera=camera,
        begins_at=MONDAY + timedelta(hours=4),
        ends_at=MONDAY + timedelta(hours=5),
        reason=Pause.Reason.MAINTENANCE,
    )
    told = sender.beat().sent().json()
    spans = [(row["begins"], row["ends"]) for row in told.pop("stretches")]
    assert spans == [  # 9:00 to 17:00 in Berlin
        ("2026-03-02T09:00:00Z", "2026-03-02T12:00:00Z"),
        ("2026-03-02T13:00:00Z", "2026-03-02T16:00:00Z"),
        ("2026-03-09T08:00:00Z", "2026-03-09T09:00:00Z"),
    ]
    assert told == {
        "now": "2026-03-02T09:00:00Z",
        "active": True,
        "every_seconds": 900,
        "jitter_seconds": 20,
        "least_seconds": 450,
        "heartbeat_seconds": 60,
    }


def test_without_hours_working_days_are_meant(sender: Sender) -> None:
    first = sender.beat().sent().json()["stretches"][0]
    assert first == {"begins": "2026-03-02T09:00:00Z", "ends": "2026-03-02T17:00:00Z"}


def test_it_staff_may_make_devices(db: None) -> None:
    names = it_role_ensure().permissions.values_list("codename", flat=True)
    assert {"add_device", "change_device"} <= set(names)
