"""What the scheduler does when; every entry expires before the next one comes."""

from datetime import timedelta
from typing import Any

SWEEP_EVERY = timedelta(seconds=10)
ASSESS_EVERY = timedelta(minutes=1)
PRUNE_EVERY = timedelta(hours=12)
EXPIRE_EVERY = timedelta(hours=6)
NOTIFY_EVERY = timedelta(seconds=30)
INVITE_EVERY = timedelta(minutes=5)
VALIDATE_EVERY = timedelta(hours=12)
RELEASE_EVERY = timedelta(hours=6)
READ_VIDEOS_EVERY = timedelta(seconds=30)
WATCH_EVERY = timedelta(minutes=1)
PRUNE_PROBES_EVERY = timedelta(minutes=1)
FORGET_NONCES_EVERY = timedelta(minutes=10)
FORGET_VISITS_EVERY = timedelta(minutes=1)


def entry(task: str, every: timedelta) -> dict[str, Any]:
    seconds = every.total_seconds()
    return {"task": task, "schedule": seconds, "options": {"expires": seconds}}


BEAT_SCHEDULE = {
    "wake the worker for pictures that wait": entry("monitor.sweep", SWEEP_EVERY),
    "read videos that wait": entry("monitor.videos_read", READ_VIDEOS_EVERY),
    "delete videos that were not uploaded to the end": entry(
        "monitor.videos_prune", PRUNE_EVERY
    ),
    "delete test pictures of cameras": entry(
        "monitor.probes_prune", PRUNE_PROBES_EVERY
    ),
    "delete what shadow models read long ago": entry(
        "monitor.shadow_prune", PRUNE_EVERY
    ),
    "end flags that nobody acted on": entry("monitor.flags_expire", EXPIRE_EVERY),
    "tell people of flags": entry("monitor.notifications_send", NOTIFY_EVERY),
    "invite people to say how they feel": entry("monitor.people_invite", INVITE_EVERY),
    "compare ratios with self-reports": entry(
        "monitor.validation_measure", VALIDATE_EVERY
    ),
    "make team figures of a fortnight that is over": entry(
        "monitor.team_figures_release", RELEASE_EVERY
    ),
    "notice cameras that fall silent": entry("monitor.cameras_watch", WATCH_EVERY),
    "judge days that are over or have changed": entry(
        "monitor.assess_due", ASSESS_EVERY
    ),
    "forget messages of devices that would be late by now": entry(
        "monitor.device_nonces_prune", FORGET_NONCES_EVERY
    ),
    "forget who stood at stations": entry(
        "monitor.station_visits_prune", FORGET_VISITS_EVERY
    ),
}
