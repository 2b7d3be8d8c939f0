"""Print how often the flag rule is wrong and how soon it is right."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings as settings_of_site
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError
from django.utils import timezone
from tqdm import tqdm

from inference.errors import InferenceError
from inference.files import write_json
from inference.spec import active_name, load_spec, model_folder
from monitor.change_point import DEFAULT
from monitor.flag_curve import Line, trade_off
from monitor.flag_planner import Look, enough_pictures, plan
from monitor.flag_rules import POLICY
from monitor.flag_simulation import (
    RULES,
    SHIFTS,
    SITE,
    Reader,
    Run,
    Setting,
    reader_of,
    settings_of,
    sign_rate,
    simulate,
)
from monitor.level_simulation import level_figures
from monitor.models import Formula, Organisation
from monitor.periods import local_day
from monitor.population import site_pictures, site_population

TARGET = (0.5, 0.8)
LIKENESS = {
    "decaying": "if the likeness of pictures decays with the time between them",
    "constant": "if neighbouring pictures stay as alike however close they come",
}
_bar = partial(tqdm, unit="count", disable=None)


def _site() -> Setting:
    """This site's people and pictures a day, or the default where it has too few."""
    today = local_day(timezone.now(), Organisation.current().tz)
    people = site_population(today, formula=Formula.current_name())
    pictures = site_pictures(today)
    if people == DEFAULT or pictures is None:
        return Setting("default")
    return Setting("this site", people, pictures=pictures)


