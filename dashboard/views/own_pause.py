"""People stop and start the pictures of themselves."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from dashboard.http import Asked, private
from monitor.models import Pause, Person
from monitor.services.camera_schedule import Time, pause_begin, pause_end


@require_POST
@private
def pause(request: Asked) -> HttpResponse:
    """Pause all cameras of one's own desk at once, or go on."""
    visible = Person.objects.visible_to(request.user)
    own: Person = get_object_or_404(visible, user=request.user)
    lasting = own_pauses(own)
    if request.POST.get("go_on") != "1":
        now = Time(timezone.now())
        pause_begin(person=own, time=now, reason=Pause.Reason.PERSON, by=request.user)
        messages.success(
            request, "Paused. No camera takes pictures of you from now on."
        )
    else:
        for each in lasting:
            pause_end(pause=each, by=request.user)
        messages.success(request, "Your cameras take pictures again.")
    return redirect("person", pk=own.pk)


def own_pauses(person: Person) -> list[Pause]:
    """Pauses that this person made and has not ended."""
    return list(
        Pause.objects.filter(
            person=person, reason=Pause.Reason.PERSON, ends_at__isnull=True
        )
    )
