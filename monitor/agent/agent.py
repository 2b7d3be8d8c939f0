"""Takes pictures when they are due and sends what is stored, one step at a time."""

from __future__ import annotations

import logging
import random
import threading

from monitor.agent import VERSION
from monitor.agent.camera import Camera, CameraProblem
from monitor.agent.client import LONGEST_WAIT, Answer, Client, Unreachable, Verdict
from monitor.agent.clock import Clock
from monitor.agent.schedule import Plan, next_capture, plan_for, still_due
from monitor.agent.settings import Settings
from monitor.agent.spool import Entry, Spool

log = logging.getLogger(__name__)

FIRST_BACKOFF = 5
LONGEST_BACKOFF = 300
LONGEST_SLEEP = 60
PLAN = "plan.json"


class Agent:
    """One thread: a picture that is due goes before the sending of others."""

    def __init__(
        self, settings: Settings, camera: Camera, spool: Spool, clock: Clock
    ) -> None:
        self.settings = settings
        self.camera = camera
        self.spool = spool
        self.clock = clock
        self.client = Client(settings, clock)
        self.told = self._remembered()
        self.plan: Plan | None = None
        self.next_picture: float | None = None
        self.next_heartbeat = 0.0
        self.quiet_until = 0.0
        self.failures = 0
        self.has_relearned = False
        self.failed_at: dict[str, int] = {}  # how often the server failed, by key
        self.camera_state = ""
        self._replan()

    def _remembered(self) -> Plan | None:
        """The last answer to a heartbeat, for a start while the server is away."""
        try:
            return Plan.told(self.spool.read(PLAN) or b"{}")
        except ValueError:
            return None

    def run(self, stop: threading.Event) -> None:
        while not stop.is_set():
            stop.wait(min(self.step(), LONGEST_SLEEP))
        log.info("stopped; %d pictures wait", len(self.spool.entries()))

    def step(self) -> float:
        """Do what is due; the answer is how many seconds nothing will be."""
        if self.next_picture is not None and self.clock.now() >= self.next_picture:
            self.capture()
            self._plan_next()
        if self.clock.now() >= max(self.next_heartbeat, self.quiet_until):
            self.heartbeat()
        if self.clock.now() >= self.quiet_until:
            self.send_one()
        return self._until_next()

    def _until_next(self) -> float:
        talk = self.next_heartbeat
        if self.spool.entries():
            talk = 0.0
        moments = [max(talk, self.quiet_until)]
        if self.next_picture is not None:
            moments.append(self.next_picture)
        return max(0.0, min(moments) - self.clock.now())

    # Pictures ---------------------------------------------------------------

    def capture(self) -> bool:
        """Take one picture now and store it."""
        moment = self.clock.now()
        try:
            shot = self.camera.take()
        except CameraProblem as exc:
            log.warning("no picture: %s", exc)
            self.camera_state = exc.state
            return False
        self.camera_state = "ok"
        taken = shot.taken_at
        moment = moment if taken is None else self.clock.corrected(taken)
        try:
            self.spool.add(shot.data, moment, now=self.clock.now())
        except OSError as exc:
            log.warning("the picture is lost, it cannot be stored: %s", exc)
            return False
        return True

    def send_one(self) -> None:
        """Send the oldest stored picture; it stays until the server has answered.

        The more often the server failed at one, the further behind the others it waits.
        """
        self.spool.trim(now=self.clock.now())
        entries = self.spool.entries()
        waiting = {entry.key for entry in entries}
        self.failed_at = {k: n for k, n in self.failed_at.items() if k in waiting}
        entries.sort(key=lambda entry: self.failed_at.get(entry.key, 0))
        for entry in entries[:1]:
            data = self.spool.read(entry.path.name) or b""
            try:
                answer = self.client.picture(entry, data)
            except Unreachable as exc:
                self._wait(f"the server cannot be reached: {exc}")
            else:
                self._after(entry, answer)

    def _after(self, entry: Entry, answer: Answer) -> None:
        match answer.verdict:
            case Verdict.ACCEPTED:
                self._talked(answer)
                self.spool.remove(entry)
                log.info("picture %s accepted", entry.key)
            case Verdict.REFUSED:
                self._talked(answer)
                self.spool.remove(entry)
                log.warning(
                    "picture %s refused for good (%s %s) and deleted",
                    entry.key,
                    answer.status,
                    answer.code,
                )
            case Verdict.LATER:
                if answer.status == 500:
                    self.failed_at[entry.key] = self.failed_at.get(entry.key, 0) + 1
                self._put_off(answer)

    # The server -------------------------------------------------------------

    def heartbeat(self) -> bool:
        """Say how it goes; take over the plan of the answer."""
        facts = {
            "agent_version": VERSION,
            "queue_length": len(self.spool.entries()),
            "dropped": self.spool.dropped,
            "clock_offset": round(self.clock.ahead, 1),
        }
        if self.camera_state:
            facts["camera_state"] = self.camera_state
        try:
            answer = self.client.heartbeat(facts)
        except Unreachable as exc:
            self._wait(f"the server cannot be reached: {exc}")
            return False
        if answer.status != 200:
            self._put_off(answer)
            return False
        try:
            self.told = Plan.told(answer.body)
        except ValueError as exc:
            self._wait(str(exc))
            return False
        self._talked(answer)
        try:
            self.spool.write(PLAN, answer.body)
        except OSError as exc:
            log.warning("the plan cannot be stored for the next start: %s", exc)
        self.next_heartbeat = self.clock.now() + self.told.heartbeat
        self._replan()
        return True

    def _talked(self, answer: Answer) -> None:
        self.failures = 0
        self.has_relearned = False
        self._learn(answer)

    def _learn(self, answer: Answer) -> bool:
        """Take the server's time over; what was planned by the other clock is not."""
        if answer.date is None or not self.clock.learn(answer.date):
            return False
        self.next_heartbeat = self.quiet_until = 0.0
        self._plan_next()
        return True

    def _put_off(self, answer: Answer) -> None:
        """The server or something on the way to it does not want it now."""
        # Other answers may be those of something on the way, with a clock of its own.
        learnt = answer.status == 401 and self._learn(answer)
        if learnt and not self.has_relearned:
            self.has_relearned = True
            return  # it was signed by a wrong clock: once more, at once
        if answer.status == 401:
            self._wait("not accepted: check key and secret, and whether it is revoked")
        elif answer.status == 403:
            self._wait("the server says this is not this device's camera: camera_id?")
        elif 300 <= answer.status < 400:
            self._wait("the server points to another address: set it as `server`")
        else:
            text = f"the server asks to come back later ({answer.status} {answer.code})"
            self._wait(text, answer.retry_after)

    def _wait(self, why: str, retry_after: float | None = None) -> None:
        """As long as the server says, else longer each time; never all at once."""
        chance = random.random()  # noqa: S311 no secret
        if retry_after is None:
            longest = min(LONGEST_BACKOFF, FIRST_BACKOFF * 2 ** min(self.failures, 10))
            seconds = longest * (0.5 + chance / 2)
        else:
            asked = min(max(0.0, retry_after), LONGEST_WAIT)
            seconds = asked + chance * min(10.0, asked / 10)
        self.failures += 1
        self.quiet_until = self.clock.now() + seconds
        log.warning("%s; again in %.0f s", why, seconds)

    # The plan ---------------------------------------------------------------

    def _replan(self) -> None:
        before = self.plan
        self.plan = plan_for(self.told, self.settings, self.clock.now())
        if not still_due(self.next_picture, self.plan, before):
            self._plan_next()

    def _plan_next(self) -> None:
        now, share = self.clock.now(), random.random()  # noqa: S311 no secret
        self.plan = plan_for(self.told, self.settings, now)
        self.next_picture = next_capture(
            self.plan, self.settings.key, after=now, share=share
        )
