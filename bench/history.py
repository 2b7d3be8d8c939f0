"""Does a page cost more when the same staff has been observed for longer?

    python -m bench.history [--readings 1000000 12000000] [--database-url URL] [--keep]

Two sites of the same people, one of them observed twelve times as long: in the default
1,000 people with 8 pictures a day for half a year and for more than six years, with
everything that comes with it (pictures, summaries, flags, mails, looks, answers, team
figures). The last days are the same in both. Each page and each piece of work is called
in both databases by turns; the medians are compared. A sample of the loaded summaries
is made anew by the product first.

Prints a table and a JSON line; exit status 1 when summaries differ, a number of queries
differs, or a median is more than 1.5 times the other. `--explain` prints the plan of
each page's slowest statement with the long history, `--out FOLDER` writes it.

Without --database-url a PostgreSQL is started that ends with the run. With it,
databases of its own are made on that server, and dropped unless `--keep` leaves them to
the next run.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import json
import os
import secrets
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import psycopg2

from bench.history_rows import Staff
from monitor.periods import last_working_days
from tests.ops import servers

if TYPE_CHECKING:
    from bench.history_pages import Measured, World

MOST = 1.5
TZ = ZoneInfo("Europe/Berlin")
# Tables are filled in the transaction that emptied them, which then needs no log.
FOR_LOADING = (
    "wal_level=minimal",
    "max_wal_senders=0",
    "max_wal_size=4GB",
    "maintenance_work_mem=512MB",
)
# A later run opens what an earlier one sealed; everything in it is invented.
IMAGE_KEY = base64.urlsafe_b64encode(b"history".ljust(32, b".")).decode()
SAMPLE_PEOPLE = 2


@dataclass
class Line:
    """One probe with the short and the long history."""

    name: str
    queries: tuple[int, int]
    medians: tuple[float, float]
    p90: tuple[float, float]
    scans: list[str] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        return self.medians[1] / self.medians[0]

    @property
    def wrong(self) -> list[str]:
        found = []
        if self.queries[0] != self.queries[1]:
            found.append("{}: {} queries, then {}".format(self.name, *self.queries))
        if self.ratio > MOST:
            found.append(f"{self.name}: {self.ratio:.2f} times as slow")
        return found

    def as_dict(self) -> dict[str, Any]:
        return {
            "queries": self.queries,
            "ms": [round(value, 2) for value in self.medians],
            "p90_ms": [round(value, 2) for value in self.p90],
            "ratio": round(self.ratio, 3),
            "within": not self.wrong,
            "scans": self.scans,
        }


def table(lines: list[Line], sizes: list[int]) -> Iterator[str]:
    short, long = (f"{size:,}" for size in sizes)
    heads = ("page or work", "queries", f"ms at {short} (p90)", f"ms at {long} (p90)")
    yield f"| {' | '.join(heads)} | ratio |"
    yield "| --- | --- | --- | --- | --- |"
    for line in lines:
        queries = " / ".join(dict.fromkeys(map(str, line.queries)))
        times = [
            f"{median:.1f} ({p90:.1f})"
            for median, p90 in zip(line.medians, line.p90, strict=True)
        ]
        verdict = " **too much**" if line.wrong else ""
        cells = [line.name, queries, *times, f"{line.ratio:.2f}{verdict}"]
        yield f"| {' | '.join(cells)} |"


def working_days(readings: int, staff: Staff, until: date) -> list[date]:
    return last_working_days(
        max(1, round(readings / staff.readings_a_day)), until=until
    )


# Databases ------------------------------------------------------------------------


@contextlib.contextmanager
def server(url: str) -> Iterator[str]:
    """The one that was named, or a new one."""
    if url:
        yield url
        return
    with (
        tempfile.TemporaryDirectory(prefix="history-") as folder,
        servers.postgres(Path(folder), *FOR_LOADING) as started,
    ):
        yield started


def at_server(url: str, statement: str) -> list[tuple[Any, ...]]:
    connection = psycopg2.connect(url)
    connection.autocommit = True
    try:
        cursor = connection.cursor()
        cursor.execute(statement)
        return list(cursor.fetchall()) if cursor.description else []
    finally:
        connection.close()


@contextlib.contextmanager
def product(url: str) -> Iterator[None]:
    """Django in this process, with keys of its own."""
    with tempfile.TemporaryDirectory(prefix="history-state-") as state:
        os.environ |= {
            "DATABASE_URL": url,
            "STATE_DIR": state,
            "SECRET_KEY": secrets.token_urlsafe(60),
            "IMAGE_KEYS": IMAGE_KEY,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "LOG_LEVEL": "WARNING",
        }
        import django

        django.setup()
        yield


def wrapper_of(name: str) -> Any:
    """Another database of the same server, as Django's default one."""
    from django.db import connections

    there = connections["default"]
    there.close()
    connections["default"] = type(there)({**there.settings_dict, "NAME": name})
    return connections["default"]


