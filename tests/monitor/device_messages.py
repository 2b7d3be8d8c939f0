"""Signed messages as a device sends them, and what tests change in them."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from rest_framework.test import APIClient

from monitor.agent.signature import Message, header, new_nonce
from monitor.models import Camera, Device
from monitor.services.devices import device_create

HEARTBEAT = "/api/v1/device/heartbeat/"
SNAPSHOTS = "/api/v1/device/snapshots/"
BEAT = b'{"agent_version": "1.0", "queue_length": 3, "dropped": 1, "clock_offset": 0.5}'


@dataclass(frozen=True)
class Sender:
    """A device of `camera`, with its secret."""

    device: Device
    secret: str

    @classmethod
    def of(cls, camera: Camera, name: str = "Window sill") -> Sender:
        made = device_create(camera=camera, name=name)
        return cls(made.device, made.value)

    def beat(self, **changed: Any) -> Request:
        return self.request(HEARTBEAT, BEAT, **changed)

    def picture(self, data: bytes, taken_at: datetime, key: str) -> Request:
        text = taken_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        request = self.request(f"{SNAPSHOTS}?taken_at={text}", data)
        return replace(request, headers={"Idempotency-Key": key})

    def request(self, target: str, body: bytes, **changed: Any) -> Request:
        """Signed now, as `changed` says (`ago`: seconds), and sent as signed."""
        moment = int(time.time()) - changed.pop("ago", 0)
        message = Message("POST", target, moment, new_nonce(), body)
        message = replace(message, **changed)
        return Request(target, body, header(self.device.key, self.secret, message))


@dataclass(frozen=True)
class Request:
    """What goes over the wire; tests replace parts of it after it was signed."""

    target: str
    body: bytes
    authorization: str | None
    method: str = "POST"
    headers: dict[str, str] = field(default_factory=dict)

    def sent(self) -> Any:
        headers = self.headers.copy()
        if self.authorization is not None:
            headers["Authorization"] = self.authorization
        return APIClient().generic(
            self.method,
            self.target,
            self.body,  # type: ignore[arg-type]
            content_type="application/octet-stream",
            headers=headers,
        )
