"""Read kept pictures again with another model."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from inference import ModelError
from inference.engine import Engine
from inference.runtime import get_engine
from monitor.management.interruption import interruptible
from monitor.models import Snapshot, SnapshotImage
from monitor.services import serving, versions
from monitor.services.reclassify import kept_pictures, pictures_reclassify

NOTHING_KEPT = (
    "No picture of a finished snapshot is kept, so nothing can be read again: pictures "
    "are deleted in the transaction that stores their readings (docs/privacy.md). "
    "Stored readings keep the name of the model that made them. To compare a model "
    "with the present one, let it read along: `manage.py models shadow VERSION`, then "
    "`manage.py models report`."
)
GOES_ON = "the same command goes on where it was"


class Command(BaseCommand):
    help = (
        "Read the pictures that are kept after their analysis again. The readings of "
        "other models stay. May be interrupted and run again."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--model", help="a version that is in; default: in use")

    def handle(self, *args: Any, **options: Any) -> None:
        done = Snapshot.objects.filter(status=Snapshot.Status.DONE)
        if not SnapshotImage.objects.filter(snapshot__in=done).exists():
            raise CommandError(NOTHING_KEPT)
        try:
            engine = _engine(options["model"])
        except (ModelError, versions.VersionChangeRefused) as error:
            raise CommandError(str(error)) from error
        waiting = kept_pictures(version=engine.model_version).count()
        read = locked = 0
        with tqdm(total=waiting, unit="picture", disable=None) as bar:
            for step in interruptible(pictures_reclassify(engine=engine), GOES_ON):
                bar.update(step.pictures)
                read += step.read
                locked += step.locked
        self.stdout.write(
            f"{read} of {waiting} pictures read by {engine.model_version}"
        )
        if locked:
            raise CommandError(
                f"{locked} pictures could not be decrypted: put the key they were "
                "stored with into IMAGE_KEYS"
            )


def _engine(name: str | None) -> Engine:
    if not name:
        return serving.load(serving.in_use().live, get_engine)
    return serving.load(versions.stored(versions.version_named(name)), get_engine)