class Command(BaseCommand):
    help = (
        "Simulate people and print how many false episodes a flag rule makes per 100 "
        "person-months, and how many rises of the stress ratio it finds within 20 "
        "working days, after how many of them (the first is 1), with 95 % intervals, "
        "in each of the settings that it must be stable in. --plan asks instead how "
        "many pictures a day it takes at this site."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--rule", choices=RULES, default="change-point")
        parser.add_argument("--people", type=int, default=1000, help="in each setting")
        parser.add_argument("--seed", type=int, default=2)
        parser.add_argument(
            "--json",
            metavar="PATH",
            nargs="?",
            const="-",
            help='write the figures there; without PATH, or with "-", print them',
        )
        parser.add_argument(
            "--curve",
            type=Path,
            metavar="PATH",
            help="draw instead what each rule finds of +0.20 against its false flags",
        )
        planner = parser.add_argument_group("planner")
        planner.add_argument(
            "--plan",
            action="store_true",
            help="how many pictures a day find --shift within --days so often; the "
            "site's own people, pictures and scatter of days, where it has enough",
        )
        planner.add_argument("--shift", type=float, default=0.2)
        planner.add_argument("--days", type=int, default=20, help="working days")
        planner.add_argument("--probability", type=float, default=0.8)

    def handle(self, *args: Any, **options: Any) -> None:
        if options["people"] < SITE:
            raise CommandError(f"at least {SITE} people make a site")
        run = Run(options["rule"], options["people"], options["seed"])
        if options["curve"]:
            lines = _curves(run)
            options["curve"].write_text(trade_off(lines, TARGET))
            found = {"curves": {line.title: line.points for line in lines}}
            self._out(found, _curve_text(lines), options["json"])
        elif options["plan"]:
            self._plan(run, options)
        else:
            found = _table(run)
            self._out(found, _text(found), options["json"])

    def _plan(self, run: Run, options: dict[str, Any]) -> None:
        if not (0 < options["shift"] < 1 and 0 < options["probability"] < 1):
            raise CommandError("--shift and --probability lie between 0 and 1")
        if options["days"] < 1:
            raise CommandError("--days must be at least 1")
        run = replace(run, shifts=(options["shift"],), within=options["days"])
        try:
            setting = _site()
        except DatabaseError:
            setting = Setting("default, for want of a database")
        looks = {
            name: plan(setting, run, keep_rho=keep, progress=_bar)
            for name, keep in (("decaying", False), ("constant", True))
        }
        found = {
            "setting": {
                "name": setting.name,
                "pictures": setting.pictures,
                "rho": setting.population.rho,
            },
            "shift": options["shift"],
            "days": options["days"],
            "probability": options["probability"],
            "enough": {
                name: enough_pictures(rows, options["probability"])
                for name, rows in looks.items()
            },
            "likeness": {
                name: [row._asdict() for row in rows] for name, rows in looks.items()
            },
        }
        self._out(found, _plan_text(found, looks), options["json"])

    def _out(self, found: dict[str, Any], text: str, path: str | None) -> None:
        if path == "-":
            self.stdout.write(json.dumps(found))
            return
        if path:
            write_json(Path(path), found)
        self.stdout.write(text)


def _table(run: Run) -> dict[str, Any]:
    settings = settings_of(_reader())
    rows = {
        setting.name: simulate(setting, run).as_dict()
        for setting in tqdm(settings, unit="setting", disable=None)
    }
    standard = rows[settings[0].name]
    return {
        "rule": run.rule,
        "people": run.sites * SITE,
        "seed": run.seed,
        "within": run.within,
        "model": active_name(),
        "policy": asdict(POLICY),
        "setting": asdict(settings[0]),
        "first_signs_per_100_person_months": sign_rate(settings[0], run),
        **standard,
        "settings": rows,
        "level": level_figures(settings[0], run, settings_of_site.STRESS_LEVEL),
    }


def _reader() -> Reader:
    """How the active model takes pictures of stressed and calm people."""
    try:
        stored = load_spec(model_folder(active_name())).quantification
    except InferenceError as error:
        raise CommandError(str(error)) from error
    return reader_of(stored["matrix"], stored["counts"]) if stored else Reader()


def _curves(run: Run) -> list[Line]:
    """+0.20 against false episodes, of the rules at 18 pictures a day and more."""
    wanted = [
        (name, Setting(f"{name}, {pictures} a day", pictures=pictures))
        for name, pictures in (
            *((name, 18) for name in RULES),
            ("change-point", 30),
            ("change-point", 45),
        )
    ]
    jobs = [(n, t) for n, (rule, _) in enumerate(wanted) for t in RULES[rule].curve]
    points: list[list[tuple[float, float]]] = [[] for _ in wanted]
    for n, threshold in tqdm(jobs, unit="point", disable=None):
        rule, setting = wanted[n]
        one = replace(run, rule=rule, threshold=threshold, shifts=(0.2,))
        figures = simulate(setting, one)
        points[n].append((figures.false_rate, figures.detection(0.2)))
    return [
        Line(setting.name, row)
        for (_, setting), row in zip(wanted, points, strict=True)
    ]


def _text(found: dict[str, Any]) -> str:
    signs = found["first_signs_per_100_person_months"]
    head = (
        f"{found['rule']}, {found['people']} people in each setting, "
        f"seed {found['seed']}; first signs of the product's rule in the standard "
        f"setting: {signs:.2f} per 100 person-months"
    )
    title = f"{'':29}  false per 100 months"
    title += "".join(f"  +{shift:.2f}: found, days    " for shift in SHIFTS)
    lines = [head, "", title.rstrip()]
    for name, row in found["settings"].items():
        low, high = row["false_episodes_interval"]
        rate = row["false_episodes_per_100_person_months"]
        line = f"{name:29}  {rate:5.2f} ({low:.2f} to {high:.2f})"
        for shift in row["detection"]:
            low, high = row["detection_interval"][shift]
            share = f"{row['detection'][shift]:.0%} ({low:.0%} to {high:.0%})"
            line += f"  {share:>18} {_days(row['median_delay_days'][shift]):>4}"
        lines.append(line)
    return "\n".join([*lines, "", *_level_lines(found["level"])])


def _level_lines(found: dict[str, Any]) -> list[str]:
    """Of the kind level: by how far the true ratio lies from it."""
    lines = [
        f"kind level, {found['level']:.2f}, {found['people']} people each in the "
        "standard setting, whatever --rule",
        f"{'true ratio from the level':29}  false per 100 months",
    ]
    for name, row in found["false"].items():
        low, high = row["false_episodes_interval"]
        rate = row["false_episodes_per_100_person_months"]
        lines.append(f"{name:29}  {rate:5.2f} ({low:.2f} to {high:.2f})")
    lines.append(f"{'':29}  found within {found['within']} working days, days")
    for name, row in found["found"].items():
        low, high = row["detection_interval"]
        share = f"{row['detection']:.0%} ({low:.0%} to {high:.0%})"
        lines.append(f"{name:29}  {share:>18} {_days(row['median_delay_days']):>4}")
    return lines


def _plan_text(found: dict[str, Any], looks: dict[str, list[Look]]) -> str:
    setting = found["setting"]
    lines = [
        f"{setting['name']}: {setting['pictures']} pictures a day, autocorrelation "
        f"{setting['rho']:.2f}; a rise of {found['shift']:.2f} within {found['days']} "
        "working days"
    ]
    for name, rows in looks.items():
        lines += ["", LIKENESS[name]]
        lines.append("pictures  autocorrelation  found  median days  false per 100")
        for row in rows:
            lines.append(
                f"{row.pictures:8}  {row.rho:15.2f}  {row.detection:5.0%}  "
                f"{_days(row.median_delay_days):>11}  "
                f"{row.false_episodes_per_100_person_months:13.2f}"
            )
        enough = found["enough"][name]
        answer = f"{enough} pictures a day" if enough else "none of these"
        lines.append(f"enough for {found['probability']:.0%}: {answer}")
    return "\n".join(lines)


def _curve_text(lines: list[Line]) -> str:
    rows = ["false episodes per 100 person-months: +0.20 found within 20 working days"]
    for line in lines:
        points = (f"{rate:.2f}: {share:.0%}" for rate, share in line.points)
        rows.append(f"{line.title:24}  {'  '.join(points)}")
    return "\n".join(rows)


def _days(value: float | None) -> str:
    return "-" if value is None else f"{value:g}"
