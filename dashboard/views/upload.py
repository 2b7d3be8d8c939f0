"""Sending pictures by hand; the page talks to the API, as any other client does."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from dashboard.http import Asked, private
from dashboard.words import EMOTION_NAMES, FACE_REASONS, PICTURE_REASONS
from monitor.models import Person


@require_safe
@private
def upload(request: Asked) -> HttpResponse:
    allowed = Person.objects.may_receive_from(request.user)
    visible = Person.objects.visible_to(request.user).select_related("team")
    wanted = request.GET.get("person", "")
    context = {
        "people": list(visible.filter(pk__in=allowed)),
        "chosen": int(wanted) if wanted.isdecimal() else None,
        "limit": settings.UPLOAD_LIMIT,
        "reasons": FACE_REASONS | PICTURE_REASONS,
        "emotions": EMOTION_NAMES,
    }
    return render(request, "upload.html", context)
