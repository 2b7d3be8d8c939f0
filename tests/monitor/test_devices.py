"""Making, rotating and revoking devices, in the admin and on the command line."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client

from monitor.models import Camera, Device, Team
from monitor.services import devices
from monitor.services.devices import DeviceChangeRefused, device_create
from tests.monitor.conftest import client_of
from tests.monitor.device_messages import Sender

ADMIN = "/admin/monitor/device/"


@pytest.fixture
def client(admin: User) -> Client:
    client = Client()
    client.force_login(admin)
    return client


def call(*args: str) -> str:
    out = StringIO()
    call_command("devices", *args, stdout=out)
    return out.getvalue()


def last_word(text: str) -> str:
    return text.split()[-1]


def test_a_device_is_made_with_a_secret(camera: Camera) -> None:
    made = device_create(camera=camera, name=" Window ")
    assert (made.device.name, len(made.value)) == ("Window", 64)
    other = device_create(camera=camera, name="Door")
    assert made.value != other.value
    assert made.device.key != other.device.key


def test_names_are_taken_once(camera: Camera) -> None:
    device_create(camera=camera, name="Window")
    with pytest.raises(DeviceChangeRefused, match="of this name"):
        device_create(camera=camera, name="Window")


def test_a_device_needs_a_name(camera: Camera) -> None:
    with pytest.raises(DeviceChangeRefused, match="name"):
        device_create(camera=camera, name=" ")


def test_cameras_that_the_server_fetches_get_none(camera: Camera) -> None:
    camera.kind = Camera.Kind.RTSP
    with pytest.raises(DeviceChangeRefused, match="fetches"):
        device_create(camera=camera, name="Window")


def test_room_cameras_get_none(db: None) -> None:
    room = Camera.objects.create(name="Hall", team=Team.objects.create(name="A"))
    with pytest.raises(DeviceChangeRefused, match="room"):
        device_create(camera=room, name="Window")


@pytest.mark.parametrize("days", [-1, 91])
def test_the_overlap_is_bounded(camera: Camera, days: int) -> None:
    device = device_create(camera=camera, name="Window").device
    with pytest.raises(DeviceChangeRefused, match="0 to 90 days"):
        devices.device_rotate(device=device, overlap=timedelta(days=days))


def test_a_revoked_device_gets_no_new_secret(camera: Camera) -> None:
    device = device_create(camera=camera, name="Window").device
    devices.device_revoke(device=device)
    for renew in (devices.device_rotate, devices.device_token_create):
        with pytest.raises(DeviceChangeRefused, match="revoked"):
            renew(device=device)


def test_the_command_makes_rotates_and_revokes(camera: Camera) -> None:
    shown = call("add", "Window", "--camera", "Desk 1")
    device = Device.objects.get()
    assert f'key = "{device.key}"' in shown
    sender = Sender(device, last_word(shown))
    assert sender.beat().sent().status_code == 200
    shown = call("rotate", device.key, "--overlap-days", "0")
    assert sender.beat().sent().status_code == 401
    new = Sender(device, shown.splitlines()[5])
    assert new.beat().sent().status_code == 200
    call("revoke", "Window")
    assert new.beat().sent().status_code == 401


def test_the_list_says_what_was_refused(camera: Camera) -> None:
    made = device_create(camera=camera, name="Window")
    Sender(made.device, made.value).beat().sent()
    Sender(made.device, "ab" * 32).beat().sent()
    shown = call("list")
    assert "3 waiting, 1 dropped" in shown
    assert "refused: signature or token does not fit: 1" in shown


def test_the_command_makes_a_token(camera: Camera) -> None:
    device = device_create(camera=camera, name="Window").device
    assert f"Authorization: Device {device.key}." in call("token", "Window")


@pytest.mark.parametrize(
    "args",
    [
        ("add", "Window", "--camera", "nowhere"),
        ("revoke", "nothing"),
        ("rotate", "nothing"),
    ],
)
def test_what_is_not_there_is_said(db: None, args: tuple[str, ...]) -> None:
    with pytest.raises(CommandError, match="there is no"):
        call(*args)


def test_the_admin_shows_the_secret_once(client: Client, camera: Camera) -> None:
    data = {"name": "Window", "camera": camera.pk}
    data |= {"refusals-TOTAL_FORMS": 0, "refusals-INITIAL_FORMS": 0}
    page = client.post(f"{ADMIN}add/", data, follow=True).content.decode()
    device = Device.objects.get()
    assert device.key in page
    assert "shown this once" in page
    again = client.get(ADMIN).content.decode()
    assert "shown this once" not in again
    detail = client.get(f"{ADMIN}{device.pk}/change/")
    assert detail.status_code == 200


def test_the_admin_refuses_a_camera_that_is_fetched(
    client: Client, camera: Camera
) -> None:
    Camera.objects.update(kind=Camera.Kind.USB)
    data = {"name": "Window", "camera": camera.pk}
    data |= {"refusals-TOTAL_FORMS": 0, "refusals-INITIAL_FORMS": 0}
    page = client.post(f"{ADMIN}add/", data).content.decode()
    assert "The server fetches the pictures of this camera" in page
    assert not Device.objects.exists()


@pytest.mark.parametrize(
    ("action", "said"),
    [
        ("rotate", "shown this once"),
        ("make_token", "token <code>"),
        ("revoke", "is refused from now on"),
    ],
)
def test_the_admin_has_actions(
    client: Client, camera: Camera, action: str, said: str
) -> None:
    device = device_create(camera=camera, name="Window").device
    data = {"action": action, "_selected_action": [device.pk]}
    page = client.post(ADMIN, data, follow=True).content.decode()
    assert said in page


def test_the_admin_says_why_not(client: Client, camera: Camera) -> None:
    device = device_create(camera=camera, name="Window").device
    devices.device_revoke(device=device)
    for action in ("rotate", "make_token"):
        data = {"action": action, "_selected_action": [device.pk]}
        page = client.post(ADMIN, data, follow=True).content.decode()
        assert "This device is revoked; make a new one." in page


def test_the_schema_says_how_devices_sign_in(admin: User) -> None:
    answer = client_of(admin).get("/api/v1/schema/", HTTP_ACCEPT="application/json")
    schema = answer.json()
    ways = schema["components"]["securitySchemes"]
    assert {"deviceSignature", "deviceToken"} <= set(ways)
    for name in ("snapshots", "heartbeat"):
        post = schema["paths"][f"/api/v1/device/{name}/"]["post"]
        assert post["security"] == [{"deviceSignature": []}, {"deviceToken": []}]
