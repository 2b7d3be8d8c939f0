"""What the views share: who is asking, whom they may see, and the note of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django_htmx.middleware import HtmxDetails

from dashboard.forms import PeriodForm
from monitor.models import AccessEntry, Organisation, Person
from monitor.services.access import access_record

View = TypeVar("View", bound=Callable[..., HttpResponseBase])


class Asked(HttpRequest):
    """A request of somebody who is signed in."""

    user: User
    htmx: HtmxDetails


def private(view: View) -> View:
    """Only for people who are signed in, and never kept by a cache."""
    return login_required(never_cache(view))


def person_seen(request: Asked, pk: int, action: AccessEntry.Action) -> Person:
    """A person whom the user may see, written down as seen; 404 for anybody else."""
    person: Person = get_object_or_404(
        Person.objects.visible_to(request.user).select_related("team"), pk=pk
    )
    access_record(actor=request.user, people=[person], action=action)
    return person


def only_a_part(request: Asked) -> bool:
    """Whether the browser replaces a part of the page that it shows already."""
    return bool(request.htmx) and not request.htmx.history_restore_request


def other_parameters(request: Asked) -> str:
    """The question without its page, for links to other pages of the table."""
    kept = request.GET.copy()
    kept.pop("page", None)
    return kept.urlencode()


def period_form(request: HttpRequest) -> PeriodForm:
    tz = Organisation.current().tz
    return PeriodForm(request.GET, now=timezone.now(), tz=tz)
