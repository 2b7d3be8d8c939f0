from __future__ import annotations

from datetime import date, time, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.core import signing
from django.test import Client

from dashboard.camera_forms import stretches_of
from dashboard.views.probes import LOOK
from monitor.capture_schedule import Stretch
from monitor.models import (
    Camera,
    CameraDay,
    CameraProbe,
    CaptureHours,
    Pause,
    Person,
)
from tests.factories import NOON, CameraFactory, UserFactory


@pytest.fixture
def camera(ada: Person) -> Camera:
    address = "http://10.0.0.7/a.jpg"
    made: Camera = Camera.objects.create(
        name="Desk 7", person=ada, kind="snapshot", address=address, seen_at=NOON
    )
    return made


def text(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_list_shows_state_and_advice(client_it: Client, camera: Camera) -> None:
    CameraDay.objects.create(
        camera=camera, day=NOON.date(), attempts=40, successes=38, faces=36,
        unsure=30, too_small=30, height_sum=36 * 31,
    )  # fmt: skip
    shown = text(client_it, "/cameras/")
    assert "95%" in shown
    assert "faces are 31 px high" in shown


@pytest.mark.parametrize(
    ("on", "status", "kept"),
    [
        ("2026-03-20", 302, NOON.date()),
        ("2026-03-21", 400, None),
        ("1926-03-20", 400, None),
        ("", 400, None),
    ],
)
def test_an_exchanged_camera_is_noted_from_its_day_on(
    client_it: Client, camera: Camera, on: str, status: int, kept: Any
) -> None:
    answer = client_it.post(f"/cameras/{camera.pk}/renew/", {"on": on})
    camera.refresh_from_db()
    assert (answer.status_code, camera.renewed_on) == (status, kept)
    shown = text(client_it, f"/cameras/{camera.pk}/")
    assert ("since 20 Mar 2026" in shown) is bool(kept)


def test_an_exchange_noted_by_mistake_is_taken_back(
    client_it: Client, camera: Camera, it_staff: User
) -> None:
    page = f"/cameras/{camera.pk}/renew/"
    for on in ("2026-03-02", "2026-03-16", "2026-03-16"):
        client_it.post(page, {"on": on})
    first, second = camera.renewals.all()
    assert (first.by, second.on) == (it_staff, date(2026, 3, 16))
    other = CameraFactory.create()
    wrong = client_it.post(f"/cameras/{other.pk}/renew/{second.pk}/remove/")
    assert wrong.status_code == 404
    client_it.post(f"{page}{second.pk}/remove/")
    camera.refresh_from_db()
    assert (camera.renewals.get(), camera.renewed_on) == (first, first.on)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"state": "ok"}, "Works"),
        ({"state": "wrong_password"}, "Refuses the password"),
        ({"state": "frozen", "silent_at": NOON}, "Silent: picture stands still"),
        ({"active": False}, "Switched off"),
        ({"seen_at": None}, "No picture yet"),
    ],
)
def test_each_state_has_its_words(
    client_it: Client, camera: Camera, changed: dict[str, Any], words: str
) -> None:
    Camera.objects.update(**changed)
    assert words in text(client_it, "/cameras/")


def test_every_state_says_what_to_do(client_it: Client, camera: Camera) -> None:
    from dashboard.words import CAMERA_ADVICE

    fine = {Camera.State.OK, Camera.State.NEW}
    assert set(CAMERA_ADVICE) == set(Camera.State) - fine


def test_the_list_does_not_cost_more_with_more_cameras(
    client_it: Client, camera: Camera, ada: Person, django_assert_max_num_queries: Any
) -> None:
    for number in range(20):
        Camera.objects.create(name=f"Desk {number + 10}", person=ada)
    with django_assert_max_num_queries(14):
        client_it.get("/cameras/")


