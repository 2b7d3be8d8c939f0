"""What became of one picture."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from dashboard.charts import face_map
from dashboard.http import Asked, private
from dashboard.words import STATES, reason_words
from monitor.models import AccessEntry, Reading, Snapshot
from monitor.services.access import access_record


@require_safe
@private
def snapshot(request: Asked, pk: int) -> HttpResponse:
    """The whole page, or only the result for the page that waits for it."""
    visible = Snapshot.objects.visible_to(request.user)
    found: Snapshot = get_object_or_404(
        visible.select_related("person__team", "camera"), pk=pk
    )
    person = found.person
    if person and (found.is_finished or not request.htmx):
        access_record(
            actor=request.user,
            people=[person],
            action=AccessEntry.Action.SNAPSHOT,
        )
    readings = list(found.readings.order_by("face_index", "pk"))
    context = {
        "snapshot": found,
        "person": person,
        "state": STATES[Snapshot.Status(found.status)],
        "reason": reason_words(found.reason),
        "readings": readings,
        "faces": face_map([box_of(each) for each in readings]) if readings else "",
    }
    template = "parts/snapshot_result.html" if request.htmx else "snapshot.html"
    return render(request, template, context)


def box_of(reading: Reading) -> tuple[int, int, int, int, bool]:
    return (
        reading.box_x,
        reading.box_y,
        reading.box_width,
        reading.box_height,
        reading.counted,
    )
