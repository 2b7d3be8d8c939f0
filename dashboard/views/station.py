"""The screen of a check-in station: one device, many people, nobody signed in.

The start page ends whoever stood there before, so a screen that goes back to it is
clear. Nothing in an address or a form names a person or a picture.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from csp.constants import NONCE, SELF
from csp.decorators import csp_update
from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from dashboard.station_forms import ShownForm
from dashboard.views.self_report import SelfReportForm
from dashboard.words import STATES, reason_words
from monitor.models import Snapshot, Station, StationVisit
from monitor.services import stations
from monitor.services.intake import Refused

STATION, VISIT = "station", "station_visit"
A_YEAR = 365 * 24 * 3600
# Without JavaScript the screen is cleared, too, only later.
CLEARED_AFTER = int(stations.VISIT_LASTS.total_seconds())
# The nonce is that of the map of modules; it holds addresses and no code.
SCRIPTS = {"script-src": [SELF, NONCE]}
NOT_KNOWN = (
    "This did not work. Check number and PIN; of your QR codes only the newest counts."
    " After five wrong tries a PIN rests for 15 minutes. Without a current consent no"
    " station lets you in."
)
MODULES = {
    "camera": "js/reading/camera.js",
    "codes": "js/codes.js",
    "qr": "vendor/qr/decode.js",
}
# What the decoder itself imports, by its place beside it.
BESIDE = "vendor/qr/index.js"


def modules() -> dict[str, str]:
    """Where each module lies, by the name that others import it by."""
    folder = static(MODULES["qr"]).rpartition("/")[0]
    named = {name: static(file) for name, file in MODULES.items()}
    return named | {f"{folder}/index.js": static(BESIDE)}


def own_cookie(answer: HttpResponse, name: str, value: str, seconds: int) -> None:
    answer.set_cookie(
        name,
        value,
        max_age=seconds,
        path="/station/",
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Strict",
    )


def at_station(
    view: Callable[[HttpRequest, Station], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Only on a device that IT has set up, and kept by no cache."""

    @never_cache
    def answer(request: HttpRequest) -> HttpResponse:
        token = request.COOKIES.get(STATION, "")
        station = stations.station_of(token=token, now=timezone.now())
        if station is None:
            return render(request, "station_unknown.html", status=403)
        return view(request, station)

    return answer


def visit_here(request: HttpRequest, station: Station) -> StationVisit | None:
    token = request.COOKIES.get(VISIT, "")
    return stations.visit_of(station=station, token=token, now=timezone.now())


@require_http_methods(["GET", "HEAD", "POST"])
@csp_update(SCRIPTS)
@at_station
def start(request: HttpRequest, station: Station) -> HttpResponse:
    """Who are you? Asked anew, whoever stood here before has left."""
    stations.visit_end(station=station)
    form, status = ShownForm(), 200
    if request.method == "POST":
        sent = ShownForm(request.POST)
        if sent.is_valid() and (token := begun(station, sent)):
            answer = redirect("station-visit")
            own_cookie(answer, VISIT, token, CLEARED_AFTER)
            return answer
        status = 403
    problem = NOT_KNOWN if status == 403 else ""
    page = {"form": form, "problem": problem, "modules": modules()}
    response = render(request, "station_start.html", page, status=status)
    own_cookie(response, STATION, request.COOKIES[STATION], A_YEAR)
    response.delete_cookie(VISIT, path="/station/", samesite="Strict")
    return response


def begun(station: Station, form: ShownForm) -> str | None:
    now = timezone.now()
    return stations.visit_begin(station=station, shown=form.shown(), now=now)


@require_safe
@csp_update(SCRIPTS)
@at_station
def visit(request: HttpRequest, station: Station) -> HttpResponse:
    """What is taken and kept, and the choice."""
    found = visit_here(request, station)
    if found is None:
        return redirect("station")
    if found.chosen:
        return redirect("station-result")
    return choices(request, SelfReportForm())


def choices(
    request: HttpRequest, form: SelfReportForm, problem: str = "", status: int = 200
) -> HttpResponse:
    page = {"form": form, "problem": problem, "modules": modules()}
    return cleared(render(request, "station_visit.html", page, status=status))


def cleared(answer: HttpResponse) -> HttpResponse:
    answer["Refresh"] = f"{CLEARED_AFTER}; url=/station/"
    return answer


@require_POST
@at_station
def picture(request: HttpRequest, station: Station) -> HttpResponse:
    """Take the one picture of a visit in; the page then asks for the result."""
    found = visit_here(request, station)
    image = request.FILES.get("image")
    try:
        if found is None:
            raise Refused("visit_over", "Your time is over; begin again.", status=403)
        if image is None:
            raise Refused("image_missing", "There is no picture.", field="image")
        stations.visit_picture(visit=found, data=image.read())
    except Refused as exc:
        return JsonResponse({"message": exc.message}, status=exc.status)
    return JsonResponse({}, status=202)


@require_POST
@csp_update(SCRIPTS)
@at_station
def answer(request: HttpRequest, station: Station) -> HttpResponse:
    """Keep the one answer of a visit."""
    found = visit_here(request, station)
    if found is None:
        return redirect("station")
    form = SelfReportForm(request.POST)
    if not form.is_valid():
        return choices(request, form, status=400)
    try:
        stations.visit_answer(visit=found, value=form.cleaned_data["value"])
    except Refused as exc:
        return choices(request, SelfReportForm(), exc.message, exc.status)
    return redirect("station-result")


@require_safe
@at_station
def result(request: HttpRequest, station: Station) -> HttpResponse:
    """What came of this visit alone; nothing of the past."""
    found = visit_here(request, station)
    part = request.headers.get("HX-Request") == "true"
    if found is None or not found.chosen:
        start_page = reverse("station")
        if part:
            return HttpResponse(headers={"HX-Redirect": start_page})
        return redirect(start_page)
    page = shown(found)
    page["answered"] = found.chosen == StationVisit.Choice.ANSWER
    template = "parts/station_result.html" if part else "station_result.html"
    return cleared(render(request, template, page))


def shown(found: StationVisit) -> dict[str, Any]:
    snapshot = found.snapshot
    if snapshot is None or snapshot.person_id != found.person_id:
        return {}
    if snapshot.is_finished:
        stations.visit_looked(visit=found)
    return {
        "snapshot": snapshot,
        "state": STATES[Snapshot.Status(snapshot.status)],
        "reason": reason_words(snapshot.reason),
        "reading": snapshot.readings.filter(face_index=0).order_by("pk").first(),
    }


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def enrol(request: HttpRequest, secret: str) -> HttpResponse:
    """Opened once on the device; the button, so that no preview uses the link up."""
    now = timezone.now()
    if request.method != "POST":
        station = stations.station_of_link(secret=secret, now=now)
        page = {"station": station}
        status = 200 if station else 404
        return render(request, "station_enrol.html", page, status=status)
    token = stations.station_enrol(secret=secret, now=now)
    if token is None:
        return render(request, "station_enrol.html", {"station": None}, status=404)
    # Everybody who comes to the station could open whatever this account may see.
    logout(request)
    made = redirect("station")
    own_cookie(made, STATION, token, A_YEAR)
    return made
