"""Fetch pictures from cameras by their schedules, until told to stop."""

from __future__ import annotations

import signal
from threading import Event
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from monitor.capture_limits import limits
from monitor.capture_runner import Runner


class Command(BaseCommand):
    # A restart must be quick, and whoever serves or migrates checks the settings.
    requires_system_checks = ()
    help = (
        "Fetch pictures from cameras by their schedules, until told to stop. Several of"
        " these may run at once, on several hosts: no picture is taken twice."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--at-once",
            type=int,
            default=settings.CAPTURE_AT_ONCE,
            help="most cameras that this process asks at the same time",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        from capture.pool import Pool  # loads OpenCV in processes of its own

        stop = Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        at_once: int = options["at_once"]
        pool = Pool(at_once, limits())
        beat = settings.CAPTURE_HEARTBEAT
        try:
            Runner(pool, at_once=at_once, heartbeat=beat).run(stop)
        finally:
            pool.close()
