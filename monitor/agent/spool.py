"""Pictures on disk until the server has them: bounded, in order, each with its key."""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from monitor.agent.settings import Limits, SettingsProblem

log = logging.getLogger(__name__)

NAME = re.compile(r"\A([0-9]{15})-([0-9a-f]{32})\.jpg\Z")
DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True, order=True)
class Entry:
    """One stored picture; its name holds the time at which it was taken, and its key.

    So they survive a restart, and a repetition is the same message.
    """

    milliseconds: int
    key: str
    path: Path

    @property
    def taken_at(self) -> float:
        return self.milliseconds / 1000


class Spool:
    """A folder that belongs to one agent; only its user may look into it."""

    def __init__(self, folder: Path, limits: Limits) -> None:
        self.folder = folder
        self.limits = limits
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        self._lock = self._locked()
        for part in folder.glob("*.part"):
            part.unlink()  # the agent was killed while it wrote this

    def _locked(self) -> Any:
        lock = (self.folder / "lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as exc:
            lock.close()
            raise SettingsProblem(f"another agent uses {self.folder}") from exc
        return lock

    def close(self) -> None:
        self._lock.close()

    def entries(self) -> list[Entry]:
        """Oldest first."""
        found = []
        for path in self.folder.iterdir():
            if match := NAME.match(path.name):
                found.append(Entry(int(match[1]), match[2], path))
        return sorted(found)

    def add(self, data: bytes, taken_at: float, *, now: float) -> None:
        """Store a picture for good before anybody hears of it."""
        key = secrets.token_hex(16)
        name = f"{round(taken_at * 1000):015d}-{key}.jpg"
        self.write(name, data)
        self.trim(now=now)

    def write(self, name: str, data: bytes) -> None:
        """Whole or not at all, readable by this user alone."""
        part = self.folder / f"{name}.part"
        part.unlink(missing_ok=True)
        try:
            with os.fdopen(
                os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb"
            ) as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            part.replace(self.folder / name)
        except OSError:
            part.unlink(missing_ok=True)  # or a full disk stays full
            raise

    def read(self, name: str) -> bytes | None:
        try:
            return (self.folder / name).read_bytes()
        except FileNotFoundError:
            return None

    def remove(self, entry: Entry) -> None:
        entry.path.unlink(missing_ok=True)

    def trim(self, *, now: float) -> None:
        """Drop what is beyond the limits, the oldest first, and count it."""
        entries = self.entries()
        sizes = [entry.path.stat().st_size for entry in entries]
        total, gone = sum(sizes), 0
        for n, (entry, size) in enumerate(zip(entries, sizes, strict=True)):
            old = entry.taken_at < now - self.limits.days * DAY_SECONDS
            many = len(entries) - n > self.limits.pictures
            if not (old or many or total > self.limits.megabytes * 1_000_000):
                break
            self.remove(entry)
            total -= size
            gone += 1
        if gone:
            log.warning("%d stored pictures dropped: too many, large or old", gone)
            with contextlib.suppress(OSError):  # a full disk; the log has said it
                self.write("dropped", str(self.dropped + gone).encode())

    @property
    def dropped(self) -> int:
        """Pictures thrown away unsent since the set-up."""
        with contextlib.suppress(ValueError):
            return int(self.read("dropped") or b"0")
        return 0
