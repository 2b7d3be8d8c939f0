"""List, define and switch the formulas that days are summed up under."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from inference import EMOTIONS
from monitor.management.account import account
from monitor.models import DailySummary, Formula
from monitor.models.formulas import since_words
from monitor.scoring import DEFAULT_WEIGHTS, Weights
from monitor.services import formulas
from monitor.services.formulas import FormulaRefused, Numbers


class Command(BaseCommand):
    help = "List, define, activate and forget formulas; see docs/ratios.md."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        actions.add_parser("list", help="all, and which one is in use")
        add = actions.add_parser("add", help="define one; its numbers never change")
        add.add_argument("name")
        for name, weight in zip(EMOTIONS, DEFAULT_WEIGHTS.as_tuple(), strict=True):
            text = f"how much it counts as stress, 0 to 1 (default {weight:g})"
            add.add_argument(f"--{name}", type=float, default=weight, help=text)
        text = "smallest largest probability of a reading that counts (default 0.5)"
        add.add_argument("--threshold", type=float, default=0.5, help=text)
        activate = actions.add_parser("activate", help="let pages read it from now on")
        activate.add_argument("name")
        forget = actions.add_parser("forget", help="delete the days kept under it")
        forget.add_argument("name")

    def handle(self, *args: Any, **options: Any) -> None:
        action = getattr(self, f"_{options['action']}")
        try:
            action(options)
        except (FormulaRefused, ValueError) as error:
            raise CommandError(str(error)) from error

    def _list(self, options: dict[str, Any]) -> None:
        for row in Formula.objects.all():
            weights = " ".join(
                f"{name} {weight:g}"
                for name, weight in zip(EMOTIONS, row.weights.as_tuple(), strict=True)
                if weight
            )
            least = (
                "as read" if row.min_confidence is None else f"{row.min_confidence:g}"
            )
            self.stdout.write(
                f"{row.name:20} {weights}; threshold {least}; {_kept(row)}"
                f"{'; in use' if row.in_use else ''}"
            )

    def _add(self, options: dict[str, Any]) -> None:
        weights = Weights(*(options[name] for name in EMOTIONS))
        numbers = Numbers(weights, options["threshold"])
        row = formulas.formula_add(name=options["name"], numbers=numbers, by=account())
        self.stdout.write(
            f"{row} is defined; next: `manage.py recompute --formula {row}`"
        )

    def _activate(self, options: dict[str, Any]) -> None:
        row = formulas.formula_named(options["name"])
        row = formulas.formula_activate(formula=row, by=account())
        self.stdout.write(f"pages read {row} {since_words(row.shown_from or date.min)}")

    def _forget(self, options: dict[str, Any]) -> None:
        row = formulas.formula_named(options["name"])
        gone = formulas.formula_forget(formula=row)
        self.stdout.write(f"{gone} days under {row} deleted")


def _kept(row: Formula) -> str:
    if row.since is None:
        return "not recomputed"
    days = DailySummary.objects.filter(formula=row).count()
    return f"{days} days kept {since_words(row.since)}"
