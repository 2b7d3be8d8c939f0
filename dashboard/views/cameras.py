"""Cameras: all at a glance, one of them, and how they are set up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from dashboard.camera_forms import (
    HolidayForm,
    HoursForm,
    PauseForm,
    RenewForm,
    RhythmForm,
    SourceForm,
)
from dashboard.http import Asked, private
from monitor.camera_login import address_shown
from monitor.camera_selectors import camera_row, camera_rows
from monitor.models import Camera, CaptureHours, Organisation, Pause
from monitor.periods import local_day
from monitor.schedules import schedules_of
from monitor.services import camera_schedule as schedule
from monitor.services import cameras as services
from monitor.services.camera_schedule import ScheduleRefused

manages_cameras = permission_required("monitor.change_camera", raise_exception=True)


@require_safe
@private
@manages_cameras
def cameras(request: Asked) -> HttpResponse:
    rows = camera_rows(user=request.user, now=timezone.now())
    return render(request, "cameras.html", {"rows": rows})


@require_safe
@private
@manages_cameras
def camera(request: Asked, pk: int) -> HttpResponse:
    return camera_page(request, own_camera(request, pk))


def own_camera(request: Asked, pk: int) -> Camera:
    found: Camera = get_object_or_404(
        Camera.objects.manageable_by(request.user).select_related("person", "team"),
        pk=pk,
    )
    return found


def camera_page(request: Asked, found: Camera, **forms: Any) -> HttpResponse:
    """The page, with the form that was sent where it has errors."""
    now = timezone.now()
    planned = schedules_of([found], since=now)[found.pk]
    own_hours = CaptureHours.objects.filter(camera=found).exists()
    context = {
        "row": camera_row(camera=found, now=now),
        "camera": found,
        "own_hours": own_hours,
        "pauses": Pause.objects.filter(camera=found).select_related("by")[:10],
        "rhythm": RhythmForm(
            initial={
                "every_minutes": found.every_minutes,
                "jitter_seconds": found.jitter_seconds,
            }
        ),
        "hours": HoursForm(hours=planned.hours),
        "pause_form": PauseForm(),
        "renewals": found.renewals.all(),
        "renew": RenewForm(today=local_day(now, Organisation.current().tz)),
        "source": SourceForm(
            initial={
                "kind": found.kind,
                "address": address_shown(found.address),
                "certificate": found.certificate,
            }
        ),
    }
    return render(request, "camera.html", context | forms, status=400 if forms else 200)


@require_POST
@private
@manages_cameras
def camera_rhythm(request: Asked, pk: int) -> HttpResponse:
    found, form = own_camera(request, pk), RhythmForm(request.POST)
    if not form.is_valid():
        return camera_page(request, found, rhythm=form)
    schedule.camera_rhythm_set(camera=found, **form.cleaned_data)
    return done(request, pk, "The interval is changed; it holds from now on.")


@require_POST
@private
@manages_cameras
def camera_hours(request: Asked, pk: int) -> HttpResponse:
    """Hours of its own; `usual` goes back to those of the site."""
    found, form = own_camera(request, pk), HoursForm(request.POST)
    if "usual" in request.POST:
        schedule.hours_set(camera=found, hours=[])
        return done(request, pk, "The hours of the site hold again, from now on.")
    if not form.is_valid():
        return camera_page(request, found, hours=form)
    try:
        schedule.hours_set(camera=found, hours=form.hours)
    except ScheduleRefused as exc:
        form.add_error(None, str(exc))
        return camera_page(request, found, hours=form)
    return done(request, pk, "The hours are changed; they hold from now on.")


@require_POST
@private
@manages_cameras
def camera_pause(request: Asked, pk: int) -> HttpResponse:
    found, form = own_camera(request, pk), PauseForm(request.POST)
    if not form.is_valid():
        return camera_page(request, found, pause_form=form)
    schedule.pause_begin(
        camera=found,
        time=form.time(Organisation.current().tz),
        reason=form.cleaned_data["reason"],
        by=request.user,
    )
    return done(request, pk, "The pause is noted.")


@require_POST
@private
@manages_cameras
def camera_renew(request: Asked, pk: int) -> HttpResponse:
    """Another device, or another place, so that baselines begin anew."""
    today = local_day(timezone.now(), Organisation.current().tz)
    found, form = own_camera(request, pk), RenewForm(request.POST, today=today)
    if not form.is_valid():
        return camera_page(request, found, renew=form)
    services.camera_renew(camera=found, on=form.cleaned_data["on"], by=request.user)
    return done(request, pk, "Noted; usual ratios are learned anew from that day on.")


@require_POST
@private
@manages_cameras
def camera_renewal_remove(request: Asked, pk: int, renewal: int) -> HttpResponse:
    noted = get_object_or_404(own_camera(request, pk).renewals, pk=renewal)
    services.camera_renewal_remove(renewal=noted)
    return done(request, pk, "Removed; the days before and after count as alike again.")


@require_POST
@private
@manages_cameras
def camera_resume(request: Asked, pk: int, pause: int) -> HttpResponse:
    found = own_camera(request, pk)
    lasting = get_object_or_404(Pause, pk=pause, camera=found)
    return tried(
        request,
        pk,
        lambda: schedule.pause_end(pause=lasting, by=request.user),
        "The pause has ended.",
    )


@require_POST
@private
@manages_cameras
def camera_now(request: Asked, pk: int) -> HttpResponse:
    found = own_camera(request, pk)
    return tried(
        request,
        pk,
        lambda: schedule.camera_capture_now(camera=found),
        "A picture is being taken; its result counts like any other.",
    )


@require_POST
@private
@manages_cameras
def camera_switch(request: Asked, pk: int) -> HttpResponse:
    found, active = own_camera(request, pk), request.POST.get("active") == "1"
    schedule.camera_switch(camera=found, active=active)
    return done(request, pk, "Switched on." if active else "Switched off.")


def tried(
    request: Asked, pk: int, change: Callable[[], object], text: str
) -> HttpResponse:
    try:
        change()
    except ScheduleRefused as exc:
        messages.error(request, str(exc))
        return redirect("camera", pk=pk)
    return done(request, pk, text)


def done(request: Asked, pk: int, text: str) -> HttpResponse:
    messages.success(request, text)
    return redirect("camera", pk=pk)


@require_http_methods(["GET", "HEAD", "POST"])
@private
@manages_cameras
def site_hours(request: Asked) -> HttpResponse:
    """Hours of all cameras without their own, and days without any pictures."""
    planned = schedules_of([Camera()], since=timezone.now())[Camera().pk].hours
    hours, holiday = HoursForm(hours=planned), HolidayForm()
    if request.method == "POST" and "first" in request.POST:
        holiday = HolidayForm(request.POST)
        if holiday.is_valid():
            schedule.pause_begin(
                time=holiday.time(Organisation.current().tz),
                reason=Pause.Reason.HOLIDAY,
                by=request.user,
            )
            messages.success(request, "The holiday is noted.")
            return redirect("site-hours")
    elif request.method == "POST":
        hours = HoursForm(request.POST)
        if hours.is_valid() and kept(hours):
            messages.success(request, "The hours are changed; they hold from now on.")
            return redirect("site-hours")
    site = Pause.objects.filter(camera=None, person=None, ends_at__gt=timezone.now())
    context = {
        "hours": hours,
        "holiday": holiday,
        "holidays": site.order_by("begins_at"),
    }
    status = 400 if hours.errors or holiday.errors else 200
    return render(request, "site_hours.html", context, status=status)


def kept(form: HoursForm) -> bool:
    try:
        schedule.hours_set(camera=None, hours=form.hours)
    except ScheduleRefused as exc:
        form.add_error(None, str(exc))
    return not form.errors


@require_POST
@private
@manages_cameras
def holiday_delete(request: Asked, pk: int) -> HttpResponse:
    site = Pause.objects.filter(camera=None, person=None)
    schedule.pause_end(pause=get_object_or_404(site, pk=pk), by=request.user)
    messages.success(request, "The holiday is taken back.")
    return redirect("site-hours")
