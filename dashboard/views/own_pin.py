"""People set their own PIN for check-in stations."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from dashboard.http import Asked, private
from dashboard.qr_codes import qr_svg
from dashboard.station_forms import PinForm
from monitor.models import Person, PersonPin
from monitor.services.pins import PinRefused, code_make, pin_remove, pin_set


@require_http_methods(["GET", "HEAD", "POST"])
@private
def own_pin(request: Asked) -> HttpResponse:
    own = own_person(request)
    form = PinForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            pin_set(person=own, pin=form.cleaned_data["pin"])
        except PinRefused as exc:
            form.add_error("pin", str(exc))
        else:
            messages.success(request, "Your PIN is set. Use it at any station.")
            return redirect("own-pin")
    return pin_page(request, own, form)


@require_POST
@private
def code(request: Asked) -> HttpResponse:
    """A new code, drawn in this answer alone; it is stored as a hash."""
    own = own_person(request)
    try:
        made = code_make(person=own)
    except PinRefused as exc:
        messages.error(request, str(exc))
        return redirect("own-pin")
    return render(request, "own_code.html", {"code": qr_svg(made)})


@require_POST
@private
def remove(request: Asked) -> HttpResponse:
    pin_remove(person=own_person(request))
    messages.success(request, "PIN and code are deleted. No station knows you now.")
    return redirect("own-pin")


def own_person(request: Asked) -> Person:
    visible = Person.objects.visible_to(request.user)
    own: Person = get_object_or_404(visible, user=request.user)
    return own


def pin_page(request: Asked, own: Person, form: PinForm) -> HttpResponse:
    page = {
        "person": own,
        "form": form,
        "pin": PersonPin.objects.filter(person=own).first(),
    }
    return render(request, "own_pin.html", page, status=400 if form.errors else 200)
