"""The stress report of one employee for a period: for paper and for spreadsheets."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from dashboard import csv_report
from dashboard.charts import Course, Dot, printed_chart
from dashboard.http import Asked, period_form, person_seen, private
from dashboard.windows import windows
from dashboard.words import verdict_sentence
from monitor import selectors
from monitor.models import AccessEntry, Organisation
from monitor.periods import Period
from monitor.selectors import PersonPage

# Calendar days that hold the ten working days before the first day of a report.
BEFORE = 14


@require_safe
@private
def report(request: Asked, pk: int) -> HttpResponse:
    person = person_seen(request, pk, AccessEntry.Action.REPORT)
    form = period_form(request)
    if form.problems:
        context: dict[str, Any] = {"person": person, "form": form}
        return render(request, "report.html", context, status=400)
    page = selectors.person_page(person=person, period=form.period())
    context = {
        "person": person,
        "form": form,
        "page": page,
        "ratios": page.ratios,
        "sentence": verdict_sentence(page.ratios, settings.STRESS_LEVEL),
        "level": settings.STRESS_LEVEL,
        "chart": drawing(page),
        "made_at": timezone.now().astimezone(Organisation.current().tz),
    }
    return render(request, "report.html", context)


def drawing(page: PersonPage) -> SafeString:
    """The chart, with windows that see the days before the period too."""
    first, last = page.period.first_day, page.period.last_day
    before = first - timedelta(days=BEFORE)
    wide = Period.days(before, last, Organisation.current().tz)
    days = selectors.person_page(person=page.person, period=wide).days
    shown = [(d, w) for d, w in zip(days, windows(days), strict=True) if d.day >= first]
    courses = {
        "happiness": Course(
            [Dot(d.day, d.happiness) for d, _ in shown],
            [Dot(d.day, *w.happiness) for d, w in shown],
        ),
        "stress": Course(
            [Dot(d.day, d.stress) for d, _ in shown],
            [Dot(d.day, *w.stress) for d, w in shown],
        ),
    }
    return printed_chart(courses, first=first, last=last)


@require_safe
@private
def report_csv(request: Asked, pk: int) -> HttpResponse:
    person = person_seen(request, pk, AccessEntry.Action.REPORT)
    form = period_form(request)
    if form.problems:
        text = "\n".join(form.problems)
        return HttpResponse(text, status=400, content_type="text/plain; charset=utf-8")
    page = selectors.person_page(person=person, period=form.period())
    text = csv_report.report_csv(
        page,
        sentence=verdict_sentence(page.ratios, settings.STRESS_LEVEL),
        made_at=timezone.now().astimezone(Organisation.current().tz),
    )
    first, last = page.period.first_day, page.period.last_day
    name = f"stress-report-{person.pk}-{first}-{last}.csv"
    return HttpResponse(
        text,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
