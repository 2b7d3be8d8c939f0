"""The roles that this version knows, and accounts that no human logs in with."""

from __future__ import annotations

from django.contrib.auth.models import Group, Permission, User
from django.db import transaction

OCCUPATIONAL_HEALTH = "Occupational health"
IT_STAFF = "IT staff"
IT_MAY = (
    *("view_camera", "add_camera", "change_camera", "delete_camera"),
    *("view_device", "add_device", "change_device", "view_devicerefusal"),
)
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


def it_role_ensure() -> Group:
    """The group of those who set up cameras and see nobody; safe to run twice."""
    group, _ = Group.objects.get_or_create(name=IT_STAFF)
    group.permissions.set(
        Permission.objects.filter(
            content_type__app_label="monitor", codename__in=IT_MAY
        )
    )
    return group


@transaction.atomic
def service_account(name: str) -> User:
    """The account in whose name a command sends pictures; it has no password."""
    user, created = User.objects.get_or_create(username=name)
    if created:
        user.set_unusable_password()
        user.save(update_fields=["password"])
        user.user_permissions.add(
            Permission.objects.get(
                content_type__app_label="monitor", codename="add_snapshot"
            )
        )
    return user
