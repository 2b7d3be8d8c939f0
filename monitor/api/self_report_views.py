"""People's own answers through the API: only their own, to be read and added to."""

from __future__ import annotations

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response

from monitor.api import serializers
from monitor.api.views import account
from monitor.models import AccessEntry, Person, SelfReport
from monitor.services.access import access_record
from monitor.services.self_reports import self_report_record


class SelfReportListApi(generics.ListAPIView[SelfReport]):
    """One's own self-reports, newest first."""

    serializer_class = serializers.SelfReportOutput
    queryset = SelfReport.objects.none()

    def get_queryset(self) -> QuerySet[SelfReport]:
        person = own_person(self.request)
        access_record(
            actor=account(self.request), people=[person], action=AccessEntry.Action.API
        )
        return person.self_reports.all()

    @extend_schema(
        request=serializers.SelfReportInput,
        responses={201: serializers.SelfReportOutput},
    )
    def post(self, request: Request) -> Response:
        """Answer "right now I feel stressed", 0 (not at all) to 4 (very much)."""
        given = serializers.SelfReportInput(data=request.data)
        given.is_valid(raise_exception=True)
        report = self_report_record(
            person=own_person(request),
            by=account(request),
            value=given.validated_data["value"],
        )
        return Response(serializers.SelfReportOutput(report).data, status=201)


def own_person(request: Request) -> Person:
    user = account(request)
    own: Person = get_object_or_404(Person.objects.visible_to(user), user=user)
    return own
