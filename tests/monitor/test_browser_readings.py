"""POST /api/v1/readings/: what a person's own browser read, and when it is refused."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient

from monitor.models import (
    DailySummary,
    Organisation,
    Pause,
    Person,
    Reading,
    Snapshot,
)
from monitor.services.consent import consent_withdraw
from monitor.services.serving import in_use
from tests.monitor.conftest import client_of
from tests.monitor.models_of import version_row
from tests.monitor.test_intake_api import post as post_picture

URL = "/api/v1/readings/"
QUALITY = {
    "size_px": 120,
    "sharpness": 20.0,
    "brightness": 120.0,
    "yaw": 0.1,
    "roll": -3.0,
    "detector_score": 0.9,
}
SAD = {"angry": 0.1, "happy": 0.05, "neutral": 0.1, "sad": 0.7, "surprise": 0.05}


def body(**changes: Any) -> dict[str, Any]:
    return {
        "model": in_use().version,
        "taken_at": timezone.now().isoformat(),
        "probabilities": SAD,
        "other": 0.01,
        "quality": QUALITY,
        "box": [10, 20, 120, 120],
        "faces": 1,
    } | changes


def post(user: User, key: str | None = None, **changes: Any) -> Any:
    headers: dict[str, Any] = {"HTTP_IDEMPOTENCY_KEY": key} if key else {}
    return client_of(user).post(URL, body(**changes), format="json", **headers)


def refusal(answer: Any) -> tuple[int, str]:
    assert Reading.objects.count() == Snapshot.objects.count() == 0
    return answer.status_code, answer.json()["error"]["code"]


def test_it_is_stored_without_a_picture(employee: User, person: Person) -> None:
    answer = post(employee)
    assert answer.status_code == 201
    reading = Reading.objects.get()
    assert (reading.person, reading.label, reading.counted) == (person, "sad", True)
    assert reading.model == in_use().version
    snapshot = reading.snapshot
    assert (snapshot.source, snapshot.status) == ("on_device", "done")
    assert snapshot.submitted_by == employee
    assert not hasattr(snapshot, "image")


def test_the_summary_is_refreshed(employee: User, person: Person) -> None:
    post(employee)
    assert DailySummary.objects.get().counted == 1


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"quality": QUALITY | {"size_px": 20}}, "too_small"),
        ({"quality": QUALITY | {"sharpness": 1.0}}, "blurred"),
        ({"quality": QUALITY | {"yaw": 1.5}}, "turned"),
        ({"other": 0.6}, "other_emotion"),
        ({"probabilities": dict.fromkeys(SAD, 0.2)}, "uncertain"),
    ],
)
def test_the_server_judges_whether_it_is_usable(
    employee: User, changes: dict[str, Any], reason: str
) -> None:
    answer = post(employee, usable=True, counted=True, **changes).json()
    assert (answer["usable"], answer["reason"]) == (False, reason)
    assert DailySummary.objects.get().counted == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"probabilities": SAD | {"sad": 0.8}},
        {"probabilities": SAD | {"sad": "nan"}},
        {"probabilities": SAD | {"sad": -0.1}},
        {"probabilities": {"sad": 1}},
        {"quality": QUALITY | {"sharpness": "inf"}},
        {"quality": {}},
        {"other": 2},
        {"box": [1, 2, 3]},
        {"box": [-1, 2, 3, 4]},
        {"faces": 0},
        {"taken_at": "yesterday"},
        {"model": ""},
    ],
)
def test_it_refuses_what_is_no_reading(employee: User, changes: dict[str, Any]) -> None:
    assert refusal(post(employee, **changes))[0] == 400


def test_it_refuses_numbers_that_json_does_not_know(employee: User) -> None:
    text = '{"other": NaN}'
    answer = client_of(employee).post(URL, text, content_type="application/json")
    assert refusal(answer) == (400, "parse_error")


def test_it_refuses_another_model(employee: User) -> None:
    assert refusal(post(employee, model="old@12345678")) == (409, "model_changed")


def test_it_refuses_the_model_that_was_in_use_before(employee: User) -> None:
    before = in_use().version
    version_row("next-1", state="active")
    assert refusal(post(employee, model=before)) == (409, "model_changed")


def test_it_refuses_where_the_site_says_so(employee: User) -> None:
    Organisation.objects.update(browser_readings=False)
    assert refusal(post(employee)) == (403, "browser_readings_off")


def test_it_refuses_who_is_not_watched(admin: User, person: Person) -> None:
    assert refusal(post(admin)) == (403, "not_yours")


def test_it_refuses_without_consent(employee: User, person: Person) -> None:
    consent_withdraw(person=person)
    assert refusal(post(employee)) == (403, "no_consent")


@pytest.mark.parametrize("whose", ["own", "everybody"])
def test_it_refuses_in_a_pause(employee: User, person: Person, whose: str) -> None:
    begins = timezone.now() - timedelta(hours=1)
    of = person if whose == "own" else None
    Pause.objects.create(person=of, begins_at=begins, reason="person")
    assert refusal(post(employee)) == (403, "paused")


def test_a_pause_that_is_over_is_over(employee: User, person: Person) -> None:
    now = timezone.now()
    begins, ends = now - timedelta(hours=2), now - timedelta(hours=1)
    Pause.objects.create(person=person, begins_at=begins, ends_at=ends, reason="leave")
    assert post(employee).status_code == 201


@pytest.mark.parametrize(
    ("minutes", "code"), [(5, "time_in_future"), (-20, "time_too_old")]
)
def test_it_refuses_another_time(employee: User, minutes: int, code: str) -> None:
    taken = timezone.now() + timedelta(minutes=minutes)
    assert refusal(post(employee, taken_at=taken.isoformat())) == (400, code)


def test_it_refuses_haste(employee: User) -> None:
    assert post(employee).status_code == 201
    again = post(employee)
    assert (again.status_code, again.json()["error"]["code"]) == (429, "too_soon")
    assert Reading.objects.count() == 1


def test_the_same_key_answers_the_first_result(employee: User) -> None:
    sent = body()
    first, again = post(employee, key="a", **sent), post(employee, key="a", **sent)
    assert again.json() == first.json()
    assert again["Idempotency-Replayed"] == "true"
    assert Reading.objects.count() == 1


def test_a_key_is_for_one_reading(employee: User) -> None:
    sent = body()
    post(employee, key="a", **sent)
    other = post(employee, key="a", **sent | {"faces": 2})
    assert other.json()["error"]["code"] == "idempotency_key_reused"


def test_a_token_is_no_session(employee: User) -> None:
    client = APIClient()
    token = Token.objects.create(user=employee)
    client.credentials(HTTP_AUTHORIZATION=f"Token {token.key}")
    assert refusal(client.post(URL, body(), format="json"))[0] == 403


def test_another_page_cannot_send_it(employee: User) -> None:
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(employee)
    answer = client.post(URL, body(), format="json")
    assert refusal(answer) == (403, "permission_denied")


def test_a_picture_of_a_session_says_so(employee: User, person: Person) -> None:
    post_picture(client_of(employee), person=person.pk, session="true")
    assert Snapshot.objects.get().source == "session"


def test_a_session_is_of_nobody_else(admin: User, person: Person) -> None:
    answer = post_picture(client_of(admin), person=person.pk, session="true")
    assert refusal(answer) == (403, "not_yours")


def test_a_session_keeps_pauses(employee: User, person: Person) -> None:
    Pause.objects.create(begins_at=timezone.now(), reason="holiday")
    answer = post_picture(client_of(employee), person=person.pk, session="true")
    assert refusal(answer) == (403, "paused")
