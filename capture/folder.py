"""The newest picture of a folder, into which a recorder or a gateway writes."""

from __future__ import annotations

import os
import stat
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from capture.addresses import check
from capture.frozen import fingerprint
from capture.pictures import verify
from capture.types import CaptureError, Code, Limits, Shot, Source

ENDINGS = (".jpg", ".jpeg", ".png", ".webp")
MOST_FILES = 100_000
SETTLED = 2.0  # seconds; a younger file that is not whole is still being written


class Found(NamedTuple):
    """In the order in which they are given."""

    changed: int
    name: str

    @property
    def mark(self) -> str:
        return f"{self.changed:020d} {self.name}"


def fetch(source: Source, limits: Limits) -> Shot:
    """The newest picture after `source.after`; those between are passed over."""
    began = time.monotonic()
    check(source, limits)
    for found in sorted(_files(source.address), reverse=True):
        if found.mark <= source.after:
            break
        data = _read(source.address, found.name, limits)
        try:
            verify(data, limits)
        except CaptureError:
            if time.time() - found.changed / 1e9 < SETTLED:
                continue
            raise
        taken_at = datetime.fromtimestamp(found.changed / 1e9, UTC)
        milliseconds = round((time.monotonic() - began) * 1000)
        return Shot(data, taken_at, milliseconds, fingerprint(data), found.mark)
    raise CaptureError(Code.EMPTY, "the folder holds no new picture")


def _files(folder: str) -> list[Found]:
    """Files alone: no links, which could lead out of the folder, and no folders."""
    try:
        with os.scandir(folder) as entries:
            named = [
                entry
                for _, entry in zip(range(MOST_FILES), entries, strict=False)
                if entry.name.lower().endswith(ENDINGS)
                and not entry.name.startswith(".")
                and entry.is_file(follow_symlinks=False)
            ]
            return [found for entry in named if (found := _found(entry))]
    except FileNotFoundError as exc:
        raise CaptureError(Code.NOT_FOUND, "the folder is not there") from exc
    except OSError as exc:
        text = f"the folder cannot be read: {exc.strerror}"
        raise CaptureError(Code.UNREACHABLE, text) from exc


def _found(entry: os.DirEntry[str]) -> Found | None:
    """None for one that was deleted in between, as recorders do."""
    with suppress(FileNotFoundError):
        return Found(entry.stat(follow_symlinks=False).st_mtime_ns, entry.name)
    return None


def _read(folder: str, name: str, limits: Limits) -> bytes:
    """Looked at again once it is open: it may have become a link or a pipe."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        with open(os.open(Path(folder, name), flags), "rb") as file:  # noqa: PTH123
            state = os.fstat(file.fileno())
            if not stat.S_ISREG(state.st_mode):
                raise CaptureError(Code.EMPTY, "the folder holds no new picture")
            if state.st_size > limits.bytes:
                raise CaptureError(Code.TOO_LARGE, "the file has too many bytes")
            return file.read(limits.bytes + 1)
    except OSError as exc:
        text = f"a file of the folder cannot be read: {exc.strerror}"
        raise CaptureError(Code.UNREACHABLE, text) from exc
