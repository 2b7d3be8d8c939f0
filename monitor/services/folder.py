"""Folders and archives of pictures, taken in through the same door as all others."""

from __future__ import annotations

import hashlib
import lzma
import os
import re
import stat
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from errno import EIO
from functools import partial
from pathlib import Path, PurePosixPath
from zipfile import BadZipFile, ZipFile, ZipInfo

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


# What a member of an archive raises; RuntimeError where it wants a password.
DAMAGED = (
    *(BadZipFile, RuntimeError, NotImplementedError, EOFError, OSError),
    *(zlib.error, lzma.LZMAError, struct.error, ValueError),
)


@dataclass(frozen=True, slots=True)
class Item:
    """One file: its path below the folder or in the archive, and how to read it."""

    path: PurePosixPath
    modified: datetime
    read: Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file; `refusal` is empty when it was taken in."""

    path: PurePosixPath
    new: bool
    refusal: str = ""


def folder_items(folder: Path) -> list[Item]:
    """Pictures below the folder by suffix, in a stable order."""
    paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES)
    return [
        Item(
            path=PurePosixPath(path.relative_to(folder).as_posix()),
            modified=datetime.fromtimestamp(path.lstat().st_mtime, tz=UTC),
            read=partial(_read_file, path),
        )
        for path in paths
    ]


def _read_file(path: Path) -> bytes:
    """No links, which could name somebody else's picture; no pipes, which never end."""
    if not stat.S_ISREG(path.lstat().st_mode):
        raise OSError(EIO, "it is a link, a folder or a pipe, and no file")
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
    with open(os.open(path, flags), "rb") as file:  # noqa: PTH123
        return file.read(pictures.MAX_BYTES + 1)


def archive_items(archive: ZipFile, tz: tzinfo) -> list[Item]:
    """Pictures in a zip by suffix; nothing is unpacked to a disk."""
    found = [
        Item(
            path=PurePosixPath(info.filename),
            modified=_zip_time(info, tz),
            read=partial(_read_member, archive, info),
        )
        for info in archive.infolist()
        if PurePosixPath(info.filename).suffix.lower() in SUFFIXES
    ]
    return sorted(found, key=lambda item: item.path)


def _zip_time(info: ZipInfo, tz: tzinfo) -> datetime:
    """Archives hold local times, and not always possible ones."""
    try:
        return datetime(*info.date_time, tzinfo=tz)
    except ValueError:
        return datetime(1980, 1, 1, tzinfo=tz)


def _read_member(archive: ZipFile, info: ZipInfo) -> bytes:
    """Never more than is refused anyway, whatever the archive promises."""
    try:
        with archive.open(info) as file:
            return file.read(pictures.MAX_BYTES + 1)
    except DAMAGED as exc:
        raise OSError(EIO, str(exc) or type(exc).__name__) from exc


def pictures_ingest(
    *, items: list[Item], by: User, person: Person | None = None
) -> Iterator[Outcome]:
    """Hand the files in one after the other.

    Without a person the first folder of each file's path is the number of one. The key
    of a file is made from its content, so a second run after an interruption finds what
    is already in and goes on behind it.
    """
    tz = Organisation.current().tz
    numbers = {item.path.parts[0] for item in items if len(item.path.parts) > 1}
    known = {row.number: row for row in Person.objects.filter(number__in=numbers)}
    for item in items:
        whose = person or known.get(item.path.parts[0])
        if whose is None:
            yield Outcome(item.path, False, _nobody(item))
        else:
            yield _ingest(item, whose, by, tz)


def _nobody(item: Item) -> str:
    if len(item.path.parts) > 1:
        return f"there is no person with number {item.path.parts[0]}"
    return "lies in no folder named by a personnel number"


def _ingest(item: Item, person: Person, by: User, tz: tzinfo) -> Outcome:
    try:
        data = item.read()
    except OSError as exc:
        return Outcome(item.path, False, f"cannot be read: {exc.strerror}")
    upload = Upload(
        data=data,
        person=person,
        taken_at=taken_at(item, data, tz),
        idempotency_key=f"folder:{person.pk}:{hashlib.sha256(data).hexdigest()}",
        source=Snapshot.Source.FOLDER,
    )
    try:
        accepted = snapshot_accept(upload=upload, by=by)
    except Refused as exc:
        return Outcome(item.path, False, exc.message)
    return Outcome(item.path, new=not accepted.replayed)


def taken_at(item: Item, data: bytes, tz: tzinfo) -> datetime:
    """When a picture was taken: its EXIF, else its name, else the file's own time."""
    taken = pictures.moment_taken(data) or _time_in_name(item.path.stem)
    if taken is None:
        return item.modified
    return taken if taken.tzinfo else taken.replace(tzinfo=tz)


def _time_in_name(stem: str) -> datetime | None:
    found = TIME_IN_NAME.search(stem)
    if found is None:
        return None
    try:
        return datetime(*map(int, found.groups()))  # type: ignore[arg-type] # noqa: DTZ001
    except ValueError:
        return None
