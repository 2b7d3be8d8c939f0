"""The roles that this version knows."""

from __future__ import annotations

from django.contrib.auth.models import Group, Permission

OCCUPATIONAL_HEALTH = "Occupational health"
MAY = (
    "view_person",
    "view_flag",
    "change_flag",
    "add_snapshot",
    "view_snapshot",
    "view_reading",
)


def roles_ensure() -> Group:
    """The group of those who see everybody and review flags; safe to run twice."""
    group, _ = Group.objects.get_or_create(name=OCCUPATIONAL_HEALTH)
    group.permissions.set(
        Permission.objects.filter(content_type__app_label="monitor", codename__in=MAY)
    )
    return group
