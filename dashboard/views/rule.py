"""How a flag comes about, for everybody, and how often it was right, for reviewers."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from dashboard.http import Asked, private
from dashboard.rule_words import policy_rows
from dashboard.words import KIND_NAMES, once_in
from monitor import flag_record, review_selectors
from monitor.flag_rules import POLICY
from monitor.models import Flag
from monitor.services.flags import EXPIRES_AFTER


@require_safe
@private
def rule(request: Asked) -> HttpResponse:
    """Numbers of few flags could tell of whom they are, so not everybody sees them."""
    may = request.user.has_perm("monitor.view_flag")
    context = {
        "policy": policy_rows(POLICY),
        "kinds": [
            (name, Flag.Kind(code).label)
            for code, name in KIND_NAMES.items()
            if code in settings.FLAG_KINDS
        ],
        "once_in": once_in(POLICY.enter_evidence),
        "simulated": flag_record.simulated(),
        "of_level": (
            flag_record.of_level() if Flag.Kind.LEVEL in settings.FLAG_KINDS else None
        ),
        "planned": flag_record.planned(),
        "level": settings.STRESS_LEVEL,
        "expires": EXPIRES_AFTER.days,
        "invited": (
            review_selectors.invitation_statistics(now=timezone.now()) if may else None
        ),
        "statistics": review_selectors.outcome_statistics() if may else None,
    }
    return render(request, "rule.html", context)
