"""For devices that send pictures themselves; they see nobody's data."""

from __future__ import annotations

import json
from typing import Any

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from monitor.api import device_serializers as serializers
from monitor.api.device_auth import DeviceAuthentication, IsDevice, device_of, signed
from monitor.api.throttling import DeviceThrottle
from monitor.services.device_intake import Sent, device_orders, device_snapshot_accept
from monitor.services.devices import Heartbeat, device_heartbeat
from monitor.services.intake import Refused

CAMERA = OpenApiParameter(
    "camera", int, description="If given, it must be the device's own camera."
)
KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    required=True,
    description="Sending again with the same key answers the first result.",
)
TAKEN_AT = OpenApiParameter(
    "taken_at", OpenApiTypes.DATETIME, required=True, description="ISO 8601 with Z."
)


class DeviceApi(APIView):
    authentication_classes = (DeviceAuthentication,)
    permission_classes = (IsDevice,)
    parser_classes = ()

    def get_throttles(self) -> list[BaseThrottle]:
        return [DeviceThrottle()]


class DeviceSnapshotApi(DeviceApi):
    @extend_schema(
        request={"image/jpeg": OpenApiTypes.BINARY},
        responses={202: serializers.DeviceSnapshotOutput},
        parameters=[TAKEN_AT, KEY, CAMERA],
    )
    def post(self, request: Request) -> Response:
        """Hand in a picture of the device's camera; the body is the picture."""
        given = serializers.DeviceSnapshotInput(
            data={
                "taken_at": request.query_params.get("taken_at"),
                "key": request.headers.get("Idempotency-Key"),
            }
        )
        given.is_valid(raise_exception=True)
        sent = Sent(data=signed(request).body, **given.validated_data)
        accepted = device_snapshot_accept(device=device_of(request), sent=sent)
        output = serializers.DeviceSnapshotOutput(accepted.snapshot)
        answer = Response(output.data, status=202)
        if accepted.replayed:
            answer["Idempotency-Replayed"] = "true"
        return answer


class DeviceHeartbeatApi(DeviceApi):
    @extend_schema(
        request=serializers.HeartbeatInput,
        responses=serializers.OrdersOutput,
        parameters=[CAMERA],
    )
    def post(self, request: Request) -> Response:
        """Say how it goes; the answer is when to take pictures."""
        given = serializers.HeartbeatInput(data=_json(signed(request).body))
        given.is_valid(raise_exception=True)
        device, now = device_of(request), timezone.now()
        heartbeat = Heartbeat(**given.validated_data)
        device_heartbeat(device=device, heartbeat=heartbeat, now=now)
        orders = device_orders(device=device, now=now)
        return Response(serializers.OrdersOutput(orders).data)


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError as exc:
        raise Refused("invalid", "The body is not JSON.") from exc