def test_a_new_camera_is_tried_first(client_it: Client, ada: Person) -> None:
    asked = {
        "name": "Desk 9",
        "kind": "rtsp",
        "person": ada.pk,
        "address": "rtsp://10.0.0.9/main",
        "user": "root",
        "password": "geheim",
        "every_minutes": 5,
    }
    answer = client_it.post("/cameras/add/", asked)
    probe = CameraProbe.objects.get()
    assert answer.headers["Location"] == f"/cameras/tests/{probe.pk}/"
    assert "hx-trigger" in text(client_it, f"/cameras/tests/{probe.pk}/")
    assert not Camera.objects.exists()


def test_what_was_written_is_there_again(client_it: Client, ada: Person) -> None:
    asked = {"name": "Desk 9", "kind": "snapshot", "person": ada.pk}
    more = {"address": "http://10.0.0.9/", "password": "geheim", "every_minutes": 7}
    client_it.post("/cameras/add/", asked | more)
    again = text(client_it, f"/cameras/add/?again={CameraProbe.objects.get().pk}")
    assert "http://10.0.0.9/" in again
    assert "geheim" not in again
    for other in ("", "x", "9" * 30):
        assert "Desk 9" not in text(client_it, f"/cameras/add/?again={other}")


def test_nothing_is_kept_before_it_was_seen(
    client_it: Client, it_staff: User, ada: Person
) -> None:
    facts = {"name": "x", "kind": "rtsp", "person": ada}
    probe = CameraProbe.objects.create(by=it_staff, asked_at=NOON, **facts)
    page = f"/cameras/tests/{probe.pk}/"
    answer = client_it.post(f"{page}keep/", follow=True)
    assert "There is no test picture yet" in answer.content.decode()
    assert not Camera.objects.exists()


def test_a_pause_hides_a_test_picture(
    client_it: Client, client_employee: Client, it_staff: User, ada: Person
) -> None:
    facts = {"name": "x", "kind": "rtsp", "person": ada, "sealed": b"x"}
    probe = CameraProbe.objects.create(by=it_staff, asked_at=NOON, **facts)
    client_employee.post("/people/me/pause/")
    assert client_it.get(f"/cameras/tests/{probe.pk}/picture/").status_code == 403


def test_one_that_sends_needs_no_test(client_it: Client, ada: Person) -> None:
    asked = {"name": "Pi", "kind": "push", "person": ada.pk, "every_minutes": 5}
    client_it.post("/cameras/add/", asked)
    assert Camera.objects.get().kind == "push"


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("", "Write the address"),
        ("rtsp://127.0.0.1/", "the server itself"),
        ("gopher://10.0.0.1/", "rtsp"),
    ],
)
def test_it_refuses_addresses(
    client_it: Client, ada: Person, address: str, words: str
) -> None:
    asked = {"name": "x", "kind": "rtsp", "person": ada.pk, "every_minutes": 5}
    answer = client_it.post("/cameras/add/", asked | {"address": address})
    assert answer.status_code == 400
    assert words in answer.content.decode()


def test_a_test_picture_is_of_who_asked(
    client_it: Client, client_health: Client, it_staff: User, ada: Person
) -> None:
    probe = CameraProbe.objects.create(
        by=UserFactory.create(), asked_at=NOON, name="x", person=ada, kind="rtsp"
    )
    for page in ("", "picture/"):
        assert client_it.get(f"/cameras/tests/{probe.pk}/{page}").status_code == 404


def test_the_interval_changes(client_it: Client, camera: Camera) -> None:
    asked = {"every_minutes": 30, "jitter_seconds": 0}
    client_it.post(f"/cameras/{camera.pk}/rhythm/", asked)
    camera.refresh_from_db()
    assert camera.every_minutes == 30
    answer = client_it.post(f"/cameras/{camera.pk}/rhythm/", {"every_minutes": 0})
    assert answer.status_code == 400


