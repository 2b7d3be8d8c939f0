"""One error shape for the whole API: {"error": {"code", "message", "field"}}."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import exception_handler

from monitor.services.intake import Refused

RETRY_AFTER_SECONDS = 30


def body(code: str, message: str, field: str | None = None) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "field": field}}


def handle(exc: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler; an unexpected error stays one (500, logged)."""
    if isinstance(exc, Refused):
        answer = Response(body(exc.code, exc.message, exc.field), status=exc.status)
        wait = exc.retry_after
        if wait is None and exc.status == status.HTTP_503_SERVICE_UNAVAILABLE:
            wait = RETRY_AFTER_SECONDS
        if wait is not None:
            answer["Retry-After"] = str(wait)
        return answer
    if isinstance(exc, Http404):
        exc = exceptions.NotFound("There is no such thing here.")
    elif isinstance(exc, PermissionDenied):
        exc = exceptions.PermissionDenied()
    found = exception_handler(exc, context)  # sets WWW-Authenticate and Retry-After
    if found is None or not isinstance(exc, exceptions.APIException):
        return found
    found.data = body(*_first(exc.get_full_details()))
    return found


def _first(details: Any, field: str | None = None) -> tuple[str, str, str | None]:
    """Code, message and field of the first of DRF's nested details."""
    if isinstance(details, dict) and "code" in details and "message" in details:
        return details["code"], str(details["message"]), field
    if isinstance(details, dict):
        name, inner = next(iter(details.items()))
        return _first(inner, None if name == "non_field_errors" else str(name))
    return _first(details[0], field)
