"""What happens to a device between two looks at it, and at the edges of a window."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import RequestFactory
from django.utils import timezone
from rest_framework.request import Request

from monitor.api import device_auth
from monitor.models import Camera, Device, Snapshot
from monitor.services.device_intake import Sent, device_snapshot_accept
from monitor.services.devices import (
    WINDOW,
    device_nonces_prune,
    device_revoke,
    device_rotate,
)
from monitor.services.intake import Refused
from tests import images
from tests.monitor.device_messages import HEARTBEAT, Sender


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    whole = timezone.now().replace(microsecond=0)
    with time_machine.travel(whole, tick=False) as traveller:
        yield traveller


@pytest.fixture
def sender(clock: Any, camera: Camera) -> Sender:
    clock.shift(timedelta(hours=1))
    return Sender.of(camera)


def test_a_nonce_is_kept_as_long_as_its_message_counts(
    sender: Sender, clock: Any
) -> None:
    """The time of a message has whole seconds, so its window is one second longer."""
    request = sender.beat(ago=-int(WINDOW.total_seconds()))
    assert request.sent().status_code == 200
    clock.shift(2 * WINDOW + timedelta(milliseconds=500))
    device_nonces_prune(now=timezone.now())
    assert request.sent().status_code == 401


@pytest.mark.parametrize("gone", [False, True])
def test_a_device_revoked_while_its_picture_is_on_the_way(
    sender: Sender, gone: bool
) -> None:
    known = Device.objects.select_related("camera").get()
    device_revoke(device=sender.device)
    if gone:
        Device.objects.all().delete()
    sent = Sent(data=images.jpeg(), taken_at=timezone.now(), key="k1")
    with pytest.raises(Refused) as refused:
        device_snapshot_accept(device=known, sent=sent)
    assert (refused.value.status, refused.value.code) == (401, "authentication_failed")
    assert not Snapshot.objects.exists()


@pytest.mark.parametrize("change", ["revoke", "rotate"])
def test_a_secret_that_ends_while_the_body_comes_in_counts_no_more(
    sender: Sender, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    """The body may take its time; the secret is that of when it was there."""
    read = device_auth._body

    def slowly(request: Request) -> bytes:
        body = read(request)
        if change == "revoke":
            device_revoke(device=sender.device)
        else:
            device_rotate(device=sender.device, overlap=timedelta())
        return body

    monkeypatch.setattr(device_auth, "_body", slowly)
    assert sender.beat().sent().status_code == 401


def test_a_length_that_is_no_number_is_a_bad_request(sender: Sender) -> None:
    request = RequestFactory().post(HEARTBEAT, CONTENT_LENGTH="ten")
    request.META["CONTENT_LENGTH"] = "ten"
    with pytest.raises(Refused) as refused:
        device_auth._body(Request(request))
    assert refused.value.status == 400
