"""Videos: sending one, and what was read from its pictures, in their order."""

from __future__ import annotations

from typing import Any

from chartjs.views.lines import BaseLineChartView
from csp.constants import SELF
from csp.decorators import csp_update
from django.conf import settings
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_safe

from dashboard.http import Asked, private
from dashboard.views.chart import rounded
from dashboard.words import EMOTION_NAMES, reason_words
from monitor.models import AccessEntry, Person, Video
from monitor.services.access import access_record
from monitor.services.videos import PART
from monitor.video_selectors import Point, VideoPage, video_page

SHOWN = 20
EMOTIONS = tuple(EMOTION_NAMES)  # in the order of the probabilities


# The page asks a chosen file how long it is before it is sent.
@csp_update({"media-src": [SELF, "blob:"]})  # type: ignore[arg-type]  # as in session
@require_safe
@private
def videos(request: Asked) -> HttpResponse:
    allowed = Person.objects.may_receive_from(request.user)
    people = Person.objects.visible_to(request.user).select_related("team")
    found = Video.objects.visible_to(request.user).select_related("person")
    context = {
        "people": list(people.filter(pk__in=allowed)),
        "videos": Paginator(found, SHOWN).get_page(request.GET.get("page")),
        "limit": settings.VIDEO_LIMIT,
        "part": PART,
    }
    return render(request, "videos.html", context)


@require_safe
@private
def video(request: Asked, pk: int) -> HttpResponse:
    """The whole page, or only its state for the page that waits for it."""
    found = seen_video(request, pk, noted=not request.htmx)
    page = video_page(video=found)
    context = {
        "video": found,
        "person": found.person,
        "page": page,
        "waits": not found.is_finished or page.finished < len(page.points),
        "reason": reason_words(found.reason),
        "left_out": left_out(page),
        "emotions": EMOTION_NAMES,
    }
    return render(
        request, "parts/video_result.html" if request.htmx else "video.html", context
    )


def seen_video(request: HttpRequest, pk: int, *, noted: bool) -> Video:
    """A video of somebody whom the user may see; looking is written down."""
    visible: QuerySet[Video] = Video.objects.visible_to(request.user)
    found = get_object_or_404(visible.select_related("person__team"), pk=pk)
    if noted:
        access_record(
            actor=request.user, people=[found.person], action=AccessEntry.Action.VIDEO
        )
    return found


def left_out(page: VideoPage) -> dict[str, int]:
    """Why pictures do not count, and how many for each reason."""
    found: dict[str, int] = {}
    for point in page.points:
        if point.finished and not point.counted:
            words = reason_words(point.reason)
            found[words] = found.get(words, 0) + 1
    return dict(sorted(found.items(), key=lambda pair: -pair[1]))


@method_decorator(private, name="dispatch")
class VideoChart(BaseLineChartView):  # type: ignore[misc]
    """The five probabilities and their stress, picture by picture."""

    http_method_names = ("get", "head", "options")
    points: list[Point]

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        found = seen_video(request, kwargs["pk"], noted=False)
        self.points = video_page(video=found).points
        answer: HttpResponse = super().get(request, *args, **kwargs)
        return answer

    def get_labels(self) -> list[float]:
        return [point.seconds for point in self.points]

    def get_providers(self) -> list[str]:
        return ["Stress", *(EMOTION_NAMES[emotion] for emotion in EMOTIONS)]

    def get_data(self) -> list[list[float | None]]:
        """Null where no face was read; `counted` tells apart what is only unsure."""
        read = [point.probabilities or (None,) * 5 for point in self.points]
        return [
            [rounded(point.stress) for point in self.points],
            *([rounded(values[n]) for values in read] for n in range(len(EMOTIONS))),
        ]

    def get_dataset_options(self, index: int, color: tuple[int, ...]) -> dict[str, Any]:
        """The page colours the series, for it knows whether it is light or dark."""
        return {"series": ("stress", *EMOTIONS)[index]}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        context.pop("view", None)
        return context | {"counted": [point.counted for point in self.points]}
