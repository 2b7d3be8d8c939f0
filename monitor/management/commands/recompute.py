"""Sum up the stored readings under another formula, and compare two formulas."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date
from functools import partial
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from tqdm import tqdm

from monitor.formula_comparison import Comparison, compare, comparison_text
from monitor.management.account import account
from monitor.management.interruption import interruptible
from monitor.models import Formula, Organisation, Recomputation
from monitor.models.formulas import since_words
from monitor.periods import local_day
from monitor.services import formulas, recompute
from monitor.services.formulas import FormulaRefused
from monitor.services.recompute import Asked, RunTakenOver

GOES_ON = "the same command goes on where it was"
_bar = partial(tqdm, unit="step", disable=None)


class Command(BaseCommand):
    help = (
        "Sum up all stored readings under a formula, beside those that are there. May "
        "be interrupted and run again. Pages go on reading the formula in use until "
        "`--activate` or `manage.py formulas activate`."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--formula", help="its name; default: the one in use")
        text = "first day, YYYY-MM-DD; default: all days that the formula has"
        parser.add_argument("--since", type=date.fromisoformat, help=text)
        text = "only say how much there is to do, and about how long it takes"
        parser.add_argument("--dry-run", action="store_true", help=text)
        text = "let pages read the formula when all is done"
        parser.add_argument("--activate", action="store_true", help=text)
        text = "print what two formulas make of the people; recomputes nothing"
        parser.add_argument("--compare", nargs=2, metavar=("A", "B"), help=text)
        parser.add_argument("--json", action="store_true", help="with --compare")
        text = "end a run that was stopped, and delete what it made"
        parser.add_argument("--abandon", action="store_true", help=text)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["compare"]:
                a, b = map(formulas.formula_named, options["compare"])
                self._print(_compare(a, b), options["json"])
            elif options["abandon"]:
                run = recompute.recomputation_abandon(now=timezone.now())
                self.stdout.write(f"the recomputation under {run} is abandoned")
            else:
                self._recompute(options)
        except (FormulaRefused, RunTakenOver, ValueError) as error:
            raise CommandError(str(error)) from error

    def _recompute(self, options: dict[str, Any]) -> None:
        name = options["formula"] or Formula.current_name()
        formula = formulas.formula_named(name)
        asked = Asked(formula, options["since"], account())
        if options["dry_run"]:
            self._say_amount(asked)
            return
        run = recompute.recomputation_start(asked=asked, now=timezone.now())
        self._pursue(run)
        if options["activate"]:
            formulas.formula_activate(formula=formula, by=account())
        formula.refresh_from_db()
        current = formulas.formula_named(Formula.current_name())
        if current != formula:
            self._print(_compare(current, formula), as_json=False)
            self.stdout.write(
                f"To let pages read it: `manage.py formulas activate {formula}`"
            )

    def _say_amount(self, asked: Asked) -> None:
        found = recompute.recomputation_amount(asked=asked, now=timezone.now())
        how_long = "" if found.seconds is None else f", about {found.seconds:.0f} s"
        self.stdout.write(
            f"{found.readings} readings on {found.days} days of {found.people} people"
            f"{how_long}; nothing was changed"
        )

    def _pursue(self, run: Recomputation) -> None:
        before = run.last_person
        left = recompute.steps_left(run=run)
        work = recompute.recomputation_pursue(run=run)
        try:
            steps = list(_bar(interruptible(work, GOES_ON), total=left))
        finally:
            recompute.recomputation_release(run=run)
        again = ", after those of the run that was stopped" if before else ""
        days = [step.days for step in steps if not step.of_room]
        self.stdout.write(
            f"{sum(days)} days of {len(days)} people summed up under {run.formula_id} "
            f"{since_words(run.since)}{again}"
        )
        if rooms := sum(step.days for step in steps if step.of_room):
            self.stdout.write(f"{rooms} days of rooms summed up, too")

    def _print(self, found: Comparison, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(asdict(found), default=str))
            return
        for line in comparison_text(found):
            self.stdout.write(line)


def _compare(a: Formula, b: Formula) -> Comparison:
    today = local_day(timezone.now(), Organisation.current().tz)
    return compare(a=a, b=b, until=today, progress=partial(tqdm, disable=None))
