"""Our own JSON, signed so that the receiver knows who sent it and when."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time

from monitor.notifications import http
from monitor.notifications.base import Message, Transport, opened

PREFIX = "whsec_"


def new_key() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def signature(key: str, *, id: str, timestamp: int, body: bytes) -> str:
    """HMAC-SHA256 over id, timestamp and body, as in Standard Webhooks 1.0.0.

    https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
    """
    secret = base64.b64decode(key.removeprefix(PREFIX))
    signed = f"{id}.{timestamp}.".encode() + body
    digest = hmac.new(secret, signed, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


class Webhook(Transport):
    """Receivers compare the signature and refuse an old timestamp or a repeated id."""

    def notify(self, message: Message) -> None:
        body = json.dumps(payload(message)).encode()
        now = int(time.time())
        key = opened(self.channel.sealed_key)
        headers = {
            "Content-Type": "application/json",
            "webhook-id": message.id,
            "webhook-timestamp": str(now),
            "webhook-signature": signature(
                key, id=message.id, timestamp=now, body=body
            ),
        }
        http.post(self.address, body, headers)


def payload(message: Message) -> dict[str, object]:
    lines = [
        {"id": line.number, "event": line.topic, "text": line.text, "url": line.url}
        for line in message.lines
    ]
    return {"version": 1, "notifications": lines}