def test_hours_with_a_break(client_it: Client, camera: Camera) -> None:
    client_it.post(f"/cameras/{camera.pk}/hours/", {"day_0": "8:00-12:00, 13-17"})
    assert not CaptureHours.objects.exists()
    client_it.post(f"/cameras/{camera.pk}/hours/", {"day_0": "8:00-12:00, 13:00-17:00"})
    hours = CaptureHours.objects.values_list("weekday", "begins", "ends")
    assert list(hours) == [(0, time(8), time(12)), (0, time(13), time(17))]
    client_it.post(f"/cameras/{camera.pk}/hours/", {"usual": "1"})
    assert not CaptureHours.objects.exists()


@pytest.mark.parametrize("page", ["{}/hours/", "hours/"])
def test_no_hours_at_all_are_refused(
    client_it: Client, camera: Camera, page: str
) -> None:
    answer = client_it.post(f"/cameras/{page.format(camera.pk)}", {})
    assert answer.status_code == 400
    assert "Write the hours of one day at least" in answer.content.decode()


def test_the_usual_hours_hold_again_whatever_is_written(
    client_it: Client, camera: Camera
) -> None:
    client_it.post(f"/cameras/{camera.pk}/hours/", {"day_0": "8:00-9:00"})
    assert CaptureHours.objects.filter(camera=camera).exists()
    both = {"usual": "1", "day_0": "nonsense"}
    assert client_it.post(f"/cameras/{camera.pk}/hours/", both).status_code == 302
    assert not CaptureHours.objects.exists()


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01", "2026-02-30"])
def test_it_refuses_days_of_no_calendar(
    client_it: Client, camera: Camera, day: str
) -> None:
    asked = {"reason": "leave", "first": day, "last": day}
    assert client_it.post(f"/cameras/{camera.pk}/pause/", asked).status_code == 400
    assert client_it.post("/cameras/hours/", asked).status_code == 400
    assert not Pause.objects.exists()


def test_hours_are_written_in_many_ways() -> None:
    night = Stretch(4, time(22), time(6))
    for written in ("22:00-6:00", "22.00 – 06.00", "22:00 to 6:00"):
        assert stretches_of(4, written) == [night]
    assert stretches_of(4, "18:00-24:00") == [Stretch(4, time(18), time(0))]
    for wrong in ("8-12", "25:00-26:00", "early"):
        with pytest.raises(ValueError, match=r"write|no time"):
            stretches_of(4, wrong)


def test_a_pause_and_its_end(client_it: Client, camera: Camera) -> None:
    days = {"first": "2026-03-18", "last": "2026-03-25", "reason": "leave"}
    client_it.post(f"/cameras/{camera.pk}/pause/", days)
    pause = Pause.objects.get()
    assert "Paused" in text(client_it, "/cameras/")
    client_it.post(f"/cameras/{camera.pk}/pause/{pause.pk}/end/")
    pause.refresh_from_db()
    assert pause.ends_at == NOON


def test_holidays_of_the_site(client_it: Client, camera: Camera) -> None:
    asked = {"first": "2026-12-25", "last": "2026-12-26", "reason": "holiday"}
    client_it.post("/cameras/hours/", asked)
    pause = Pause.objects.get()
    assert (pause.camera, pause.reason) == (None, "holiday")
    assert pause.ends_at is not None
    assert pause.ends_at - pause.begins_at == timedelta(days=2)
    client_it.post(f"/cameras/hours/{pause.pk}/delete/")
    assert not Pause.objects.exists()


def test_a_person_pauses_their_own_camera(
    client_employee: Client, ada: Person, camera: Camera
) -> None:
    assert "Pause my camera" in text(client_employee, f"/people/{ada.pk}/")
    client_employee.post("/people/me/pause/")
    assert Pause.objects.get().person == ada
    assert "until you go on" in text(client_employee, f"/people/{ada.pk}/")
    client_employee.post("/people/me/pause/", {"go_on": "1"})
    assert not Pause.objects.filter(ends_at=None).exists()


def test_nobody_else_ends_what_a_person_paused(
    client_employee: Client, client_it: Client, camera: Camera
) -> None:
    client_employee.post("/people/me/pause/")
    answer = client_it.post(f"/cameras/{camera.pk}/now/", follow=True)
    assert "This camera is paused." in answer.content.decode()


