"""The long-running process that fetches: looks twice a second what is due.

As many of these as wanted may run, on as many hosts: the database says whose a picture
is (`monitor.services.capture`). One that is killed is replaced by any other.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from threading import Event

from django.db import DatabaseError, InterfaceError, close_old_connections, connection
from django.utils import timezone

from monitor.models import Camera, CameraProbe
from monitor.services import capture, probes
from monitor.services.capture import Claim, Fetcher

log = logging.getLogger(__name__)

LOOK_EVERY = 0.5
RENEW_EVERY = 1.0
# Longer than a camera may take (`capture.Limits.seconds`).
GRACE = 25.0
NO_DATABASE = (DatabaseError, InterfaceError)


class Runner:
    """Takes pictures on and hands them to threads, each of which waits for a camera.

    heartbeat: a file that is written as long as this works.
    """

    def __init__(self, fetcher: Fetcher, *, at_once: int, heartbeat: Path) -> None:
        self.fetcher, self.at_once, self.heartbeat = fetcher, at_once, heartbeat
        self.threads = ThreadPoolExecutor(at_once, thread_name_prefix="camera")
        # So that half of the threads are always there for cameras that answer.
        self.most_doubtful = max(1, at_once // 2)
        self.running: dict[Future[str | None], Claim] = {}
        self.probing: set[Future[None]] = set()
        self.renewed = 0.0

    def run(self, stop: Event, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Until `stop` is set; then what was begun is brought to its end."""
        try:
            while not stop.is_set():
                began = clock()
                self._safely(self.look)
                stop.wait(max(0.0, LOOK_EVERY - (clock() - began)))
            end = clock() + GRACE
            while self.running and clock() < end:
                self._safely(self.tend)
                wait(self.running, timeout=LOOK_EVERY)
                self.reap()
        finally:
            self.heartbeat.unlink(missing_ok=True)
            self.threads.shutdown(wait=False, cancel_futures=True)
            connection.close()

    def look(self) -> None:
        """Take on what is due, as far as there are free hands."""
        self.reap()
        self.tend()
        self.probe()
        if free := self.at_once - len(self.running):
            held = self.running.values()
            claims = capture.cameras_due(
                now=timezone.now(),
                limit=free,
                doubtful=max(0, self.most_doubtful - sum(c.doubtful for c in held)),
                busy=[claim.camera for claim in held],
            )
            for claim in claims:
                self.running[self.threads.submit(self._capture, claim)] = claim
        self.heartbeat.touch()

    def probe(self) -> None:
        """Somebody is waiting for a test picture: one at a time, beside the others."""
        for future in [each for each in self.probing if each.done()]:
            self.probing.remove(future)
            if error := future.exception():
                log.error("a test picture", exc_info=error)
        if not self.probing and (probe := probes.probe_take()):
            self.probing.add(self.threads.submit(self._probe, probe))

    def _probe(self, probe: CameraProbe) -> None:
        close_old_connections()
        probes.probe_fetch(probe=probe, fetcher=self.fetcher)

    def tend(self) -> None:
        """Keep what is being worked on."""
        if time.monotonic() - self.renewed >= RENEW_EVERY:
            claims = list(self.running.values())
            capture.claims_renew(claims=claims, now=timezone.now())
            self.renewed = time.monotonic()

    def reap(self) -> None:
        for future in [each for each in self.running if each.done()]:
            claim = self.running.pop(future)
            if error := future.exception():
                log.error("camera %s", claim.camera, exc_info=error)

    def _capture(self, claim: Claim) -> str | None:
        close_old_connections()
        try:
            return capture.camera_capture(claim=claim, fetcher=self.fetcher)
        except NO_DATABASE:
            connection.close()
            raise  # the lease runs out, and whoever comes next takes the picture on
        except Exception:
            # It broke in a way nobody listed: the camera must not be asked over and
            # over until its picture is stale.
            now = timezone.now()
            state = Camera.State.CRASHED
            capture.outcome_record(claim=claim, state=state, now=now)
            raise

    def _safely(self, work: Callable[[], None]) -> None:
        """The database may be away for a while; cameras must not wait for a restart."""
        try:
            work()
        except NO_DATABASE as exc:
            log.warning("the database does not answer: %s", exc)
            connection.close()
