"""Make the demonstration organisation."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from tqdm import tqdm

from monitor.models import Organisation
from monitor.periods import local_day
from monitor.services.demo import (
    DemoSize,
    NotADemonstration,
    demo_found,
    demo_reset,
    demo_seed,
)

FEWEST_PEOPLE = 6
MOST_PEOPLE = 900
FEWEST_DAYS = 20


class Command(BaseCommand):
    help = (
        "Make an organisation of invented people with four months of readings. What is "
        "there already is left alone, so it may be stopped and run again."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--people", type=int, default=60)
        parser.add_argument("--teams", type=int, default=6)
        parser.add_argument(
            "--days", type=int, default=85, help="working days up to yesterday"
        )
        parser.add_argument("--seed", type=int, default=7)
        parser.add_argument(
            "--until",
            type=date.fromisoformat,
            metavar="DATE",
            help="the day that counts as today (today)",
        )
        parser.add_argument(
            "--reset", action="store_true", help="delete the invented people first"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        today = local_day(now, Organisation.current().tz)
        until = options["until"] or today
        if until > today:
            raise CommandError("--until lies in the future")
        sizes = {name: options[name] for name in ("people", "teams", "days", "seed")}
        size = DemoSize(until=until, **sizes)
        if problem := _problem(size):
            raise CommandError(problem)
        bar = partial(tqdm, unit="person", disable=None)
        try:
            if options["reset"]:
                demo_reset(progress=partial(bar, desc="deleting"))
            made = demo_seed(size=size, now=now, progress=partial(bar, desc="making"))
        except NotADemonstration as exc:
            raise CommandError(str(exc)) from exc
        self.stdout.write(
            f"{made} people made. Log in as admin, health or employee; "
            f"the password is in {settings.STATE_DIR / 'demo_password'}"
        )
        if made == size.people:
            self.stdout.write(str(demo_found(size=size)))


def _problem(size: DemoSize) -> str:
    if not FEWEST_PEOPLE <= size.people <= MOST_PEOPLE:
        return f"--people must lie between {FEWEST_PEOPLE} and {MOST_PEOPLE}"
    if not 1 <= size.teams <= size.people:
        return "--teams must lie between 1 and the number of people"
    if size.days < FEWEST_DAYS:
        return f"--days must be at least {FEWEST_DAYS}"
    return ""
