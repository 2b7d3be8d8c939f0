"""The first page: who needs attention, everybody else, and the teams."""

from __future__ import annotations

from datetime import date

from django.conf import settings
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from dashboard.forms import OverviewForm
from dashboard.http import Asked, only_a_part, other_parameters, private
from monitor import selectors
from monitor.models import AccessEntry, Person
from monitor.scoring import Verdict
from monitor.selectors import PersonRow
from monitor.services.access import access_record

PAGE_SIZE = 25
CARDS = 9


@require_safe
@private
@vary_on_headers("HX-Request")
def overview(request: Asked) -> HttpResponse:
    if not request.user.has_perm("monitor.view_person"):
        return own_page(request)
    page = selectors.overview(user=request.user, now=timezone.now())
    form = OverviewForm(request.GET)
    rows = chosen_rows(page.people, form)
    shown = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    only_table = only_a_part(request)
    flagged = [] if only_table else [row for row in page.people if row.flag]
    flagged = sorted(flagged, key=attention)[:CARDS]
    seen = {row.person.pk: row.person for row in [*shown.object_list, *flagged]}
    access_record(
        actor=request.user, people=seen.values(), action=AccessEntry.Action.OVERVIEW
    )
    context = {
        "page": page,
        "form": form,
        "rows": shown,
        "numbers": shown.paginator.get_elided_page_range(shown.number, on_ends=1),
        "flagged": flagged,
        "more_flags": page.open_flags - len(flagged),
        "level": settings.STRESS_LEVEL,
        "enough": sum(row.ratios.verdict != Verdict.NOT_ENOUGH for row in page.people),
        "stale": sum(row.stale for row in page.people),
        "others": other_parameters(request),
    }
    template = "parts/people_table.html" if only_table else "overview.html"
    return render(request, template, context)


def own_page(request: Asked) -> HttpResponse:
    """Who may not see the others sees their own page at once."""
    own = Person.objects.visible_to(request.user).filter(user=request.user).first()
    if own is None:
        return render(request, "nothing.html")
    return redirect("person", pk=own.pk)


def chosen_rows(rows: list[PersonRow], form: OverviewForm) -> list[PersonRow]:
    """Rows after search and filter, in the order asked for; errors filter nothing."""
    form.is_valid()
    asked = form.cleaned_data
    words = asked.get("q", "").casefold().split()
    team, verdict = asked.get("team"), asked.get("verdict")
    kept = [
        row
        for row in rows
        if all(word in _searched(row) for word in words)
        and (team is None or row.person.team_id == team.pk)
        and (not verdict or _is(row, verdict))
    ]
    return _sorted(kept, asked.get("sort", ""))


def attention(row: PersonRow) -> tuple[bool, int, float, str]:
    """Open flags first, then by verdict, then by stress."""
    verdicts = list(Verdict)
    return (
        row.flag is None,
        verdicts.index(row.ratios.verdict),
        -(row.ratios.stress or 0),
        row.person.name,
    )


def _searched(row: PersonRow) -> str:
    return f"{row.person.name} {row.person.number} {row.person.team}".casefold()


def _is(row: PersonRow, verdict: str) -> bool:
    if verdict == "flagged":
        return row.flag is not None
    return row.stale if verdict == "stale" else row.ratios.verdict == verdict


def _sorted(rows: list[PersonRow], order: str) -> list[PersonRow]:
    """Whoever has no value comes last."""
    if order == "name":
        return sorted(rows, key=lambda row: row.person.name)
    if order == "stress":
        return sorted(rows, key=lambda row: -_shown(row, "stress", -1.0))
    if order == "happiness":
        return sorted(rows, key=lambda row: _shown(row, "happiness", 2.0))
    if order == "last":
        return sorted(rows, key=lambda row: row.last_day or date.min)
    return sorted(rows, key=attention)


def _shown(row: PersonRow, name: str, otherwise: float) -> float:
    """A ratio as far as the table shows it: not while there is too little data."""
    value: float | None = getattr(row.ratios, name)
    thin = row.ratios.verdict == Verdict.NOT_ENOUGH
    return otherwise if thin or value is None else value
