"""Read the faces in picture files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from inference.errors import InferenceError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inference.scan import Entry


class Command(BaseCommand):
    help = (
        "Find the faces in pictures and say which emotion each shows. Exit status 1 "
        "when a file could not be read; the others are reported all the same."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("paths", nargs="+", type=Path, metavar="PATH")
        parser.add_argument(
            "--crops", action="store_true", help="each picture is one tight face crop"
        )
        parser.add_argument(
            "--json", action="store_true", help="JSON instead of a table"
        )
        parser.add_argument(
            "--model",
            default="",
            help="name or folder; default: the one that inference/models/active "
            "names, because this command asks no database",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        from tqdm import tqdm

        from inference.runtime import get_engine
        from inference.scan import scan

        try:
            engine = get_engine(options["model"] or None)
        except InferenceError as error:
            raise CommandError(str(error)) from error
        entries = tqdm(
            scan(options["paths"], engine, crops=options["crops"]),
            unit="picture",
            disable=None,  # no bar where the errors go into a file
        )
        total, failed = (self._json if options["json"] else self._table)(iter(entries))
        if failed:
            raise CommandError(f"{failed} of {total} files could not be read")

    def _json(self, entries: Iterator[Entry]) -> tuple[int, int]:
        """Write the list entry by entry, so that memory stays bounded."""
        total = failed = 0
        self.stdout.write("[", ending="")
        for entry in entries:
            text = json.dumps(entry.as_dict(), ensure_ascii=False)
            self.stdout.write(("," if total else "") + "\n" + text, ending="")
            total += 1
            failed += bool(entry.error)
        self.stdout.write("\n]")
        return total, failed

    def _table(self, entries: Iterator[Entry]) -> tuple[int, int]:
        from inference.scan import HEADER, lines

        total = failed = faces = 0
        self.stdout.write(HEADER)
        for entry in entries:
            for line in lines(entry):
                self.stdout.write(line)
            total += 1
            failed += bool(entry.error)
            faces += len(entry.faces)
        self.stdout.write(f"{total} files, {faces} faces, {failed} not readable")
        return total, failed
