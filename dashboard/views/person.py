"""Everything about one person."""

from __future__ import annotations

from django.conf import settings
from django.db.models import Max, prefetch_related_objects
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from dashboard.http import Asked, period_form, person_seen, private
from dashboard.views.own_pause import own_pauses
from dashboard.words import EMOTION_NAMES, verdict_sentence
from monitor import selectors
from monitor.models import AccessEntry, Flag, Organisation, Person
from monitor.periods import last_working_days, local_day
from monitor.scoring import Ratios, wilson

READINGS_SHOWN = 12


@require_safe
@private
def person(request: Asked, pk: int) -> HttpResponse:
    found = person_seen(request, pk, AccessEntry.Action.PERSON)
    form = period_form(request)
    page = selectors.person_page(person=found, period=form.period())
    prefetch_related_objects(page.flags, "events__actor", "events__answer")
    last_day = found.summaries.filter(bins__gt=0).aggregate(day=Max("day"))["day"]
    today = local_day(timezone.now(), Organisation.current().tz)
    alive = last_working_days(selectors.ALIVE, until=today)[0]
    shown = page.period
    hours = selectors.person_hours(page)
    own_cameras = found.user_id == request.user.pk and found.cameras.exists()
    context = {
        "person": found,
        "page": page,
        "ratios": page.ratios,
        "form": form,
        "sentence": verdict_sentence(page.ratios, settings.STRESS_LEVEL),
        "level": settings.STRESS_LEVEL,
        "emotions": emotion_rows(page.ratios),
        "hours": hours,
        "hours_bins": sum(row.bins for row in hours),
        "readings": selectors.recent_readings(person=found, limit=READINGS_SHOWN),
        "last_day": last_day,
        "stale": last_day is None or last_day < alive,
        "period_query": f"from={shown.first_day}&to={shown.last_day}",
        "open_flags": list(Flag.objects.open().filter(person=found)),
        "own_cameras": own_cameras,
        "own_pause": own_cameras and bool(own_pauses(found)),
        "may_receive": Person.objects.may_receive_from(request.user)
        .filter(pk=found.pk)
        .exists(),
    }
    return render(request, "person.html", context)


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
