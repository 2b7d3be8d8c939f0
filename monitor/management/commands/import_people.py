"""manage.py import_people FILE.csv [--dry-run]"""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tablib import Dataset, InvalidDimensions

from monitor.people_import import PersonResource


class Command(BaseCommand):
    help = (
        "Take in people from a CSV table with the columns number, name, team. A number"
        " that is known changes that person; a team that is not there is made. One bad"
        " line, and nothing is taken in. Consent is not given by this."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--dry-run", action="store_true", help="store nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        table = _table(options["file"])
        try:
            result = PersonResource().import_data(table, dry_run=options["dry_run"])
        except KeyboardInterrupt as exc:
            raise CommandError(ALL_OR_NONE, returncode=130) from exc
        problems = [str(error.error) for error in result.base_errors]
        for number, errors in result.row_errors():
            problems += [f"line {number + 1}: {_words(e.error)}" for e in errors]
        for row in result.invalid_rows:
            problems.append(f"line {row.number + 1}: {_words(row.error)}")
        if problems:
            raise CommandError("\n".join([*problems, "Nothing was taken in."]))
        counts = result.totals
        done = ", ".join(f"{counts[kind]} {word}" for kind, word in KINDS.items())
        note = "; nothing was stored" if options["dry_run"] else ""
        self.stdout.write(f"{done}{note}")


ALL_OR_NONE = "stopped; all lines are taken in or none: run it again"
KINDS = {"new": "new", "update": "changed", "skip": "as they were"}


def _table(path: Path) -> Dataset:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as exc:
        raise CommandError(f"{path}: {exc.strerror}") from exc
    except UnicodeDecodeError as exc:
        raise CommandError(f"{path} is not UTF-8; save it as CSV UTF-8.") from exc
    delimiter = ";" if text.partition("\n")[0].count(";") else ","
    try:
        return Dataset().load(text, format="csv", delimiter=delimiter)
    except InvalidDimensions as exc:
        raise CommandError(f"{path}: a line has other columns than the first.") from exc


def _words(error: Any) -> str:
    return " ".join(getattr(error, "messages", None) or [str(error)])
