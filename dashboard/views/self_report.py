"""The one question that a person may answer about themselves."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from dashboard.http import Asked, person_seen, private
from monitor.models import AccessEntry, NotificationChannel, Person, SelfReport
from monitor.services.intake import Refused
from monitor.services.invitations import invitations_choose
from monitor.services.self_reports import self_report_record

SHOWN = 10


class SelfReportForm(forms.Form):
    """0 to 4; the words are those of the page."""

    value = forms.TypedChoiceField(
        label="Right now I feel stressed",
        choices=SelfReport.Value.choices,
        coerce=int,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose one of the five answers."},
    )


@require_http_methods(["GET", "HEAD", "POST"])
@private
def self_report(request: Asked) -> HttpResponse:
    own = Person.objects.visible_to(request.user).filter(user=request.user).first()
    if own is None:
        raise Http404
    form = SelfReportForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        return record(request, own, form.cleaned_data["value"])
    person = person_seen(request, own.pk, AccessEntry.Action.PERSON)
    context: dict[str, Any] = {
        "form": form,
        "person": person,
        "has_email": request.user.notification_channels.filter(
            kind=NotificationChannel.Kind.EMAIL, enabled=True
        ).exists(),
        "answers": person.self_reports.all()[:SHOWN],
    }
    status = 400 if form.errors else 200
    return render(request, "self_report.html", context, status=status)


@require_POST
@private
def invitations(request: Asked) -> HttpResponse:
    """Switch one's own invitations on or off."""
    own = Person.objects.visible_to(request.user).filter(user=request.user).first()
    if own is None:
        raise Http404
    wanted = request.POST.get("wanted") == "1"
    invitations_choose(person=own, by=request.user, wanted=wanted)
    text = "You may be invited." if wanted else "You will not be invited any more."
    messages.success(request, text)
    return redirect("self-report")


def record(request: Asked, person: Person, value: int) -> HttpResponse:
    try:
        self_report_record(person=person, by=request.user, value=value)
    except Refused as exc:
        messages.error(request, exc.message)
    else:
        messages.success(request, "Your answer is kept. Nobody else can see it.")
    return redirect("self-report")
