"""The queue of flags, one flag, and what reviewers and the person do about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from dashboard.flag_forms import (
    AcknowledgeForm,
    AnswerForm,
    ConcludeForm,
    FlagForm,
    QueueForm,
    ReviewForm,
)
from dashboard.http import Asked, only_a_part, other_parameters, private
from monitor import review_selectors
from monitor.models import AccessEntry, Flag, Organisation
from monitor.periods import local_day
from monitor.querysets import FlagQuerySet
from monitor.services import flags
from monitor.services.access import access_record

PAGE_SIZE = 25
FORMS: dict[str, type[FlagForm]] = {
    "acknowledge": AcknowledgeForm,
    "review": ReviewForm,
    "conclude": ConcludeForm,
    "answer": AnswerForm,
}
# What the page offers for each status; others have moved on in the meantime.
OFFERED = {
    "acknowledge": Flag.Status.ACKNOWLEDGED,
    "review": Flag.Status.IN_REVIEW,
    "conclude": Flag.Status.CLOSED,
}
Change = Callable[[Flag, Any], object]


@require_safe
@private
@permission_required("monitor.view_flag", raise_exception=True)
@vary_on_headers("HX-Request")
def queue(request: Asked) -> HttpResponse:
    today = local_day(timezone.now(), Organisation.current().tz)
    form = QueueForm(request.GET)
    found = review_selectors.flag_queue(
        user=request.user, wanted=form.wanted(), today=today
    )
    shown = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    rows = review_selectors.queue_rows(list(shown.object_list), today=today)
    access_record(
        actor=request.user,
        people={row.flag.person_id for row in rows},
        action=AccessEntry.Action.QUEUE,
    )
    context = {
        "form": form,
        "rows": rows,
        "shown": shown,
        "numbers": shown.paginator.get_elided_page_range(shown.number, on_ends=1),
        "others": other_parameters(request),
    }
    part = only_a_part(request)
    return render(request, "parts/flag_table.html" if part else "flags.html", context)


@require_safe
@private
def flag(request: Asked, pk: int) -> HttpResponse:
    return flag_page(request, get_object_or_404(visible(request), pk=pk))


@require_POST
@private
@permission_required("monitor.change_flag", raise_exception=True)
def acknowledge(request: Asked, pk: int) -> HttpResponse:
    def change(flag: Flag, form: Any) -> object:
        note = form.cleaned_data["note"]
        return flags.flag_acknowledge(flag=flag, by=request.user, note=note)

    return act(request, pk, "acknowledge", change)


@require_POST
@private
@permission_required("monitor.change_flag", raise_exception=True)
def review(request: Asked, pk: int) -> HttpResponse:
    def change(flag: Flag, form: Any) -> object:
        note = form.cleaned_data["note"]
        return flags.flag_review(flag=flag, by=request.user, note=note)

    return act(request, pk, "review", change)


@require_POST
@private
@permission_required("monitor.change_flag", raise_exception=True)
def conclude(request: Asked, pk: int) -> HttpResponse:
    def change(flag: Flag, form: Any) -> object:
        given = form.conclusion()
        return flags.flag_conclude(flag=flag, by=request.user, conclusion=given)

    return act(request, pk, "conclude", change)


@require_POST
@private
def answer(request: Asked, pk: int) -> HttpResponse:
    def change(flag: Flag, form: Any) -> object:
        words = form.cleaned_data["text"]
        return flags.flag_answer(flag=flag, by=request.user, text=words)

    return act(request, pk, "answer", change)


SAID = {
    "acknowledge": "The flag is acknowledged; your note is kept with it.",
    "review": "The review has begun; the rule will not close the flag any more.",
    "conclude": "The flag is closed; the person can read what was found and agreed.",
    "answer": "Your answer is kept with the flag; its reviewers can read it.",
}


def act(request: Asked, pk: int, name: str, change: Change) -> HttpResponse:
    """Change what the reader of the page saw, or say why not."""
    found: Flag = get_object_or_404(visible(request), pk=pk)
    form = FORMS[name](request.POST, name=name, flag=found)
    if not form.is_valid():
        return flag_page(request, found, form, status=400)
    if name != "answer":
        # What they decided on is what they saw, not what became of it since.
        found.status = form.cleaned_data["seen"] or found.status
    try:
        change(found, form)
    except flags.FlagChangeRefused as exc:
        messages.error(request, f"Nothing was changed: {exc}.")
    else:
        messages.success(request, SAID[name])
    return redirect("flag", pk=pk)


def visible(request: Asked) -> FlagQuerySet:
    """Only reviewers know of a first sign, and nobody of one that has passed."""
    found = Flag.objects.visible_to(request.user).select_related("person__team")
    reviews = request.user.has_perm("monitor.view_flag")
    known: FlagQuerySet = (
        found.exclude(status=Flag.Status.PASSED) if reviews else found.raised()
    )
    return known


def flag_page(
    request: Asked, flag: Flag, sent: FlagForm | None = None, *, status: int = 200
) -> HttpResponse:
    """The page, with the form that could not be used as it was sent."""
    access_record(
        actor=request.user, people=[flag.person_id], action=AccessEntry.Action.FLAG
    )
    own = flag.person.user_id == request.user.pk
    may = request.user.has_perm("monitor.change_flag") and not own
    names = [name for name, new in OFFERED.items() if new in Flag.ALLOWED[flag.status]]
    names = names if may and flag.is_open else []
    offered = {name: FORMS[name](name=name, flag=flag) for name in names}
    if own:
        offered["answer"] = AnswerForm(name="answer", flag=flag)
    if sent and sent.prefix in offered:
        offered[sent.prefix] = sent
    context = {
        "page": review_selectors.flag_page(flag=flag, now=timezone.now()),
        "flag": flag,
        "person": flag.person,
        "own": own,
        "forms": offered,
    }
    return render(request, "flag.html", context, status=status)
