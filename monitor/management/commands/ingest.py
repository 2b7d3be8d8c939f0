"""manage.py ingest FOLDER --person NUMBER"""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from monitor.models import Person
from monitor.services.folder import folder_files, folder_ingest
from monitor.services.roles import service_account


class Command(BaseCommand):
    help = (
        "Take in the pictures (JPEG, PNG, WebP) below FOLDER as pictures of one person."
        " Times come from EXIF, else the file name, else the file's date. Run it again"
        " after an interruption: what is in already is passed over."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument("--person", required=True, metavar="NUMBER")

    def handle(self, *args: Any, **options: Any) -> None:
        folder: Path = options["folder"]
        if not folder.is_dir():
            raise CommandError(f"{folder} is not a folder.")
        person = Person.objects.filter(number=options["person"]).first()
        if person is None:
            raise CommandError(f"There is no person with number {options['person']}.")
        files = folder_files(folder)
        if not files:
            raise CommandError(f"{folder} holds no JPEG, PNG or WebP files.")
        outcomes = folder_ingest(
            files=files, person=person, by=service_account("folder-import")
        )
        new = there = refused = 0
        for outcome in tqdm(outcomes, total=len(files), unit="picture"):
            new += outcome.new
            refused += bool(outcome.refusal)
            there += not outcome.new and not outcome.refusal
            if outcome.refusal:
                tqdm.write(f"{outcome.path}: {outcome.refusal}", file=self.stderr)
        self.stdout.write(f"{new} taken in, {there} were in already, {refused} refused")
        if refused:
            raise SystemExit(1)
