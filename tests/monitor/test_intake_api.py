"""POST /api/v1/snapshots/: what is taken in, what is refused and how."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from rest_framework.test import APIClient

from monitor import vault
from monitor.api.throttling import UploadThrottle
from monitor.models import Camera, Person, Snapshot, SnapshotImage
from monitor.services import intake
from monitor.services.consent import consent_withdraw
from tests import images
from tests.monitor.conftest import client_of

URL = "/api/v1/snapshots/"


def post(client: APIClient, data: bytes | None = None, **fields: Any) -> Any:
    headers = {}
    if key := fields.pop("key", None):
        headers["HTTP_IDEMPOTENCY_KEY"] = key
    picture = images.jpeg() if data is None else data
    fields["image"] = SimpleUploadedFile("a.jpg", picture, "image/jpeg")
    return client.post(URL, fields, format="multipart", **headers)


def refusal(answer: Any) -> tuple[int, str]:
    """Status and code of an answer in the error shape, which is checked here."""
    error = answer.json()["error"]
    assert set(error) == {"code", "message", "field"}
    assert error["message"]
    assert Snapshot.objects.count() == SnapshotImage.objects.count() == 0
    return answer.status_code, error["code"]


def test_a_picture_is_taken_in_and_waits(api: APIClient, person: Person) -> None:
    answer = post(api, person=person.pk)
    assert answer.status_code == 202
    snapshot = Snapshot.objects.get(pk=answer.json()["id"])
    assert (snapshot.person, snapshot.status) == (person, Snapshot.Status.PENDING)


def test_the_stored_bytes_are_encrypted(api: APIClient, person: Person) -> None:
    post(api, person=person.pk)
    sealed = bytes(SnapshotImage.objects.get().sealed)
    assert images.jpeg()[100:200] not in sealed
    assert vault.unseal(sealed) == images.jpeg()


def test_the_person_may_be_named_by_number(api: APIClient, person: Person) -> None:
    assert post(api, person="P001").json()["person"] == person.pk


def test_the_camera_says_whose_picture_it_is(api: APIClient, camera: Camera) -> None:
    for name in (str(camera.pk), "Desk 1"):
        assert post(api, camera=name).json()["person"] == camera.person_id


@pytest.mark.parametrize(
    "make",
    [
        images.cmyk_jpeg,
        images.png_16_bit,
        images.animated_webp,
        images.with_exif,
        lambda: images.encoded(images.scene(), "WEBP"),
    ],
)
def test_unusual_pictures_work(api: APIClient, person: Person, make: Any) -> None:
    assert post(api, make(), person=person.pk).status_code == 202


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (b"", 400, "empty_file"),
        (b"hello, I am text", 415, "not_an_image"),
        (images.truncated_jpeg(), 400, "truncated_image"),
        (images.bomb(), 413, "too_many_pixels"),
        (images.zero_size_png(), 400, "zero_size"),
        (images.encoded(images.scene(), "GIF"), 415, "unsupported_format"),
        (b"\xff\xd8\xff" + b"\0" * (10 * 1024 * 1024), 413, "too_large"),
    ],
)
def test_bad_files_are_refused(
    api: APIClient, person: Person, data: bytes, status: int, code: str
) -> None:
    assert refusal(post(api, data, person=person.pk)) == (status, code)


def test_an_enormous_body_is_refused_unread(api: APIClient, person: Person) -> None:
    data = b"\xff\xd8\xff" + b"\0" * (13 * 1024 * 1024)
    assert refusal(post(api, data, person=person.pk)) == (413, "too_large")


def test_a_missing_file_is_refused(api: APIClient, person: Person) -> None:
    answer = api.post(URL, {"person": person.pk}, format="multipart")
    assert refusal(answer) == (400, "required")
    assert answer.json()["error"]["field"] == "image"


def test_an_unknown_person_is_refused(api: APIClient) -> None:
    for name in ("nobody", "999", "9" * 40):
        assert refusal(post(api, person=name)) == (404, "unknown_person")


def test_an_unknown_camera_is_refused(api: APIClient) -> None:
    for name in ("none", "999"):
        assert refusal(post(api, camera=name)) == (404, "unknown_camera")


def test_it_must_be_said_whose_picture_it_is(api: APIClient) -> None:
    assert refusal(post(api)) == (400, "person_missing")


def test_an_inactive_camera_is_refused(api: APIClient, camera: Camera) -> None:
    Camera.objects.update(active=False)
    assert refusal(post(api, camera=camera.pk)) == (403, "camera_inactive")


def test_a_name_that_fits_two_people_is_refused(api: APIClient, person: Person) -> None:
    other = Person.objects.create(number=str(person.pk), name="B", team=person.team)
    assert refusal(post(api, person=other.number)) == (400, "ambiguous_person")


def test_a_camera_of_somebody_else_is_refused(
    api: APIClient, camera: Camera, person: Person
) -> None:
    Person.objects.create(number="P002", name="B", team=person.team)
    answer = post(api, camera=camera.pk, person="P002")
    assert refusal(answer) == (400, "camera_of_another_person")


def test_without_consent_nothing_is_taken_in(api: APIClient, person: Person) -> None:
    consent_withdraw(person=person)
    assert refusal(post(api, person=person.pk)) == (403, "no_consent")


def test_a_time_in_the_future_is_refused(api: APIClient, person: Person) -> None:
    later = (timezone.now() + timedelta(minutes=10)).isoformat()
    answer = post(api, person=person.pk, taken_at=later)
    assert refusal(answer) == (400, "time_in_future")


def test_a_time_that_is_none_is_refused(api: APIClient, person: Person) -> None:
    answer = post(api, person=person.pk, taken_at="yesterday")
    assert refusal(answer) == (400, "invalid")
    assert answer.json()["error"]["field"] == "taken_at"


def test_a_time_without_offset_is_local(api: APIClient, person: Person) -> None:
    post(api, person=person.pk, taken_at="2026-01-05T10:00:00")
    assert Snapshot.objects.get().taken_at.isoformat() == "2026-01-05T09:00:00+00:00"


def test_a_full_queue_asks_to_come_back(
    api: APIClient, person: Person, settings: Any
) -> None:
    settings.QUEUE_LIMIT = 1
    for _ in range(2):
        intake.queue_is_full.cache_clear()
        post(api, person=person.pk)
    intake.queue_is_full.cache_clear()
    answer = post(api, person=person.pk)
    assert (answer.status_code, answer["Retry-After"]) == (503, "30")
    assert Snapshot.objects.count() == 2


def test_a_repeated_key_answers_the_first_result(
    api: APIClient, person: Person
) -> None:
    first = post(api, person=person.pk, key="k1")
    again = post(api, person=person.pk, key="k1")
    assert (again.status_code, again.json()) == (202, first.json())
    assert again["Idempotency-Replayed"] == "true"
    assert Snapshot.objects.count() == 1


def test_a_key_for_another_picture_is_refused(api: APIClient, person: Person) -> None:
    post(api, person=person.pk, key="k1")
    answer = post(api, images.jpeg(seed=1), person=person.pk, key="k1")
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "idempotency_key_reused"


def test_keys_of_two_senders_do_not_meet(
    api: APIClient, person: Person, employee: User
) -> None:
    post(api, person=person.pk, key="k1")
    assert post(client_of(employee), person=person.pk, key="k1").status_code == 202
    assert Snapshot.objects.count() == 2


def test_an_endless_key_is_refused(api: APIClient, person: Person) -> None:
    assert refusal(post(api, person=person.pk, key="k" * 201)) == (400, "invalid")


def test_a_stranger_cannot_send_for_anybody(person: Person, stranger: User) -> None:
    answer = post(client_of(stranger), person=person.pk)
    assert refusal(answer) == (404, "unknown_person")


def test_employees_may_send_for_themselves_only(person: Person, employee: User) -> None:
    other = Person.objects.create(number="P002", name="B", team=person.team)
    assert refusal(post(client_of(employee), person=other.pk))[0] == 404
    assert post(client_of(employee), person=person.pk).status_code == 202


def test_without_login_nothing_is_taken_in(person: Person) -> None:
    answer = post(APIClient(), person=person.pk)
    assert refusal(answer) == (401, "not_authenticated")


def test_too_many_uploads_are_put_off(
    api: APIClient, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(UploadThrottle, "rate", "1/min", raising=False)
    post(api, person=person.pk)
    answer = post(api, person=person.pk)
    assert answer.status_code == 429
    assert answer.json()["error"]["code"] == "throttled"
    assert int(answer["Retry-After"]) > 0


@pytest.mark.django_db(transaction=True)
def test_the_worker_is_woken_once_while_pictures_wait(
    api: APIClient, person: Person, wakes: list[str]
) -> None:
    post(api, person=person.pk)
    post(api, person=person.pk)
    assert wakes == ["wake"]
