"""What every page knows."""

from typing import Any

from django.http import HttpRequest

from monitor.models import Organisation, Person


def site(request: HttpRequest) -> dict[str, Any]:
    user = getattr(request, "user", None)
    own = None
    if user is not None and user.is_authenticated:
        own = Person.objects.visible_to(user).filter(user_id=user.pk).first()
    return {"organisation": Organisation.current(), "own_person": own}
