"""What the cameras page shows of the invented cameras, made from their pictures."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from monitor.demo_data import Plan, Role
from monitor.models import Camera, CameraEvent
from monitor.services.camera_days import camera_days_rebuild

# Nothing will ever come from them, so they must not be missed: silence is counted from
# here on. One that is changed to be fetched from is expected from then on.
NOT_EXPECTED = timedelta(days=365 * 50)
UNTIL_NOTICED = timedelta(minutes=90)


def camera_finish(
    *, camera: Camera, plan: Plan, first: datetime, last: datetime
) -> None:
    """Its days, counted from its readings, and its state after the picture `last`."""
    camera_days_rebuild(camera=camera)
    broke, state = last + timedelta(minutes=20), Camera.State
    facts = works(first=first, last=last)
    if plan.role is Role.SILENT:
        noticed = last + UNTIL_NOTICED
        facts |= {
            "state": state.UNREACHABLE,
            "state_since": broke,
            "tried_at": noticed,
            "silent_at": noticed,
        }
        CameraEvent.objects.create(
            camera=camera, kind=CameraEvent.Kind.SILENT, at=noticed
        )
    Camera.objects.filter(pk=camera.pk).update(**facts)


def works(*, first: datetime, last: datetime) -> dict[str, Any]:
    """What a camera says of itself that gave pictures from `first` to `last`."""
    return {
        "state": Camera.State.OK,
        "state_since": first,
        "tried_at": last,
        "seen_at": last,
        "expected_from": last + NOT_EXPECTED,
    }
