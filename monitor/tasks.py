"""What Celery calls: each fetches nothing itself and calls one plain function."""

from __future__ import annotations

import logging
from typing import Any

from celery import shared_task
from django.db import InterfaceError, OperationalError
from kombu.exceptions import OperationalError as BrokerError

log = logging.getLogger(__name__)

TRANSIENT_ERRORS = (OperationalError, InterfaceError)
RETRY: dict[str, Any] = {
    "autoretry_for": TRANSIENT_ERRORS,
    "max_retries": 5,
    "retry_backoff": 2,
    "retry_backoff_max": 60,
    "retry_jitter": True,
}


@shared_task(name="monitor.analyse_waiting", **RETRY)
def analyse_waiting() -> None:
    """Analyse what waits; safe to run twice or at the same time."""
    from monitor.services import analysis

    analysis.analyse_waiting()


@shared_task(name="monitor.sweep", **RETRY)
def sweep() -> None:
    """Give up on poisoned pictures and wake the worker for forgotten ones."""
    from monitor.services import analysis

    analysis.sweep()


@shared_task(name="monitor.assess_due", **RETRY)
def assess_due() -> None:
    """Apply the flag rule to days that are over, and again to those that changed."""
    from django.utils import timezone

    from monitor.services import assessment

    assessment.people_assess_due(now=timezone.now())


@shared_task(name="monitor.flags_expire", **RETRY)
def flags_expire() -> None:
    """End flags that nobody acted on."""
    from django.utils import timezone

    from monitor.services import flags

    flags.flags_expire(now=timezone.now())


@shared_task(name="monitor.notifications_send", **RETRY)
def notifications_send() -> None:
    """Deliver the notifications that are due."""
    from monitor.services import delivery

    delivery.notifications_send()


@shared_task(name="monitor.people_invite", **RETRY)
def people_invite() -> None:
    """Invite whose moment has come to say how they feel."""
    from django.utils import timezone

    from monitor.services import invitations

    invitations.people_invite(now=timezone.now())


@shared_task(name="monitor.validation_measure", **RETRY)
def validation_measure() -> None:
    """Measure whether stress ratios and self-reports agree."""
    from django.utils import timezone

    from monitor.services import self_reports

    self_reports.validation_measure(now=timezone.now())


@shared_task(name="monitor.team_figures_release", **RETRY)
def team_figures_release() -> None:
    """Make the team figures of the last fortnight, once."""
    from django.utils import timezone

    from monitor.services import teams

    teams.team_figures_release(now=timezone.now())


@shared_task(name="monitor.shadow_prune", **RETRY)
def shadow_prune() -> None:
    """Delete what shadow models read long ago."""
    from monitor.services import shadow

    shadow.shadow_prune()


@shared_task(name="monitor.videos_read", **RETRY)
def videos_read() -> None:
    """Take pictures out of a video that waits."""
    from monitor.services import videos

    videos.videos_read()


@shared_task(name="monitor.videos_prune", **RETRY)
def videos_prune() -> None:
    """Delete videos that were never uploaded to the end."""
    from django.utils import timezone

    from monitor.services import videos

    videos.videos_prune(now=timezone.now())


def wake_video_reader() -> None:
    """Say that a video waits; when the broker is away the schedule says it later."""
    try:
        videos_read.delay()
    except BrokerError:
        log.warning("the broker is away; waiting videos are found by the scheduler")


@shared_task(name="monitor.cameras_watch", **RETRY)
def cameras_watch() -> None:
    """Say which cameras fell silent, and which are heard again."""
    from django.utils import timezone

    from monitor.services import camera_watch

    camera_watch.cameras_watch(now=timezone.now())


@shared_task(name="monitor.probe_judge", **RETRY)
def probe_judge(pk: int) -> None:
    """Find the face in a camera's test picture."""
    from monitor.services import probes

    probes.probe_judge(pk=pk)


@shared_task(name="monitor.probes_prune", **RETRY)
def probes_prune() -> None:
    """Delete test pictures that have been looked at."""
    from django.utils import timezone

    from monitor.services import probes

    probes.probes_prune(now=timezone.now())


def probe_look(pk: int) -> None:
    """Have a worker look at a test picture; somebody is waiting for it."""
    try:
        probe_judge.delay(pk)
    except BrokerError:
        log.warning("the broker is away; test picture %s stays without a verdict", pk)


@shared_task(name="monitor.device_nonces_prune", **RETRY)
def device_nonces_prune() -> None:
    """Forget messages of devices that would be refused as late by now."""
    from django.utils import timezone

    from monitor.services import devices

    devices.device_nonces_prune(now=timezone.now())


@shared_task(name="monitor.station_visits_prune", **RETRY)
def station_visits_prune() -> None:
    """Forget who stood at stations that were switched off."""
    from django.utils import timezone

    from monitor.services import stations

    stations.visits_prune(now=timezone.now())


def wake_worker() -> None:
    """Say that there is work; when the broker is away the sweeper says it later."""
    try:
        analyse_waiting.delay()
    except BrokerError:
        log.warning("the broker is away; waiting pictures are found by the sweeper")
