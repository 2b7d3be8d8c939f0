"""Starts a few processes, watches them, and stops all of them when one ends.

Standard library only and nothing of the product, so that it can be tried with any
command. Each child leads a process group of its own and is told by the kernel when
this process dies, so that nothing is left behind, even after SIGKILL.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

POLL = 0.1  # seconds
LOG_LIMIT = 10 * 1024 * 1024
LAST_LINES = 15
PR_SET_PDEATHSIG = 1


def say(message: str) -> None:
    sys.stdout.write(message + "\n")
    sys.stdout.flush()


def always() -> bool:
    return True


@dataclass(frozen=True)
class Command:
    """One process to keep running; `ready` tells whether it does its work yet."""

    name: str
    argv: Sequence[str]
    ready: Callable[[], bool] = always


def follow_parent(
    number: signal.Signals = signal.SIGTERM,
) -> Callable[[], None] | None:
    """What a child runs before its program: ask for a signal when its parent dies."""
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def prepare() -> None:
        prctl(PR_SET_PDEATHSIG, number)
        if os.getppid() != parent:  # it died before the line above
            os._exit(1)

    return prepare


class Child:
    """A command that was started, and its log."""

    def __init__(self, command: Command, logs: Path, env: dict[str, str]) -> None:
        self.command = command
        self.log = logs / f"{command.name}.log"
        if self.log.exists() and self.log.stat().st_size > LOG_LIMIT:
            self.log.replace(self.log.with_suffix(".log.1"))
        with self.log.open("ab") as log:
            self._begin = log.tell()
            self.process = subprocess.Popen(  # noqa: S603 our own commands
                command.argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=env,
                start_new_session=True,
                preexec_fn=follow_parent(),
            )

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    def fate(self) -> str:
        code = self.process.returncode
        if code is not None and code < 0:
            return f"was killed by {signal.Signals(-code).name}"
        return f"ended with exit status {code}"

    def last_lines(self) -> str:
        with self.log.open("rb") as log:
            log.seek(self._begin)
            lines = log.read().decode(errors="replace").splitlines()
        return "\n".join(f"    {line}" for line in lines[-LAST_LINES:] or ["(nothing)"])

    def ask_to_stop(self) -> None:
        if self.running:
            self.process.terminate()

    def kill_group(self) -> None:
        """End what is left of the child and of everything that it started."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class Supervisor:
    """Runs the commands until a signal asks to stop or one of them ends."""

    def __init__(
        self,
        commands: Sequence[Command],
        *,
        logs: Path,
        env: dict[str, str],
        grace: float = 15,
    ) -> None:
        self.commands, self.logs, self.env, self.grace = commands, logs, env, grace
        self.children: list[Child] = []
        self.signals = 0

    def run(self, *, ready_within: float, on_ready: Callable[[], None]) -> int:
        """Return the exit status: 0 after a signal, 1 when something went wrong."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._note_signal)
        self.logs.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            for command in self.commands:
                self.children.append(Child(command, self.logs, self.env))
            if problem := self._wait_ready(ready_within) or self._watch(on_ready):
                say(problem)
            return 1 if problem else 0
        finally:
            self._stop()

    def _note_signal(self, _number: int, _frame: FrameType | None) -> None:
        self.signals += 1

    def _wait_ready(self, seconds: float) -> str:
        waiting = list(self.children)
        end = time.monotonic() + seconds
        while not self.signals:
            if problem := self._dead():
                return problem
            waiting = [child for child in waiting if not child.command.ready()]
            if not waiting:
                return ""
            if time.monotonic() > end:
                return "\n".join(
                    f"The {child.command.name} was not ready after {seconds:g} s. "
                    f"Its last lines ({child.log}):\n{child.last_lines()}"
                    for child in waiting
                )
            time.sleep(POLL)
        return ""

    def _watch(self, on_ready: Callable[[], None]) -> str:
        if not self.signals:
            on_ready()
        while not self.signals:
            if problem := self._dead():
                return problem
            time.sleep(POLL)
        return ""

    def _dead(self) -> str:
        return "\n".join(
            f"The {child.command.name} {child.fate()}. "
            f"Its last lines ({child.log}):\n{child.last_lines()}"
            for child in self.children
            if not child.running
        )

    def _stop(self) -> None:
        """Ask, wait, then kill; a second signal cuts the wait short."""
        say("Stopping.")
        before = self.signals
        end = time.monotonic() + self.grace
        for child in self.children:
            child.ask_to_stop()
        while any(child.running for child in self.children):
            if self.signals > max(before, 1) or time.monotonic() > end:
                break
            time.sleep(POLL)
        for child in self.children:
            child.kill_group()
