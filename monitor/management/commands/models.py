"""Bring models in, choose which one reads, and compare a shadow with it."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from inference import ModelError
from monitor.management.account import account
from monitor.models import Formula, ModelVersion
from monitor.services import formulas, serving, shadow, versions
from monitor.services.formulas import FormulaRefused
from monitor.services.shadow_report import (
    NothingToCompare,
    report_text,
    shadow_report,
)
from monitor.services.versions import Author, VersionChangeRefused

REFUSALS = (ModelError, VersionChangeRefused, NothingToCompare, FormulaRefused)


class Command(BaseCommand):
    help = "List, import, activate, roll back and shadow the models that read faces."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        actions.add_parser("list", help="what is in, and what is in use")
        add = actions.add_parser("import", help="check a model and bring it in")
        add.add_argument("model", help="a folder, or the name of a shipped model")
        activate = actions.add_parser("activate", help="let a version read from now on")
        activate.add_argument("version", help="version, or its name")
        actions.add_parser("rollback", help="activate the version before this one")
        beside = actions.add_parser("shadow", help="let a version read along")
        beside.add_argument("version", nargs="?", help="version, or its name")
        beside.add_argument("--off", action="store_true", help="stop the shadow")
        report = actions.add_parser("report", help="compare the shadow with the model")
        report.add_argument("version", nargs="?", help="default: the last shadow")
        report.add_argument("--days", type=int, default=shadow.RETENTION_DAYS)
        report.add_argument("--formula", help="default: the formula in use")
        report.add_argument("--json", action="store_true")
        prune = actions.add_parser("prune", help="delete what shadows read long ago")
        prune.add_argument("--days", type=int, default=shadow.RETENTION_DAYS)

    def handle(self, *args: Any, **options: Any) -> None:
        if options.get("days", 1) < 1:
            raise CommandError("--days must be at least 1")
        action = getattr(self, f"_{options['action']}")
        try:
            action(options)
        except REFUSALS as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"a model's files cannot be used: {error}") from error

    def _list(self, options: dict[str, Any]) -> None:
        use = serving.in_use()
        rows = ModelVersion.objects.defer("spec", "metrics")
        for row in rows:
            since = row.activated_at or row.imported_at
            line = f"{row.version:32} {row.state:9} {since:%Y-%m-%d %H:%M} {row.source}"
            self.stdout.write(line)
        how = "stored" if isinstance(use.live, serving.Stored) else f"named {use.live}"
        self.stdout.write(f"in use: {use.version} ({how})")
        if use.shadow:
            self.stdout.write(f"shadow: {use.shadow.version}")

    def _import(self, options: dict[str, Any]) -> None:
        row, new = versions.version_import(
            model=options["model"], author=Author(by=account())
        )
        self.stdout.write(f"{row} is in{'' if new else ' already'}")

    def _activate(self, options: dict[str, Any]) -> None:
        version = versions.version_named(options["version"])
        versions.version_activate(version=version, author=Author(by=account()))
        self.stdout.write(f"{version} reads every picture that is claimed from now on")

    def _rollback(self, options: dict[str, Any]) -> None:
        version = versions.version_rollback(author=Author(by=account()))
        self.stdout.write(f"{version} reads every picture that is claimed from now on")

    def _shadow(self, options: dict[str, Any]) -> None:
        if options["off"] == bool(options["version"]):
            raise CommandError("give a version, or --off")
        if options["off"]:
            version = versions.shadow_stop(author=Author(by=account()))
            self.stdout.write(f"{version} reads no more")
            return
        version = versions.version_named(options["version"])
        versions.shadow_start(version=version, author=Author(by=account()))
        self.stdout.write(f"{version} reads along; see `manage.py models report`")

    def _report(self, options: dict[str, Any]) -> None:
        name = options["version"]
        report = shadow_report(
            version=versions.version_named(name) if name else None,
            days=options["days"],
            formula=formulas.formula_named(
                options["formula"] or Formula.current_name()
            ),
            progress=partial(tqdm, unit="face", disable=None),
        )
        if options["json"]:
            self.stdout.write(json.dumps(report.as_dict(), default=str))
            return
        for line in report_text(report):
            self.stdout.write(line)

    def _prune(self, options: dict[str, Any]) -> None:
        gone = shadow.shadow_prune(days=options["days"])
        self.stdout.write(f"{gone} readings of shadows deleted")
