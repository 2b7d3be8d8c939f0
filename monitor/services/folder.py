"""A folder of pictures of one person, taken in through the same door as all others."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path

from django.contrib.auth.models import User

from monitor import pictures
from monitor.models import Organisation, Person, Snapshot
from monitor.services.intake import Refused, Upload, snapshot_accept

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp"})
# 2026-03-04_10-11-12, IMG_20260304_101112.jpg, 2026-03-04 10.11.12, 20260304T101112
TIME_IN_NAME = re.compile(
    r"(?<!\d)(\d{4})[-_.]?(\d\d)[-_.]?(\d\d)[T _-]+"
    r"(\d\d)[-_.:]?(\d\d)[-_.:]?(\d\d)(?!\d)"
)


@dataclass(frozen=True)
class Outcome:
    """What became of one file; `refusal` is empty when it was taken in."""

    path: Path
    new: bool
    refusal: str = ""


def folder_files(folder: Path) -> list[Path]:
    """Pictures below the folder by suffix, in a stable order."""
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)


def folder_ingest(*, files: list[Path], person: Person, by: User) -> Iterator[Outcome]:
    """Hand the files in one after the other.

    The key of a file is made from its content, so a second run after an interruption
    finds what is already in and goes on behind it.
    """
    tz = Organisation.current().tz
    for path in files:
        try:
            data = path.read_bytes()
        except OSError as exc:
            yield Outcome(path, new=False, refusal=f"cannot be read: {exc.strerror}")
            continue
        key = f"folder:{person.pk}:{hashlib.sha256(data).hexdigest()}"
        upload = Upload(
            data=data,
            person=person,
            taken_at=taken_at(path, data, tz),
            idempotency_key=key,
            source=Snapshot.Source.FOLDER,
        )
        try:
            accepted = snapshot_accept(upload=upload, by=by)
        except Refused as exc:
            yield Outcome(path, new=False, refusal=exc.message)
        else:
            yield Outcome(path, new=not accepted.replayed)


def taken_at(path: Path, data: bytes, tz: tzinfo) -> datetime:
    """When a picture was taken: its EXIF, else its name, else the file's own time."""
    taken = pictures.moment_taken(data) or _time_in_name(path.stem)
    if taken is None:
        return datetime.fromtimestamp(path.stat().st_mtime, tz=UTC)
    return taken if taken.tzinfo else taken.replace(tzinfo=tz)


def _time_in_name(stem: str) -> datetime | None:
    found = TIME_IN_NAME.search(stem)
    if found is None:
        return None
    try:
        return datetime(*map(int, found.groups()))  # type: ignore[arg-type] # noqa: DTZ001
    except ValueError:
        return None
