"""Sending pictures as a device would, with nothing but the standard library."""

from __future__ import annotations

import http.client
import json
import uuid
from dataclasses import dataclass
from typing import Any


@dataclass
class Client:
    """One connection that is kept open and opened again when it breaks."""

    port: int
    token: str
    connection: http.client.HTTPConnection | None = None

    def post(self, picture: bytes, *, person: int, key: str) -> tuple[int, Any]:
        boundary = uuid.uuid4().hex
        body = multipart(picture, person=person, boundary=boundary)
        headers = {
            "Authorization": f"Token {self.token}",
            "Content-Type": f"multipart/form-data; boundary={boundary}",
            "Idempotency-Key": key,
        }
        return self.request("POST", "/api/v1/snapshots/", body, headers)

    def request(
        self, method: str, path: str, body: bytes, headers: dict[str, str]
    ) -> tuple[int, Any]:
        if self.connection is None:
            self.connection = http.client.HTTPConnection(
                "127.0.0.1", self.port, timeout=60
            )
        try:
            self.connection.request(method, path, body, headers)
            answer = self.connection.getresponse()
            return answer.status, json.loads(answer.read())
        except (OSError, http.client.HTTPException):
            self.connection.close()
            self.connection = None
            raise


def multipart(picture: bytes, *, person: int, boundary: str) -> bytes:
    head = (
        f"--{boundary}\r\n"
        f'Content-Disposition: form-data; name="person"\r\n\r\n{person}\r\n'
        f"--{boundary}\r\n"
        'Content-Disposition: form-data; name="image"; filename="a.jpg"\r\n'
        "Content-Type: image/jpeg\r\n\r\n"
    )
    return head.encode() + picture + f"\r\n--{boundary}--\r\n".encode()
