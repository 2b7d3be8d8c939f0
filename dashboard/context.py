"""What every page knows."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from monitor.models import Organisation, Person, Validation
from monitor.periods import local_day
from monitor.services.self_reports import is_unvalidated


def site(request: HttpRequest) -> dict[str, Any]:
    user = getattr(request, "user", None)
    organisation = Organisation.current()
    own, measured = None, None
    if user is not None and user.is_authenticated:
        own = Person.objects.visible_to(user).filter(user_id=user.pk).first()
        measured = Validation.objects.first()
    today = local_day(timezone.now(), organisation.tz)
    return {
        "organisation": organisation,
        "own_person": own,
        "measured": measured,
        "is_unvalidated": is_unvalidated(measured, today=today),
        "flags_need_validation": settings.FLAGS_NEED_VALIDATION,
    }
