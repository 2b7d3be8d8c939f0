"""Thin: validate in, call one function, serialize out.

Whoever may not see somebody gets the same 404 as for somebody who does not exist.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics
from rest_framework.exceptions import PermissionDenied
from rest_framework.parsers import FormParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from monitor import selectors, team_selectors
from monitor.api import serializers
from monitor.api.throttling import UploadThrottle
from monitor.models import (
    AccessEntry,
    Organisation,
    Person,
    Reading,
    Snapshot,
    Team,
)
from monitor.periods import Period, last_working_days, local_day
from monitor.services.access import access_record
from monitor.services.intake import Refused, Upload, snapshot_accept

KEY_LENGTH = 200
WINDOW_DAYS = 10
MULTIPART_OVERHEAD = 64 * 1024
PERIOD = [
    OpenApiParameter("from", str, description="First day, YYYY-MM-DD."),
    OpenApiParameter("to", str, description="Last day, YYYY-MM-DD."),
]


def account(request: Request) -> User:
    """The signed-in user; the default permission lets nobody else in."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def seen_person(request: Request, pk: int) -> Person:
    """A person whom the user may see; looking is written down."""
    people = Person.objects.visible_to(account(request)).select_related("team")
    person: Person = get_object_or_404(people, pk=pk)
    access_record(
        actor=account(request), people=[person], action=AccessEntry.Action.API
    )
    return person


def period_of(request: Request) -> Period:
    """The period of `?from=&to=`; without, the window of the overview."""
    given = serializers.PeriodInput(data=request.query_params)
    given.is_valid(raise_exception=True)
    tz = Organisation.current().tz
    last = given.validated_data.get("to") or local_day(timezone.now(), tz)
    first = given.validated_data.get("from") or last_working_days(WINDOW_DAYS, last)[0]
    if first > last:
        raise Refused("invalid", "The period begins after today.", field="from")
    return Period.days(first, last, tz)


def source_of(request: Request, *, is_session: bool) -> str:
    """A token is a program's; a browser's cookie comes from one of two pages."""
    if request.auth is not None:
        return Snapshot.Source.API
    return Snapshot.Source.SESSION if is_session else Snapshot.Source.UPLOAD


def idempotency_key(request: Request) -> str | None:
    key = request.headers.get("Idempotency-Key") or None
    if key and len(key) > KEY_LENGTH:
        raise Refused(
            "invalid",
            f"An Idempotency-Key has at most {KEY_LENGTH} characters.",
            field="Idempotency-Key",
        )
    return key


class SnapshotListApi(APIView):
    parser_classes = (MultiPartParser, FormParser)

    def get_throttles(self) -> list[BaseThrottle]:
        return [UploadThrottle()]

    @extend_schema(
        request={"multipart/form-data": serializers.SnapshotInput},
        responses={202: serializers.AcceptedOutput},
        parameters=[
            OpenApiParameter(
                "Idempotency-Key",
                str,
                OpenApiParameter.HEADER,
                description="Sending again with the same key answers the first result.",
            )
        ],
    )
    def post(self, request: Request) -> Response:
        """Hand a picture in; the answer comes before the analysis."""
        length = int(request.META.get("CONTENT_LENGTH") or 0)
        if length > settings.UPLOAD_LIMIT + MULTIPART_OVERHEAD:
            raise Refused(
                "too_large", "At most 10 MB are accepted.", status=413, field="image"
            )
        given = serializers.SnapshotInput(data=request.data)
        given.is_valid(raise_exception=True)
        accepted = snapshot_accept(
            upload=self.upload(request, given.validated_data), by=account(request)
        )
        answer = Response(
            serializers.AcceptedOutput(accepted.snapshot).data, status=202
        )
        if accepted.replayed:
            answer["Idempotency-Replayed"] = "true"
        return answer

    def upload(self, request: Request, given: dict[str, Any]) -> Upload:
        taken_at: datetime | None = given.get("taken_at")
        return Upload(
            data=given["image"].read(),
            person=given["person"].strip(),
            camera=given["camera"].strip(),
            taken_at=taken_at,
            idempotency_key=idempotency_key(request),
            source=source_of(request, is_session=given["session"]),
        )


