"""Who a device is: its signature, or its token. Every refusal answers the same.

Why a message was refused stands in the log and is counted for IT. The answer would only
tell a forger which step to take next.
"""

from __future__ import annotations

import hmac
import logging
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from monitor import vault
from monitor.agent import signature
from monitor.agent.signature import SCHEME, Credentials, Message
from monitor.models import Device, DeviceRefusal
from monitor.services import devices
from monitor.services.intake import Refused

log = logging.getLogger(__name__)

TOKEN_SCHEME = "Device"  # noqa: S105
TOKEN = re.compile(r"\A(dev_[0-9a-f]{16})\.([A-Za-z0-9_-]{43})\Z")

Reason = DeviceRefusal.Reason


@dataclass(frozen=True, slots=True)
class Signed:
    """A message that was accepted; the body was read to check it, so it is here."""

    device: Device
    body: bytes = field(repr=False)


class DeviceAuthentication(BaseAuthentication):
    """`Authorization: HMAC-SHA256 key=…, time=…, nonce=…, signature=…`, or a token."""

    def authenticate(self, request: Request) -> tuple[AnonymousUser, Signed]:
        scheme, _, rest = request.headers.get("Authorization", "").partition(" ")
        now = timezone.now()
        if scheme == SCHEME:
            message = _by_signature(request, rest, now)
        elif scheme == TOKEN_SCHEME:
            message = _by_token(request, rest)
        else:
            refuse("missing")
        devices.device_seen(device=message.device, now=now)
        return AnonymousUser(), message

    def authenticate_header(self, request: Request) -> str:
        return SCHEME


class IsDevice(BasePermission):
    """The device of the message, and no camera named but its own."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        device = device_of(request)
        named = request.query_params.get("camera", str(device.camera_id))
        if named == str(device.camera_id):
            return True
        note(Reason.OTHER_CAMERA, device)
        return False


def signed(request: Request) -> Signed:
    message = request.auth
    assert isinstance(message, Signed)  # noqa: S101 nothing else authenticates here
    return message


def device_of(request: Request) -> Device:
    return signed(request).device


def refuse(reason: str, device: Device | None = None) -> NoReturn:
    note(reason, device)
    raise AuthenticationFailed("This message is not accepted.")


def note(reason: str, device: Device | None) -> None:
    """The log names the device by its public key; a key that nobody has is left out."""
    log.warning(
        "device message refused: reason=%s key=%s",
        str(reason),
        device.key if device else "-",
    )
    if device:
        devices.device_refusal_record(device=device, reason=reason, now=timezone.now())


def _known_with_body(key: str, request: Request) -> tuple[Device, bytes]:
    """Asked before the body is read, so strangers make the server read nothing, and

    once more after it: a body may take its time, and a secret may end meanwhile.
    """
    _known(key)
    body = _body(request)
    return _known(key), body


def _known(key: str) -> Device:
    device = Device.objects.select_related("camera").filter(key=key).first()
    if device is None:
        refuse("unknown_key")
    if device.is_revoked:
        refuse(Reason.REVOKED, device)
    return device


def _body(request: Request) -> bytes:
    """Read once and here: Django keeps no body of this length, and DRF parses none."""
    try:
        length = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError as exc:
        raise Refused("invalid", "Content-Length is not a number.") from exc
    if length > settings.UPLOAD_LIMIT:
        raise Refused("too_large", "At most 10 MB are accepted.", status=413)
    body: bytes = request._request.read()
    return body


def _by_signature(request: Request, parameters: str, now: datetime) -> Signed:
    given = signature.parse(parameters)
    if given is None:
        refuse("malformed")
    device, body = _known_with_body(given.key, request)
    message = Message(
        request.method or "", _target(request), given.time, given.nonce, body
    )
    if not _fits(device, given, message, now):
        refuse(Reason.FORGED, device)
    ahead = datetime.fromtimestamp(given.time, tz=UTC) - now
    # The time of a message has whole seconds.
    if not -devices.WINDOW - timedelta(seconds=1) < ahead <= devices.WINDOW:
        devices.device_late(device=device, ahead=ahead)
        refuse(Reason.LATE, device)
    if not devices.nonce_take(device=device, nonce=given.nonce, now=now):
        refuse(Reason.REPLAYED, device)
    return Signed(device, body)


def _fits(device: Device, given: Credentials, message: Message, now: datetime) -> bool:
    """Whether one of the secrets that count now made the signature."""
    try:
        known = devices.device_secrets(device, now=now)
    except vault.PictureLocked:
        log.exception("no key in IMAGE_KEYS opens the secret of %s", device.key)
        refuse("locked")
    fits = [
        hmac.compare_digest(signature.signature(secret, message), given.signature)
        for secret in known
    ]
    return any(fits)


def _target(request: Request) -> str:
    """Path and query as the device wrote them."""
    query = request.META.get("QUERY_STRING", "")
    return f"{request.path}?{query}" if query else request.path


def _by_token(request: Request, text: str) -> Signed:
    match = TOKEN.match(text)
    if match is None:
        refuse("malformed")
    device, body = _known_with_body(match[1], request)
    if not hmac.compare_digest(device.token_digest, devices.token_digest(match[2])):
        refuse(Reason.FORGED, device)
    return Signed(device, body)


class DeviceSchemes(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the OpenAPI description names the two ways."""

    target_class = DeviceAuthentication
    name = ["deviceSignature", "deviceToken"]  # noqa: RUF012

    def get_security_requirement(self, auto_schema: Any) -> list[dict[str, list[Any]]]:
        return [{name: []} for name in self.name]  # one of them is enough

    def get_security_definition(self, auto_schema: Any) -> list[dict[str, str]]:
        place = {"type": "apiKey", "in": "header", "name": "Authorization"}
        sign = f"`{SCHEME} key=…, time=…, nonce=…, signature=…`; see docs/api.md."
        token = f"`{TOKEN_SCHEME} …`: the token of a device that cannot sign."
        return [place | {"description": text} for text in (sign, token)]
