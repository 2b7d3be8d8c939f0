"""Messages of devices that are refused: the reason in the log, never in the answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from django.utils import timezone

from monitor import vault
from monitor.agent.signature import Message, header, parse
from monitor.models import Camera, Device, DeviceNonce, DeviceRefusal, Person
from monitor.services.devices import (
    NONCES_KEPT,
    WINDOW,
    device_nonces_prune,
    device_revoke,
    device_rotate,
    device_token_create,
)
from tests.monitor.device_messages import BEAT, HEARTBEAT, SNAPSHOTS, Request, Sender

REFUSED = {
    "error": {
        "code": "authentication_failed",
        "message": "This message is not accepted.",
        "field": None,
    }
}
GUIDE = Path(__file__).resolve().parents[2] / "docs" / "api.md"
Change = Callable[[Sender], Request]


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    """Stands still, however busy the machine is."""
    with time_machine.travel(timezone.now(), tick=False) as traveller:
        yield traveller


@pytest.fixture
def sender(camera: Camera) -> Sender:
    return Sender.of(camera)


def revoked(sender: Sender) -> Request:
    device_revoke(device=sender.device)
    return sender.beat()


def replayed(sender: Sender) -> Request:
    request = sender.beat()
    assert request.sent().status_code == 200
    return request


def rotated_away(sender: Sender) -> Request:
    device_rotate(device=sender.device, overlap=timedelta())
    return sender.beat()


def of_another_device(sender: Sender) -> Request:
    """Signed with its own secret, but in the name of the other device."""
    other = Sender.of(sender.device.camera, name="Other")
    return replace(other, device=sender.device).beat()


def wrong_token(sender: Sender) -> Request:
    device_token_create(device=sender.device)
    text = f"Device {sender.device.key}.{'A' * 43}"
    return replace(sender.beat(), authorization=text)


def without(part: str) -> Change:
    def change(sender: Sender) -> Request:
        request = sender.beat()
        parts = str(request.authorization).partition(" ")[2].split(", ")
        kept = ", ".join(row for row in parts if not row.startswith(part))
        return replace(request, authorization=f"HMAC-SHA256 {kept}")

    return change


REFUSALS: list[tuple[str, Change]] = [
    ("forged", lambda sender: replace(sender, secret="ab" * 32).beat()),
    ("forged", of_another_device),
    ("forged", lambda sender: replace(sender.beat(), body=BEAT + b" ")),
    ("forged", lambda sender: replace(sender.beat(), target=SNAPSHOTS)),
    ("forged", lambda sender: replace(sender.beat(), target=f"{HEARTBEAT}?a=1")),
    ("forged", lambda sender: replace(sender.beat(), method="GET")),
    ("forged", lambda sender: sender.beat(method="PUT")),
    ("forged", rotated_away),
    ("forged", wrong_token),
    ("late", lambda sender: sender.beat(ago=330)),
    ("late", lambda sender: sender.beat(ago=-330)),
    ("replayed", replayed),
    ("revoked", revoked),
    ("unknown_key", lambda sender: replace(sender, device=Device(key="dev_0")).beat()),
    ("missing", lambda sender: replace(sender.beat(), authorization=None)),
    ("missing", lambda sender: replace(sender.beat(), authorization="Token abc")),
    ("malformed", lambda sender: replace(sender.beat(), authorization="Device x")),
    ("malformed", without("time")),
    ("malformed", without("nonce")),
    ("malformed", without("signature")),
    ("malformed", without("key")),
    ("malformed", lambda sender: sender.beat(nonce="short")),
]


@pytest.mark.parametrize(("reason", "change"), REFUSALS)
def test_a_message_is_refused_and_only_the_log_says_why(
    sender: Sender, caplog: pytest.LogCaptureFixture, reason: str, change: Change
) -> None:
    answer = change(sender).sent()
    assert (answer.status_code, answer.json()) == (401, REFUSED)
    assert answer["WWW-Authenticate"] == "HMAC-SHA256"
    assert f"device message refused: reason={reason} " in caplog.text
    assert sender.secret not in caplog.text
    counted = list(DeviceRefusal.objects.values_list("reason", "count"))
    named = reason in DeviceRefusal.Reason.values
    assert counted == ([(reason, 1)] if named else [])


def test_refusals_of_one_reason_are_counted(sender: Sender) -> None:
    for _ in range(3):
        replace(sender, secret="ab" * 32).beat().sent()
    assert DeviceRefusal.objects.get().count == 3


def test_a_message_for_another_camera_is_refused_without_detail(
    sender: Sender, person: Person, caplog: pytest.LogCaptureFixture
) -> None:
    other = Camera.objects.create(name="Desk 2", person=person)
    bodies = []
    for camera in (other.pk, 999_999, "x"):
        target = f"{HEARTBEAT}?camera={camera}"
        answer = sender.request(target, BEAT).sent()
        assert answer.status_code == 403
        bodies.append(answer.json())
    assert bodies[0] == bodies[1] == bodies[2]
    assert bodies[0]["error"]["code"] == "permission_denied"
    assert "reason=other_camera" in caplog.text
    own = f"{HEARTBEAT}?camera={sender.device.camera_id}"
    assert sender.request(own, BEAT).sent().status_code == 200


def test_the_previous_secret_counts_until_the_overlap_is_over(
    sender: Sender, clock: time_machine.Traveller
) -> None:
    new = device_rotate(device=sender.device, overlap=timedelta(days=1))
    clock.shift(timedelta(hours=23))
    assert sender.beat().sent().status_code == 200
    assert replace(sender, secret=new.value).beat().sent().status_code == 200
    clock.shift(timedelta(hours=2))
    assert sender.beat().sent().status_code == 401
    assert replace(sender, secret=new.value).beat().sent().status_code == 200


def test_the_window_is_five_minutes_to_both_sides(sender: Sender) -> None:
    for ago in (299, -299):
        assert sender.beat(ago=ago).sent().status_code == 200


def test_a_late_message_tells_it_staff_how_wrong_the_clock_is(sender: Sender) -> None:
    sender.beat(ago=3600).sent()
    sender.device.refresh_from_db()
    assert sender.device.clock_offset == pytest.approx(-3600, abs=1)


def test_nonces_are_kept_as_long_as_their_message_could_come_again(
    sender: Sender, clock: time_machine.Traveller
) -> None:
    early = sender.beat(ago=-int(WINDOW.total_seconds()))
    assert early.sent().status_code == 200
    clock.shift(NONCES_KEPT)
    device_nonces_prune(now=timezone.now())
    assert early.sent().status_code == 401
    assert DeviceNonce.objects.count() == 1
    clock.shift(timedelta(seconds=2))
    assert device_nonces_prune(now=timezone.now()) == 1
    assert early.sent().status_code == 401


def test_two_devices_may_use_the_same_nonce(sender: Sender) -> None:
    other = Sender.of(sender.device.camera, name="Other")
    for one in (sender, other):
        assert one.beat(nonce="n" * 20).sent().status_code == 200


def test_a_token_is_the_simple_way(sender: Sender) -> None:
    token = device_token_create(device=sender.device).value
    request = replace(sender.beat(), authorization=f"Device {token}")
    assert request.sent().status_code == request.sent().status_code == 200
    device_token_create(device=sender.device)
    assert request.sent().status_code == 401


def test_a_revoked_device_keeps_no_secret(sender: Sender) -> None:
    token = device_token_create(device=sender.device).value
    device_revoke(device=sender.device)
    request = replace(sender.beat(), authorization=f"Device {token}")
    assert request.sent().json() == REFUSED
    row = Device.objects.get()
    assert not (bytes(row.sealed_secret) or row.token_digest)


def test_the_secret_is_stored_sealed(sender: Sender) -> None:
    sealed = bytes(Device.objects.get().sealed_secret)
    assert sender.secret.encode() not in sealed
    assert vault.unseal(sealed).decode() == sender.secret


def test_a_secret_that_no_key_opens_is_said_in_the_log(
    sender: Sender, caplog: pytest.LogCaptureFixture
) -> None:
    Device.objects.update(sealed_secret=b"0" * 60)
    assert sender.beat().sent().json() == REFUSED
    assert "no key in IMAGE_KEYS opens the secret" in caplog.text


def test_devices_get_nowhere_else(sender: Sender) -> None:
    request = sender.request("/api/v1/people/", b"")
    assert replace(request, method="GET").sent().status_code == 401


def test_the_example_of_the_guide_is_right() -> None:
    """Its signature was computed with `openssl dgst -sha256 -mac HMAC`."""
    blocks = re.findall(r"```text\n(.*?)\n```", GUIDE.read_text(), re.DOTALL)
    secret = re.search(r"secret `([0-9a-f]{64})`", GUIDE.read_text())
    assert secret is not None
    method, target, moment, nonce, _ = blocks[0].splitlines()
    message = Message(method, target, int(moment), nonce, b"a picture")
    assert message.canonical().decode() == blocks[0]
    shown = header("dev_0123456789abcdef", secret[1], message)
    assert blocks[1] == f"Authorization: {shown}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "key=a",
        "key=a, key=a, time=1, nonce=aaaaaaaaaaaaaaaa, signature=" + "a" * 64,
        "key=a, time=-1, nonce=aaaaaaaaaaaaaaaa, signature=" + "a" * 64,
        "key=a, time=1, nonce=aaaaaaaaaaaaaaaa, signature=" + "A" * 64,
        "key=a, time=1, nonce=aaaaaaaaaaaaaaaa, signature=" + "a" * 64 + ", x=1",
    ],
)
def test_other_forms_of_the_header_are_none(text: str) -> None:
    assert parse(text) is None


def test_a_dropped_key_ends_the_old_secret_alone(sender: Sender) -> None:
    new = device_rotate(device=sender.device)
    Device.objects.update(sealed_previous=b"0" * 60)
    assert replace(sender, secret=new.value).beat().sent().status_code == 200
    assert sender.beat().sent().status_code == 401


def test_strangers_make_the_server_read_nothing(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(_: object) -> bytes:
        raise AssertionError("the body was read")

    monkeypatch.setattr("monitor.api.device_auth._body", read)
    stranger = replace(sender, device=Device(key="dev_0"))
    assert stranger.beat().sent().json() == REFUSED
    assert revoked(sender).sent().json() == REFUSED
