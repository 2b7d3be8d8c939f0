"""Readings that a person's own browser made: only by its session, only their own."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from inference import Box, EmotionScores, Quality
from monitor.api import serializers
from monitor.api.throttling import UploadThrottle
from monitor.api.views import account, idempotency_key
from monitor.services.browser_readings import BrowserReading, browser_reading_accept


class ReadingCreateApi(APIView):
    # A token would be a program's, and this is about somebody who sits there.
    authentication_classes = (SessionAuthentication,)

    def get_throttles(self) -> list[BaseThrottle]:
        return [UploadThrottle()]

    @extend_schema(
        request=serializers.BrowserReadingInput,
        responses={201: serializers.ReadingOutput},
        parameters=[
            OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER),
        ],
    )
    def post(self, request: Request) -> Response:
        """Hand in what the browser read in the sender's own face; no picture."""
        given = serializers.BrowserReadingInput(data=request.data)
        given.is_valid(raise_exception=True)
        accepted = browser_reading_accept(
            given=reading(given.validated_data, idempotency_key(request)),
            by=account(request),
        )
        stored = accepted.snapshot.readings.get(face_index=0)
        answer = Response(serializers.ReadingOutput(stored).data, status=201)
        if accepted.replayed:
            answer["Idempotency-Replayed"] = "true"
        return answer


def reading(given: dict[str, Any], key: str | None) -> BrowserReading:
    try:
        probabilities = EmotionScores(**given["probabilities"])
    except ValueError as exc:
        raise ValidationError({"probabilities": str(exc)}) from exc
    return BrowserReading(
        model=given["model"],
        box=Box(*given["box"]),
        quality=Quality(**given["quality"]),
        probabilities=probabilities,
        other=given["other"],
        faces=given["faces"],
        taken_at=given["taken_at"],
        idempotency_key=key,
    )
