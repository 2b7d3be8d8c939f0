"""Videos through the API: announced, sent in parts, completed, then looked at."""

from __future__ import annotations

from typing import IO, Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from monitor.api import video_serializers as serializers
from monitor.api.views import account
from monitor.models import AccessEntry, Person, Video
from monitor.services import videos
from monitor.services.access import access_record
from monitor.services.intake import Refused
from monitor.video_selectors import video_page


class PartParser(BaseParser):
    """The bytes as they are, and never more than a part has."""

    media_type = "application/octet-stream"

    def parse(self, stream: IO[bytes], *_: Any, **__: Any) -> dict[str, bytes]:
        return {"part": stream.read(videos.PART + 1)}


class VideoListApi(APIView):
    @extend_schema(
        request=serializers.VideoInput, responses={201: serializers.VideoOutput}
    )
    def post(self, request: Request) -> Response:
        """Announce a video; then send its parts, each of `part_bytes` but the last."""
        given = serializers.VideoInput(data=request.data)
        given.is_valid(raise_exception=True)
        data = given.validated_data
        people = Person.objects.may_receive_from(account(request))
        person = people.named(data.pop("person")).first()
        if person is None:
            raise Refused(
                "unknown_person", "There is no such person.", status=404, field="person"
            )
        video = videos.video_begin(
            person=person, film=videos.Film(**data), by=account(request)
        )
        return Response(serializers.VideoOutput(video).data, status=201)


class VideoPartApi(APIView):
    parser_classes = (PartParser,)

    @extend_schema(
        request={"application/octet-stream": OpenApiTypes.BINARY}, responses={204: None}
    )
    def put(self, request: Request, pk: int, number: int) -> Response:
        """Store one part, numbered from 0; sending it again is no harm."""
        video = get_object_or_404(own_videos(request), pk=pk)
        part = request.data
        data = part["part"] if isinstance(part, dict) else b""
        videos.video_part_add(video=video, number=number, data=data)
        return Response(status=204)


class VideoCompleteApi(APIView):
    @extend_schema(request=None, responses={202: serializers.VideoOutput})
    def post(self, request: Request, pk: int) -> Response:
        """All parts are there: read it."""
        video = get_object_or_404(own_videos(request), pk=pk)
        videos.video_complete(video=video)
        video.refresh_from_db()
        return Response(serializers.VideoOutput(video).data, status=202)


class VideoDetailApi(APIView):
    @extend_schema(responses=serializers.VideoTimelineOutput)
    def get(self, request: Request, pk: int) -> Response:
        """How far it is, and what was read from each picture so far."""
        visible = Video.objects.visible_to(account(request)).select_related("person")
        video = get_object_or_404(visible, pk=pk)
        access_record(
            actor=account(request), people=[video.person], action=AccessEntry.Action.API
        )
        page = video_page(video=video)
        return Response(
            serializers.VideoTimelineOutput({"video": video, "page": page}).data
        )


def own_videos(request: Request) -> QuerySet[Video]:
    """Those that the account itself announced."""
    return Video.objects.filter(submitted_by=account(request))
