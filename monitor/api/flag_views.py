"""Flags through the API: reading them, and what reviewers and the person do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer, Serializer
from rest_framework.views import APIView

from monitor.api import serializers
from monitor.api.views import account
from monitor.models import AccessEntry, Flag, Organisation
from monitor.periods import local_day
from monitor.review_selectors import About, queue_rows
from monitor.services import flags
from monitor.services.access import access_record
from monitor.services.flags import Conclusion, FlagChangeRefused
from monitor.services.intake import Refused


class FlagListApi(generics.ListAPIView[Flag]):
    """Flags of people whom the user may see, newest first."""

    serializer_class = serializers.FlagOutput
    filterset_fields = ("status", "person", "kind", "outcome")
    queryset = Flag.objects.none()

    def get_queryset(self) -> QuerySet[Flag]:
        found: QuerySet[Flag] = visible(self.request)
        return found

    def get_serializer(self, *args: Any, **kwargs: Any) -> BaseSerializer[Flag]:
        """Write the looks down here: this is where the page's people are known."""
        if args and kwargs.get("many"):
            access_record(
                actor=account(self.request),
                people={flag.person_id for flag in args[0]},
                action=AccessEntry.Action.API,
            )
            kwargs["context"] = {**self.get_serializer_context(), "now": now(args[0])}
        return super().get_serializer(*args, **kwargs)


class FlagDetailApi(APIView):
    @extend_schema(responses=serializers.FlagOutput)
    def get(self, request: Request, pk: int) -> Response:
        """One flag with its history."""
        return answer(request, pk)


class FlagChangeApi(APIView, ABC):
    """One change: validate, call the service, answer the flag as it is now."""

    input: type[Serializer[Any]]
    for_reviewers = True

    @abstractmethod
    def change(self, flag: Flag, given: dict[str, Any]) -> object:
        """Do it with what was given; raises FlagChangeRefused."""

    def handle(self, request: Request, pk: int) -> Response:
        if self.for_reviewers and not account(request).has_perm("monitor.change_flag"):
            raise PermissionDenied
        flag = get_object_or_404(visible(request), pk=pk)
        given = self.input(data=request.data)
        given.is_valid(raise_exception=True)
        try:
            self.change(flag, given.validated_data)
        except FlagChangeRefused as exc:
            raise Refused("change_refused", f"{exc}.".capitalize(), status=409) from exc
        return answer(request, pk)


class FlagAcknowledgeApi(FlagChangeApi):
    input = serializers.FlagNoteInput

    @extend_schema(request=input, responses=serializers.FlagOutput)
    def post(self, request: Request, pk: int) -> Response:
        """Say that somebody has seen it."""
        return self.handle(request, pk)

    def change(self, flag: Flag, given: dict[str, Any]) -> object:
        by = account(self.request)
        return flags.flag_acknowledge(flag=flag, by=by, note=given["note"])


class FlagReviewApi(FlagChangeApi):
    input = serializers.FlagNoteInput

    @extend_schema(request=input, responses=serializers.FlagOutput)
    def post(self, request: Request, pk: int) -> Response:
        """Start a review; from now on the rule leaves the flag alone."""
        return self.handle(request, pk)

    def change(self, flag: Flag, given: dict[str, Any]) -> object:
        by = account(self.request)
        return flags.flag_review(flag=flag, by=by, note=given["note"])


class FlagConcludeApi(FlagChangeApi):
    input = serializers.FlagConclusionInput

    @extend_schema(request=input, responses=serializers.FlagOutput)
    def post(self, request: Request, pk: int) -> Response:
        """Close it with an outcome, what was found and what was agreed."""
        return self.handle(request, pk)

    def change(self, flag: Flag, given: dict[str, Any]) -> object:
        conclusion = Conclusion(**given)
        by = account(self.request)
        return flags.flag_conclude(flag=flag, by=by, conclusion=conclusion)


class FlagAnswerApi(FlagChangeApi):
    input = serializers.FlagAnswerInput
    for_reviewers = False

    @extend_schema(request=input, responses=serializers.FlagOutput)
    def post(self, request: Request, pk: int) -> Response:
        """The person's own words; nobody else may answer."""
        return self.handle(request, pk)

    def change(self, flag: Flag, given: dict[str, Any]) -> object:
        by = account(self.request)
        return flags.flag_answer(flag=flag, by=by, text=given["text"])


def visible(request: Request) -> QuerySet[Flag]:
    """What was raised of people whom the user may see."""
    found: QuerySet[Flag] = Flag.objects.raised().visible_to(account(request))
    return found.select_related("person").prefetch_related("events__answer")


def answer(request: Request, pk: int) -> Response:
    flag = get_object_or_404(visible(request), pk=pk)
    access_record(
        actor=account(request), people=[flag.person_id], action=AccessEntry.Action.API
    )
    return Response(serializers.FlagOutput(flag, context={"now": now([flag])}).data)


def now(found: Sequence[Flag]) -> dict[int, About]:
    """By id of the flag, its ratio of the last ten working days; in two queries."""
    today = local_day(timezone.now(), Organisation.current().tz)
    return {row.flag.pk: row.now for row in queue_rows(found, today=today)}