def database(url: str, readings: int, staff: Staff, days: list[date]) -> str:
    """The name of a database with this history; one of an earlier run if it fits."""
    from django.core.management import call_command

    from monitor.models import DailySummary

    name = f"history_{readings}_{staff.people}"
    known = {row[0] for row in at_server(url, "SELECT datname FROM pg_database")}
    wrapper_of(name)
    if name in known:
        call_command("migrate", verbosity=0)
        if DailySummary.objects.filter(day=days[-1]).exists():
            return name
        wrapper_of("postgres").close()
        at_server(url, f"DROP DATABASE {name} WITH (FORCE)")
    began = time.monotonic()
    at_server(url, f"CREATE DATABASE {name}")
    fill(name, staff, days)
    size = at_server(url, f"SELECT pg_size_pretty(pg_database_size('{name}'))")[0][0]
    seconds = time.monotonic() - began
    print(f"{name}: {len(days)} working days, {size}, filled in {seconds:.0f} s")
    return name


def fill(name: str, staff: Staff, days: list[date]) -> None:
    from django.core.management import call_command
    from django.db import connection

    from bench import history_flags, history_load

    wrapper_of(name)
    call_command("migrate", verbosity=0)
    history_load.staff_make(staff)
    made = history_load.site(staff)
    history_flags.flags_make(made, days)
    history_flags.figures_make(made, days)
    history_flags.validations_make(made, days)
    # Last, because a database whose last day is there counts as filled.
    history_load.history_load(made, days)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


# Measuring --------------------------------------------------------------------------


def check(staff: Staff, days: list[date], sample: int) -> int:
    """Days of a sample whose summary is not what the product would make."""
    from bench.history_load import site
    from bench.history_pages import summaries_differ

    people = site(staff).people
    rng = staff.rng(0, 9)
    drawn = [
        (int(rng.choice(people)), days[int(rng.integers(len(days)))])
        for _ in range(sample)
    ]
    whole = [int(key) for key in people[-SAMPLE_PEOPLE:]] if sample else []
    return summaries_differ(drawn, whole)


def lines_of(
    worlds: list[World], options: argparse.Namespace, plans: list[str]
) -> Iterator[Line]:
    from tqdm import tqdm

    from bench.history_pages import Asked, measure, plan_of_slowest, scans

    def bar(numbers: Any) -> Any:
        return tqdm(numbers, unit="page", disable=None)

    for name, found in measure(worlds, Asked(options.repeats, (*options.only,)), bar):
        worlds[-1].enter()
        plans.append(f"## {name}\n\n{plan_of_slowest(found[-1])}\n")
        yield line_of(name, found, scans(found[-1]))


def line_of(name: str, found: list[Measured], scans: list[str]) -> Line:
    short, long = found
    return Line(
        name=name,
        queries=(short.queries, long.queries),
        medians=(short.median, long.median),
        p90=(short.p90, long.p90),
        scans=scans,
    )


def run(options: argparse.Namespace, url: str) -> int:
    from bench.history_pages import World

    staff = Staff(options.people, options.pictures, options.seed, TZ)
    until = datetime.now(UTC).astimezone(TZ).date() - timedelta(days=1)
    wrong: list[str] = []
    worlds = []
    names = []
    for readings in options.readings:
        days = working_days(readings, staff, until)
        names.append(database(url, readings, staff, days))
        worlds.append(World(readings, wrapper_of(names[-1])))
        if differ := check(staff, days, options.sample):
            wrong.append(f"{readings} readings: {differ} summaries differ")
    plans: list[str] = []
    lines = []
    for line in lines_of(worlds, options, plans):
        lines.append(line)
        print(f"{line.name}: {line.ratio:.2f}", file=sys.stderr, flush=True)
    for world in worlds:
        world.wrapper.close()
    if not options.keep:
        for name in names:
            at_server(url, f"DROP DATABASE {name} WITH (FORCE)")
    return report(options, lines, plans, wrong)


def report(
    options: argparse.Namespace, lines: list[Line], plans: list[str], wrong: list[str]
) -> int:
    if options.explain:
        print("\n".join(plans))
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        (options.out / "history.explain.txt").write_text("\n".join(plans))
    for row in table(lines, options.readings):
        print(row)
    for line in lines:
        if line.scans:
            print(f"{line.name} reads all of {', '.join(line.scans)}")
    pages = {line.name: line.as_dict() for line in lines}
    print(json.dumps({"readings": options.readings, "pages": pages}))
    wrong += [text for line in lines for text in line.wrong]
    for text in wrong:
        print(f"WRONG: {text}")
    return 1 if wrong else 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--readings", type=int, nargs=2, default=[10**6, 12 * 10**6])
    parser.add_argument("--people", type=int, default=1000)
    parser.add_argument("--pictures", type=int, default=8, help="of a person in a day")
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--only", nargs="+", default=[""], help="parts of names")
    parser.add_argument("--sample", type=int, default=300, help="days made anew")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--database-url", default="", help="of a server to use")
    parser.add_argument("--keep", action="store_true", help="leave the databases")
    parser.add_argument("--explain", action="store_true", help="print plans")
    parser.add_argument("--out", type=Path, help="folder for the plans")
    return parser.parse_args()


def main() -> int:
    options = arguments()
    if not options.database_url and servers.missing():
        print(f"not installed: {', '.join(servers.missing())}")
        return servers.UNAVAILABLE
    with server(options.database_url) as url, product(url):
        return run(options, url)


if __name__ == "__main__":
    sys.exit(main())
