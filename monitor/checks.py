"""Settings that cannot work are said at start-up, with what to do about them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core import checks

from monitor import vault
from monitor.team_scoring import SMALLEST_TEAM


@checks.register
def image_keys(**_: Any) -> list[checks.CheckMessage]:
    try:
        vault.ciphers()
    except ValueError:
        return [
            checks.Error(
                "IMAGE_KEYS holds something that is no key.",
                hint="Each key is 32 random bytes in URL-safe base64; bin/setup makes"
                " one in STATE_DIR/image_keys.",
                id="monitor.E001",
            )
        ]
    return []


@checks.register
def team_size(**_: Any) -> list[checks.CheckMessage]:
    if settings.TEAM_SIZE >= SMALLEST_TEAM:
        return []
    return [
        checks.Error(
            f"TEAM_SIZE is {settings.TEAM_SIZE}; figures of fewer than {SMALLEST_TEAM}"
            " people tell too much about each.",
            hint=f"Set TEAM_SIZE to {SMALLEST_TEAM} or more; the default is 8.",
            id="monitor.E002",
        )
    ]


@checks.register(checks.Tags.database)
def pinned_model(
    databases: Iterable[str] | None = None, **_: Any
) -> list[checks.CheckMessage]:
    """Asked by `migrate` and `check --database default`, not at every start."""
    from django.db import DatabaseError

    from monitor.models import ModelVersion

    if not databases or not settings.EMOTION_MODEL:
        return []
    try:
        active = ModelVersion.objects.filter(state=ModelVersion.State.ACTIVE).first()
    except DatabaseError:
        return []  # not migrated yet
    if active is None:
        return []
    return [
        checks.Warning(
            f"MODEL={settings.EMOTION_MODEL} pins the model here, while {active} is "
            "active in the database.",
            hint="Take MODEL out of the environment, or accept two models at work.",
            id="monitor.W001",
        )
    ]
