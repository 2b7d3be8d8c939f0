"""Signed messages to the server, and what its answers mean for a picture."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum, auto
from urllib.parse import urlencode, urlsplit

from monitor.agent.clock import Clock
from monitor.agent.settings import Settings, SettingsProblem
from monitor.agent.signature import Message, header, new_nonce
from monitor.agent.spool import Entry

SECONDS = 20
MOST_ANSWER = 1024 * 1024
LONGEST_WAIT = 3600
SNAPSHOTS = "/api/v1/device/snapshots/"
HEARTBEAT = "/api/v1/device/heartbeat/"
# With these the same picture would be refused again, whenever it comes.
FOR_GOOD = frozenset(
    {
        *("camera_paused", "no_consent", "camera_inactive", "room_camera"),
        *("too_soon", "too_old", "time_in_future", "idempotency_key_reused"),
        *("invalid", "required", "empty_file", "truncated_image", "zero_size"),
        *("too_small", "too_many_pixels", "not_an_image", "unsupported_format"),
    }
)


class Unreachable(Exception):
    """No answer came; whether the message arrived is not known."""


class Verdict(Enum):
    """What becomes of a picture after an answer."""

    ACCEPTED = auto()
    REFUSED = auto()
    LATER = auto()


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes
    code: str = ""
    retry_after: float | None = None
    date: float | None = None

    @property
    def verdict(self) -> Verdict:
        """A code must be the product's own: a proxy's refusal says nothing of it.

        But what a proxy finds too large stays so.
        """
        if self.status == 202:
            return Verdict.ACCEPTED
        if self.status == 413 or (400 <= self.status < 500 and self.code in FOR_GOOD):
            return Verdict.REFUSED
        return Verdict.LATER


class Client:
    """One connection for each message; no redirect is followed."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.settings = settings
        self.clock = clock
        self.url = urlsplit(settings.server)
        try:
            self.context = ssl.create_default_context(cafile=settings.ca_file)
        except OSError as exc:
            raise SettingsProblem(f"ca_file {settings.ca_file}: {exc}") from exc

    def picture(self, entry: Entry, data: bytes) -> Answer:
        taken = datetime.fromtimestamp(entry.taken_at, tz=UTC)
        text = (
            taken.strftime("%Y-%m-%dT%H:%M:%S.") + f"{entry.milliseconds % 1000:03d}Z"
        )
        headers = {"Content-Type": "image/jpeg", "Idempotency-Key": entry.key}
        return self._post(SNAPSHOTS, {"taken_at": text}, data, headers)

    def heartbeat(self, facts: dict[str, object]) -> Answer:
        headers = {"Content-Type": "application/json"}
        return self._post(HEARTBEAT, {}, json.dumps(facts).encode(), headers)

    def _post(
        self, path: str, query: dict[str, str], body: bytes, headers: dict[str, str]
    ) -> Answer:
        if self.settings.camera_id is not None:
            query["camera"] = str(self.settings.camera_id)
        target = self.url.path + path + (f"?{urlencode(query)}" if query else "")
        message = Message("POST", target, int(self.clock.now()), new_nonce(), body)
        headers["Authorization"] = header(
            self.settings.key, self.settings.secret, message
        )
        try:
            return self._sent(message, headers)
        except (OSError, http.client.HTTPException) as exc:
            raise Unreachable(str(exc) or type(exc).__name__) from exc

    def _sent(self, message: Message, headers: dict[str, str]) -> Answer:
        connection = self._connection()
        try:
            connection.request("POST", message.target, message.body, headers)
            answer = connection.getresponse()
            body = answer.read(MOST_ANSWER)
        finally:
            connection.close()
        return Answer(
            status=answer.status,
            body=body,
            code=_code(body),
            retry_after=_read(answer.getheader("Retry-After"), float),
            date=_read(answer.getheader("Date"), _moment),
        )

    def _connection(self) -> http.client.HTTPConnection:
        host = self.url.hostname or ""
        if self.url.scheme == "https":
            return http.client.HTTPSConnection(
                host, self.url.port, timeout=SECONDS, context=self.context
            )
        return http.client.HTTPConnection(host, self.url.port, timeout=SECONDS)


def _moment(text: str) -> float:
    return parsedate_to_datetime(text).timestamp()


def _read(text: str | None, read: Callable[[str], float]) -> float | None:
    try:
        return None if text is None else read(text)
    except ValueError:
        return None


def _code(body: bytes) -> str:
    """Of the product's error shape; empty where the answer has another one."""
    try:
        return str(json.loads(body)["error"]["code"])
    except (ValueError, KeyError, TypeError):
        return ""