def look_of(camera: Camera) -> dict[str, str]:
    return {"look": signing.dumps(camera.pk, salt=LOOK)}


@pytest.mark.parametrize("minutes", [6, None])
def test_a_forgotten_look_ends_by_itself(
    client_it: Client, camera: Camera, minutes: int | None
) -> None:
    look = look_of(camera) if minutes else {}
    with time_machine.travel(NOON + timedelta(minutes=minutes or 0)):
        answer = client_it.post(f"/cameras/{camera.pk}/live/next/", look)
    assert answer.status_code == 286
    assert "five minutes" in answer.content.decode()
    assert not CameraProbe.objects.exists()


def test_a_live_look_says_so(client_it: Client, camera: Camera) -> None:
    assert "You are watching Ada Example." in text(
        client_it, f"/cameras/{camera.pk}/live/"
    )
    answer = client_it.post(f"/cameras/{camera.pk}/live/next/", look_of(camera))
    assert "Asking the camera" in answer.content.decode()
    assert CameraProbe.objects.get().camera == camera


@pytest.mark.parametrize("page", ["", "add/", "hours/", "1/", "1/live/"])
def test_only_those_who_set_up_cameras_see_them(
    client_health: Client, camera: Camera, page: str
) -> None:
    assert client_health.get(f"/cameras/{page}").status_code == 403


KEYED = "http://10.0.0.7/snap.cgi?user=admin&pwd=geheim"
SHOWN = "http://10.0.0.7/snap.cgi?user=***&amp;pwd=***"


@pytest.mark.parametrize(
    "address",
    [
        KEYED,
        "http://admin:geheim@10.0.0.7/snap.cgi",
        "http://admin:12/geheim@10.0.0.7/",
        KEYED.replace("10.0.0.7", "8.8.8.8"),
        KEYED + "x" * 500,
        "http://10.0.0.7/" + "_a" * 200_000 + "=geheim",
    ],
)
@pytest.mark.parametrize("page", ["add/", "{}/source/"])
def test_a_page_sent_back_shows_no_key_of_an_address(
    client_it: Client, camera: Camera, page: str, address: str
) -> None:
    asked = {"address": address, "kind": "mjpeg", "certificate": "wrong"}
    answer = client_it.post(f"/cameras/{page.format(camera.pk)}", asked)
    assert answer.status_code == 400
    assert "geheim" not in answer.content.decode()


def test_keys_of_an_address_are_never_shown_again(
    client_it: Client, admin_client: Client, ada: Person
) -> None:
    asked = {"name": "Desk 9", "kind": "snapshot", "person": ada.pk}
    client_it.post("/cameras/add/", asked | {"address": KEYED, "every_minutes": 5})
    probe = CameraProbe.objects.get()
    pages = [f"/cameras/tests/{probe.pk}/", f"/cameras/add/?again={probe.pk}"]
    shown = [text(client_it, page) for page in pages]
    CameraProbe.objects.update(status="done")
    client_it.post(f"/cameras/tests/{probe.pk}/keep/")
    made = Camera.objects.get()
    shown.append(text(client_it, f"/cameras/{made.pk}/"))
    shown.append(text(admin_client, f"/admin/monitor/camera/{made.pk}/change/"))
    assert [SHOWN in page for page in shown] == [True] * 4
    assert not any("geheim" in page for page in shown)


def test_the_admin_moves_no_camera(admin_client: Client, camera: Camera) -> None:
    """There the stored password would go to an address that nobody has tried."""
    url = f"/admin/monitor/camera/{camera.pk}/change/"
    data = {"name": "Desk", "person": camera.person_id, "every_minutes": 5}
    moved = {"address": "http://10.0.0.8/", "kind": "mjpeg", "jitter_seconds": 0}
    assert admin_client.post(url, data | moved).status_code == 302
    camera.refresh_from_db()
    assert (camera.name, camera.every_minutes) == ("Desk", 5)
    assert (camera.address, camera.kind) == ("http://10.0.0.7/a.jpg", "snapshot")
