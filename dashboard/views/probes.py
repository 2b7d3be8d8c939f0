"""Setting a camera up with a test picture, and looking through one that is there."""

from __future__ import annotations

from django.contrib import messages
from django.core import signing
from django.forms.models import model_to_dict
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from dashboard.camera_forms import CameraForm, SourceForm
from dashboard.http import Asked, private
from dashboard.views.cameras import camera_page, manages_cameras, own_camera
from dashboard.words import camera_advice, probe_words
from monitor.models import Camera, CameraProbe
from monitor.room_scoring import FEWEST_FACES
from monitor.services import cameras, probes
from monitor.services.cameras import CameraRefused

# A page that is forgotten must not go on taking pictures of somebody.
LOOK, LONGEST_LOOK = "live look", 300
STOP_POLLING = 286  # what htmx takes as the end of asking
SMALLEST_FACE = 48


@require_http_methods(["GET", "HEAD", "POST"])
@private
@manages_cameras
def camera_add(request: Asked) -> HttpResponse:
    """First what it is; then a test picture; then it is kept."""
    if request.method == "POST":
        form = CameraForm(request.POST)
    else:
        form = CameraForm(initial=tried_before(request))
    if form.is_valid():
        try:
            return redirect(begin(request, form))
        except CameraRefused as exc:
            form.add_error(exc.field if exc.field in form.fields else None, exc.message)
    status = 400 if form.errors else 200
    return render(request, "camera_add.html", {"form": form}, status=status)


def tried_before(request: Asked) -> dict[str, object]:
    """What somebody wrote who comes back from the test picture; never a password."""
    asked = request.GET.get("again", "")
    if not asked.isdecimal():
        return {}
    found = CameraProbe.objects.filter(pk=int(asked[:18]), by=request.user).first()
    return model_to_dict(found, fields=list(CameraForm.base_fields)) if found else {}


def begin(request: Asked, form: CameraForm) -> str:
    """Where to go on: to the test picture, or to a camera that sends its own."""
    draft = form.draft()
    if draft.kind in Camera.FETCHED:
        probe = probes.probe_begin(draft=draft, by=request.user)
        return reverse("camera-probe", args=[probe.pk])
    made = cameras.camera_create(draft=draft)
    messages.success(
        request, "The camera is there. Give the device that sends a key or a token."
    )
    return reverse("camera", args=[made.pk])


@require_POST
@private
@manages_cameras
def camera_source(request: Asked, pk: int) -> HttpResponse:
    """Another address or password, tried before it is kept."""
    found, form = own_camera(request, pk), SourceForm(request.POST)
    if not form.is_valid():
        return camera_page(request, found, source=form)
    try:
        probe = probes.probe_camera(
            camera=found, by=request.user, draft=form.draft_of(found)
        )
    except CameraRefused as exc:
        form.add_error(exc.field if exc.field in form.fields else None, exc.message)
        return camera_page(request, found, source=form)
    return redirect("camera-probe", pk=probe.pk)


@require_safe
@private
@manages_cameras
def probe(request: Asked, pk: int) -> HttpResponse:
    """The whole page, or only its state for the page that waits for it."""
    found = own_probe(request, pk)
    good = found.status == CameraProbe.Status.DONE
    context = {
        "probe": found,
        "words": probe_words(found, smallest=SMALLEST_FACE),
        "advice": camera_advice(found.code),
        "is_good": is_good(found),
        "is_new": found.camera is None,
        "can_keep": good,
    }
    template = "parts/probe_result.html" if request.htmx else "camera_probe.html"
    return render(request, template, context)


def is_good(probe: CameraProbe) -> bool:
    """Whether the faces of the test picture can be read."""
    if probe.team_id:
        return (probe.faces or 0) >= FEWEST_FACES
    return bool(probe.faces) and not probe.reason


@require_safe
@private
@manages_cameras
def probe_picture(request: Asked, pk: int) -> HttpResponse:
    found = own_probe(request, pk)
    if not found.sealed:
        return HttpResponse(status=404)
    try:
        picture = probes.probe_picture(probe=found)
    except CameraRefused:
        return HttpResponse(status=403)
    return HttpResponse(picture, content_type="image/jpeg")


@require_POST
@private
@manages_cameras
def probe_keep(request: Asked, pk: int) -> HttpResponse:
    """Keep the camera as it was tried."""
    found = own_probe(request, pk)
    try:
        made = cameras.camera_from_probe(probe=found)
    except CameraRefused as exc:
        messages.error(request, exc.message)
        return redirect("camera-probe", pk=pk)
    messages.success(request, "The camera is set up; the test picture is deleted.")
    return redirect("camera", pk=made.pk)


def own_probe(request: Asked, pk: int) -> CameraProbe:
    found: CameraProbe = get_object_or_404(
        CameraProbe.objects.select_related("camera", "person", "team"),
        pk=pk,
        by=request.user,
    )
    return found


@require_safe
@private
@manages_cameras
def live(request: Asked, pk: int) -> HttpResponse:
    """Look through a camera: the page asks for one test picture after the other."""
    found = own_camera(request, pk)
    look = signing.dumps(pk, salt=LOOK)
    return render(request, "camera_live.html", {"camera": found, "look": look})


@require_POST
@private
@manages_cameras
def live_next(request: Asked, pk: int) -> HttpResponse:
    """The newest picture of this look, and a new one asked for."""
    found = own_camera(request, pk)
    context: dict[str, object] = {"camera": found}
    if not is_looking(request, pk):
        context["problem"] = "A look ends after five minutes. Reload the page to go on."
        return render(request, "parts/live_picture.html", context, status=STOP_POLLING)
    try:
        seen = probes.live_next(camera=found, by=request.user)
    except CameraRefused as exc:
        context["problem"] = exc.message
    else:
        context["probe"] = seen
        context["words"] = probe_words(seen, smallest=SMALLEST_FACE) if seen else ""
    return render(request, "parts/live_picture.html", context)


def is_looking(request: Asked, pk: int) -> bool:
    """Whether the page that asks was opened for this camera, and not long ago."""
    try:
        look = signing.loads(
            request.POST.get("look", ""), salt=LOOK, max_age=LONGEST_LOOK
        )
    except signing.BadSignature:
        return False
    return bool(look == pk)
