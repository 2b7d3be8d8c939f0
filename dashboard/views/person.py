"""Everything about one person, and the answer to a flag."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.db.models import Max, prefetch_related_objects
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from dashboard.forms import AcknowledgeForm
from dashboard.http import Asked, period_form, person_seen, private
from dashboard.words import EMOTION_NAMES
from monitor import selectors
from monitor.models import AccessEntry, Flag, Organisation, Person
from monitor.periods import last_working_days, local_day
from monitor.scoring import Ratios, verdict_sentence, wilson
from monitor.services import flags

READINGS_SHOWN = 12


@require_safe
@private
def person(request: Asked, pk: int) -> HttpResponse:
    found = person_seen(request, pk, AccessEntry.Action.PERSON)
    return person_page(request, found, AcknowledgeForm())


@require_POST
@private
@permission_required("monitor.change_flag", raise_exception=True)
def flag_acknowledge(request: Asked, pk: int) -> HttpResponse:
    visible = Flag.objects.visible_to(request.user).select_related("person__team")
    flag: Flag = get_object_or_404(visible, pk=pk)
    form = AcknowledgeForm(request.POST)
    if not form.is_valid():
        found = person_seen(request, flag.person_id, AccessEntry.Action.PERSON)
        return person_page(request, found, form, status=400)
    try:
        note = form.cleaned_data["note"]
        flags.flag_acknowledge(flag=flag, by=request.user, note=note)
    except flags.FlagChangeRefused as exc:
        messages.error(request, f"Nothing was changed: {exc}.")
    else:
        messages.success(
            request, "The flag is acknowledged; your note is kept with it."
        )
    return redirect("person", pk=flag.person_id)


def person_page(
    request: Asked, person: Person, acknowledge: AcknowledgeForm, *, status: int = 200
) -> HttpResponse:
    form = period_form(request)
    page = selectors.person_page(person=person, period=form.period())
    prefetch_related_objects(page.flags, "events__actor")
    last_day = person.summaries.filter(bins__gt=0).aggregate(day=Max("day"))["day"]
    today = local_day(timezone.now(), Organisation.current().tz)
    alive = last_working_days(selectors.ALIVE, until=today)[0]
    shown = page.period
    context = {
        "person": person,
        "page": page,
        "ratios": page.ratios,
        "form": form,
        "sentence": verdict_sentence(page.ratios, settings.STRESS_LEVEL),
        "level": settings.STRESS_LEVEL,
        "emotions": emotion_rows(page.ratios),
        "readings": selectors.recent_readings(person=person, limit=READINGS_SHOWN),
        "last_day": last_day,
        "stale": last_day is None or last_day < alive,
        "period_query": f"from={shown.first_day}&to={shown.last_day}",
        "open_flags": list(Flag.objects.open().filter(person=person)),
        "acknowledge": acknowledge,
        "may_receive": Person.objects.may_receive_from(request.user)
        .filter(pk=person.pk)
        .exists(),
    }
    return render(request, "person.html", context, status=status)


def emotion_rows(ratios: Ratios) -> list[dict[str, object]]:
    """The five shares, each with its interval and the share of its label."""
    return [
        {
            "code": code,
            "name": EMOTION_NAMES[code],
            "share": share,
            "interval": wilson(share, ratios.n_eff),
            "hard": ratios.hard_shares.get(code),
        }
        for code, share in ratios.shares.items()
    ]