class SnapshotDetailApi(APIView):
    @extend_schema(responses=serializers.SnapshotOutput)
    def get(self, request: Request, pk: int) -> Response:
        """State and result of one picture."""
        visible = Snapshot.objects.visible_to(account(request))
        snapshot: Snapshot = get_object_or_404(
            visible.prefetch_related("readings"), pk=pk
        )
        if snapshot.is_finished and snapshot.person_id:
            access_record(
                actor=account(request),
                people=[snapshot.person_id],
                action=AccessEntry.Action.SNAPSHOT,
            )
        return Response(serializers.SnapshotOutput(snapshot).data)


class PersonListApi(generics.ListAPIView[Person]):
    """People whose data the user may see; names only."""

    serializer_class = serializers.PersonOutput
    filterset_fields = ("team", "number")
    queryset = Person.objects.none()

    def get_queryset(self) -> QuerySet[Person]:
        visible: QuerySet[Person] = Person.objects.visible_to(account(self.request))
        return visible.select_related("team")


class PersonDetailApi(APIView):
    @extend_schema(responses=serializers.PersonOutput)
    def get(self, request: Request, pk: int) -> Response:
        return Response(serializers.PersonOutput(seen_person(request, pk)).data)


class PersonRatiosApi(APIView):
    @extend_schema(parameters=PERIOD, responses=serializers.RatiosOutput)
    def get(self, request: Request, pk: int) -> Response:
        """Stress and happiness ratio of a period with intervals and verdict."""
        period = period_of(request)
        person = seen_person(request, pk)
        ratios = selectors.person_ratios(person=person, period=period)
        return Response(
            {
                "person": person.pk,
                "from": period.first_day,
                "to": period.last_day,
                **serializers.RatiosOutput(ratios).data,
            }
        )


class PersonReadingsApi(generics.ListAPIView[Reading]):
    """Readings of a person, newest first."""

    serializer_class = serializers.ReadingOutput
    filterset_fields = ("usable", "counted", "model")
    queryset = Reading.objects.none()

    @extend_schema(parameters=PERIOD)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[Reading]:
        readings = Reading.objects.for_person(
            seen_person(self.request, self.kwargs["pk"])
        )
        if {"from", "to"} & set(self.request.query_params):
            readings = readings.for_period(period_of(self.request))
        newest: QuerySet[Reading] = readings.order_by("-taken_at", "-pk")
        return newest.select_related("snapshot")


class TeamListApi(generics.ListAPIView[Team]):
    """Teams whose figures the user may see."""

    serializer_class = serializers.TeamOutput
    queryset = Team.objects.none()

    def get_queryset(self) -> QuerySet[Team]:
        visible: QuerySet[Team] = Team.objects.visible_to(account(self.request))
        return visible


class TeamRatiosApi(APIView):
    @extend_schema(parameters=PERIOD, responses=serializers.TeamRatiosOutput)
    def get(self, request: Request, pk: int) -> Response:
        """Figures of a team for each fortnight within a period, else for the last one.

        Fortnights are fixed and not added up: other figures could be subtracted from
        each other until one person is left.
        """
        user = account(request)
        team: Team = get_object_or_404(Team.objects.visible_to(user), pk=pk)
        asked = {"from", "to"} & set(request.query_params)
        period = period_of(request) if asked else None
        blocks = team_selectors.team_blocks(user=user, team=team, period=period)
        if period and not blocks:
            raise Refused(
                "no_whole_block",
                "Team figures are made for fixed fortnights, once they are over; the"
                " period holds none of this team. Without a period the last is given.",
                field="from",
            )
        return Response(
            serializers.TeamRatiosOutput({"team": team.pk, "blocks": blocks}).data
        )
