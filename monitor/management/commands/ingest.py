"""manage.py ingest FOLDER|ZIP|VIDEO [--person NUMBER]"""

from __future__ import annotations

import re
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from time import sleep
from typing import Any
from zipfile import ZipFile, is_zipfile

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from capture.video import VideoError, duration
from monitor.management.interruption import interruptible
from monitor.models import Organisation, Person, Video
from monitor.services.folder import (
    Item,
    archive_items,
    folder_items,
    pictures_ingest,
)
from monitor.services.intake import Refused
from monitor.services.roles import service_account
from monitor.services.videos import Film, video_read, video_take_in

GOES_ON = "the same command goes on where it was"


class Command(BaseCommand):
    help = (
        "Take in the pictures (JPEG, PNG, WebP) of a folder or a zip archive; times"
        " come from EXIF, else the file name, else the file's date. Without --person"
        " the first level of folders is named by personnel numbers. Or take pictures"
        " out of a video file. Links are not followed. Run it again after an"
        " interruption: what is in already is passed over."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", type=Path, metavar="FOLDER, ZIP or VIDEO")
        parser.add_argument(
            "--person", metavar="NUMBER", help="whose pictures they are"
        )
        parser.add_argument(
            "--every",
            type=seconds,
            default=2.0,
            metavar="2s",
            help="time between two pictures of a video, such as 0.5s or 1min",
        )
        parser.add_argument(
            "--taken-at",
            type=datetime.fromisoformat,
            help="when a video begins, ISO 8601; default: so that it ends at the date"
            " of the file",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["path"]
        if not path.exists():
            raise CommandError(f"{path} is not a folder and not a file.")
        person = _person(options["person"])
        if path.is_dir():
            self.pictures(path, folder_items(path), person)
        elif is_zipfile(path):
            with ZipFile(path) as archive:
                items = archive_items(archive, Organisation.current().tz)
                self.pictures(path, items, person)
        elif person is None:
            raise CommandError("Say whose video it is: --person NUMBER.")
        else:
            self.video(path, person, options)

    def pictures(self, path: Path, items: list[Item], person: Person | None) -> None:
        if not items:
            raise CommandError(f"{path} holds no JPEG, PNG or WebP files.")
        by = service_account("folder-import")
        outcomes = pictures_ingest(items=items, person=person, by=by)
        new = there = refused = 0
        work = interruptible(outcomes, GOES_ON)
        for outcome in tqdm(work, total=len(items), unit="picture"):
            new += outcome.new
            refused += bool(outcome.refusal)
            there += not outcome.new and not outcome.refusal
            if outcome.refusal:
                # Whoever packed an archive chose the names, which a terminal obeys.
                name = str(outcome.path)
                shown = name if name.isprintable() else ascii(name)
                tqdm.write(f"{shown}: {outcome.refusal}", file=self.stderr)
        self.stdout.write(f"{new} taken in, {there} were in already, {refused} refused")
        if refused:
            raise SystemExit(1)

    def video(self, path: Path, person: Person, options: dict[str, Any]) -> None:
        """The pictures are taken out here; the workers analyse them."""
        length = _length(path)
        film = Film(
            name=path.name,
            size=path.stat().st_size,
            taken_at=options["taken_at"] or _beginning(path, length),
            every=options["every"],
        )
        by = service_account("folder-import")
        try:
            video = video_take_in(path=path, person=person, film=film, by=by)
        except Refused as exc:
            raise CommandError(exc.message) from exc
        with tqdm(total=round(length) or None, unit="s") as bar:
            for position in interruptible(_positions(video), GOES_ON):
                bar.update(min(position, length or position) - bar.n)
        if video.status != Video.Status.DONE:
            raise CommandError(f"{path}: {video.reason}")
        pictures = video.frames.count()
        self.stdout.write(f"{pictures} pictures taken in, video {video.pk}")
        if video.reason:
            self.stderr.write(f"{path}: pictures of a pause are left out")
            raise SystemExit(1)


def _positions(video: Video) -> Iterator[float]:
    """Slice after slice until all is read; how far it is, in seconds."""
    while not video.is_finished:
        read = video_read(Video.objects.filter(pk=video.pk))
        video.refresh_from_db()
        yield video.position
        if not read and not video.is_finished:
            sleep(1)  # the queue is full, or a worker reads it


def _person(number: str | None) -> Person | None:
    if number is None:
        return None
    person: Person | None = Person.objects.filter(number=number).first()
    if person is None:
        raise CommandError(f"There is no person with number {number}.")
    return person


def seconds(text: str) -> float:
    """2, 2s, 1.5s, 1min as seconds."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(s|min)?", text.strip())
    if found is None:
        raise ArgumentTypeError(f"{text} is no time; write 2s or 1min")
    return float(found[1]) * (60 if found[2] == "min" else 1)


def _length(path: Path) -> float:
    """Seconds; 0 where the file does not say."""
    with path.open("rb") as file:
        try:
            return duration(file.fileno())
        except VideoError as exc:
            raise CommandError(
                f"{path} is not a video that can be read, nor a folder."
            ) from exc


def _beginning(path: Path, length: float) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime - length, tz=UTC)
