"""Stations as IT staff see them: set up and revoked, never who stood there."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from dashboard.http import Asked, private
from dashboard.station_forms import StationForm
from dashboard.views.cameras import manages_cameras
from monitor.models import Station
from monitor.services.stations import (
    StationRefused,
    station_create,
    station_link,
    station_revoke,
)


@require_http_methods(["GET", "HEAD", "POST"])
@private
@manages_cameras
def stations(request: Asked) -> HttpResponse:
    if request.method != "POST":
        return stations_page(request, StationForm())
    form = StationForm(request.POST)
    if not form.is_valid():
        return stations_page(request, form)
    try:
        station, secret = station_create(name=form.cleaned_data["name"])
    except StationRefused as exc:
        form.add_error("name", str(exc))
        return stations_page(request, form)
    return stations_page(request, StationForm(), station, secret)


@require_POST
@private
@manages_cameras
def link(request: Asked, pk: int) -> HttpResponse:
    """Shown in this answer alone; it is stored as a hash."""
    station: Station = get_object_or_404(Station, pk=pk)
    try:
        secret = station_link(station=station)
    except StationRefused as exc:
        messages.error(request, str(exc))
        return redirect("stations")
    return stations_page(request, StationForm(), station, secret)


@require_POST
@private
@manages_cameras
def revoke(request: Asked, pk: int) -> HttpResponse:
    station: Station = get_object_or_404(Station, pk=pk)
    station_revoke(station=station)
    messages.success(request, f"{station} is refused from now on.")
    return redirect("stations")


def stations_page(
    request: Asked, form: StationForm, made: Station | None = None, secret: str = ""
) -> HttpResponse:
    address = reverse("station-enrol", args=[secret]) if secret else ""
    page = {
        "form": form,
        "stations": Station.objects.all(),
        "made": made,
        "link": request.build_absolute_uri(address) if address else "",
    }
    return render(request, "stations.html", page, status=400 if form.errors else 200)
