"""What `bench.history` asks of a site with a history, how it is timed, and why it is
slow where it is."""

from __future__ import annotations

import json
import re
import statistics
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, connections, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from inference import Box, EmotionScores, FaceReading, FrameReading, Quality
from monitor.models import (
    DailySummary,
    Flag,
    NotificationChannel,
    Person,
    Snapshot,
    Team,
)
from monitor.services.analysis import lease, sweep
from monitor.services.assessment import person_assess
from monitor.services.intake import queue_is_full
from monitor.services.readings import readings_record
from monitor.services.summaries import person_rebuild, summaries_refresh
from tests.faces import draw_face

BATCH = 32
LOOKED_AT = 3  # runs in which the slowest statement is looked for
ASSESSED = 50
HEAD = 24  # lines of a plan
LARGE = 100_000  # rows of a table that no page may read as a whole
FIGURES = [
    field.name
    for field in DailySummary._meta.concrete_fields
    if field.name not in ("id", "updated_at")
]

Act = Callable[[], object]


@dataclass
class Probe:
    """One thing to measure; `prepare` is not timed."""

    name: str
    act: Act
    prepare: Act = lambda: None


@dataclass
class World:
    """One database, with whom to ask in it."""

    size: int
    wrapper: Any
    probes: list[Probe] = field(default_factory=list)

    def enter(self) -> None:
        connections["default"] = self.wrapper


@dataclass
class Measured:
    """One probe in one database."""

    queries: int = 0
    seconds: list[float] = field(default_factory=list)
    statements: list[tuple[str, float]] = field(default_factory=list)

    @property
    def median(self) -> float:
        return 1000 * statistics.median(self.seconds)

    @property
    def p90(self) -> float:
        ordered = sorted(self.seconds)
        return 1000 * ordered[min(len(ordered) - 1, int(0.9 * len(ordered)))]


def probes() -> list[Probe]:
    """Everything that is measured; the pages as a reviewer opens them."""
    health = signed_in("health1")
    pages = [
        Probe(name, opened(health, path)) for name, path in addresses(Person.objects)
    ]
    admin, employee = signed_in("admin"), signed_in("employee")
    entries = reverse("admin:monitor_accessentry_changelist")
    return [
        *pages,
        Probe("page of one's own answers", opened(employee, reverse("self-report"))),
        Probe("admin: access entries", opened(admin, entries)),
        *work(),
    ]


def addresses(people: Any) -> Iterator[tuple[str, str]]:
    person = people.order_by("pk")[len(people.all()) // 2].pk
    team = Team.objects.order_by("pk")[0].pk
    snapshot = Snapshot.objects.filter(person=person, status="done").first()
    yield "overview", reverse("overview")
    yield "overview of a team", f"{reverse('overview')}?team={team}"
    yield "person", reverse("person", args=[person])
    yield "chart of a person", reverse("person-chart", args=[person])
    yield "report", reverse("report", args=[person])
    yield "report as CSV", reverse("report-csv", args=[person])
    yield "report over a quarter", f"{reverse('report', args=[person])}?span=91"
    yield "queue of flags", reverse("flags")
    yield "queue, all flags", f"{reverse('flags')}?status=all"
    flag = Flag.objects.open().order_by("-raised_on", "person").first()
    if flag:
        yield "flag", reverse("flag", args=[flag.pk])
    yield "how flags come about", reverse("rule")
    channel = NotificationChannel.objects.get(user__username="health1")
    yield "channel", reverse("notification-channel", args=[channel.pk])
    if snapshot:
        yield "picture", reverse("snapshot", args=[snapshot.pk])
        yield "API: picture", reverse("api:snapshot-detail", args=[snapshot.pk])
    yield "API: people", reverse("api:person-list")
    yield "API: ratios", reverse("api:person-ratios", args=[person])
    yield "API: readings, first page", reverse("api:person-readings", args=[person])
    yield "API: flags", reverse("api:flag-list")
    yield "API: team", reverse("api:team-ratios", args=[team])


def signed_in(name: str) -> Client:
    client = Client(SERVER_NAME="localhost")
    client.force_login(
        User.objects.get(username=name), "django.contrib.auth.backends.ModelBackend"
    )
    return client


def opened(client: Client, path: str) -> Act:
    def act() -> None:
        answer = client.get(path)
        if answer.status_code != 200:
            raise RuntimeError(f"{path} answers {answer.status_code}")

    return act


def sent(client: Client, person: int) -> Act:
    picture = draw_face((320, 240))

    def act() -> None:
        image = SimpleUploadedFile("face.jpg", picture, "image/jpeg")
        path, data = reverse("api:snapshot-list"), {"image": image, "person": person}
        if (answer := client.post(path, data)).status_code != 202:
            raise RuntimeError(f"a picture is answered {answer.status_code}")

    return act


@dataclass
class Batch:
    """Pictures of today on their way; nobody is due for an assessment."""

    people: list[int]
    token: Any = None
    ids: list[int] = field(default_factory=list)

    def prepare(self) -> None:
        now = timezone.now()
        Person.objects.update(assessed_at=now)
        Snapshot.objects.bulk_create(
            Snapshot(
                person_id=self.people[n % len(self.people)],
                source=Snapshot.Source.API,
                taken_at=now - timedelta(minutes=n),
                received_at=now,
            )
            for n in range(BATCH)
        )

    def claim(self) -> None:
        self.token, self.ids = Snapshot.objects.claim(limit=BATCH, lease=lease())

    def prepare_and_claim(self) -> None:
        self.prepare()
        self.claim()

    def store(self) -> None:
        frames = dict.fromkeys(self.ids, FRAME)
        readings_record(token=self.token, frames=frames, model="history@00000001")


def work() -> Iterator[Probe]:
    """What workers and the scheduler do."""
    people = list(Person.objects.order_by("pk").values_list("pk", flat=True))
    batch = Batch(people)

    def assess() -> None:
        for pk in people[:ASSESSED]:
            person_assess(person_id=pk)

    yield Probe("sweep, nothing waits", sweep)
    yield Probe(f"storing {BATCH} readings", batch.store, batch.prepare_and_claim)
    yield Probe(f"claiming {BATCH} pictures", batch.claim, batch.prepare)
    yield Probe(f"assessing {ASSESSED} people", assess)
    # Each process asks once a second how full the queue is; here every time.
    send = sent(signed_in("health1"), people[0])
    yield Probe("API: sending a picture", send, queue_is_full.cache_clear)


SCORES = EmotionScores(0.1, 0.1, 0.6, 0.1, 0.1)
FACE = FaceReading(
    box=Box(10, 20, 120, 120),
    quality=Quality(120, 70.0, 120.0, 0.1, 2.0, 0.9),
    probabilities=SCORES,
    label=SCORES.label,
    usable=True,
    reason="",
)
FRAME = FrameReading(width=640, height=480, faces=(FACE,), error="")


@dataclass(frozen=True)
class Asked:
    """How often each probe is called, and what its name must hold one of."""

    repeats: int
    only: tuple[str, ...] = ("",)


def measure(
    worlds: list[World], asked: Asked, each: Callable[[Iterable[int]], Iterable[int]]
) -> Iterator[tuple[str, list[Measured]]]:
    """One probe after the other, in all databases by turns, so that noise hits all."""
    for world in worlds:
        world.enter()
        world.probes = [
            row for row in probes() if any(part in row.name for part in asked.only)
        ]
    for n in each(range(len(worlds[0].probes))):
        found = [Measured() for _ in worlds]
        pairs = list(zip(worlds, found, strict=True))
        for world, result in pairs:
            world.enter()
            once(world.probes[n], result)
        for turn in range(asked.repeats):
            for world, result in pairs[:: -1 if turn % 2 else 1]:
                world.enter()
                timed(world.probes[n], result)
        yield worlds[0].probes[n].name, found


def once(probe: Probe, result: Measured) -> None:
    """Warm up, then note the statements of one call.

    What the rule keeps of people in general, a cache of this process, is read anew.
    """
    cache.clear()
    for _ in range(2):
        probe.prepare()
        probe.act()
    runs = []
    for _ in range(LOOKED_AT):
        probe.prepare()
        with CaptureQueriesContext(connection) as caught:
            probe.act()
        runs.append([(row["sql"], float(row["time"])) for row in caught])
    # A busy machine delays any statement once, but hardly the same one each time.
    least = [min(seconds for _, seconds in each) for each in zip(*runs, strict=False)]
    texts = [text for text, _ in runs[-1]]
    result.statements = list(zip(texts, least, strict=False))
    result.queries = max(map(len, runs))


def timed(probe: Probe, result: Measured) -> None:
    probe.prepare()
    began = time.perf_counter()
    probe.act()
    result.seconds.append(time.perf_counter() - began)


# Plans --------------------------------------------------------------------------


def plan_of_slowest(result: Measured) -> str:
    """What PostgreSQL does for the statement that took longest: the head of it."""
    reads = [row for row in result.statements if row[0].startswith("SELECT")]
    if not reads:
        return "reads nothing"
    statement, _ = max(reads, key=lambda row: row[1])
    lines = explained(statement, "ANALYZE, BUFFERS")
    short = re.sub(r"(?<=SELECT ).*?(?= FROM )", "…", statement, count=1)
    short = re.sub(r"IN \((\d+, ){8}[\d, ]+\)", "IN (…)", short)
    # Long lists of keys are repeated in the plan.
    head = [re.sub(r"\{(\d+,){8}[\d,]+\}", "{…}", line) for line in lines]
    kept = head if len(head) <= HEAD else [*head[:HEAD], "…", head[-1]]
    return "\n".join([short[:600], *kept])


def scans(result: Measured) -> list[str]:
    """Large tables that some statement of a page reads from end to end."""
    found = set()
    for statement, _ in result.statements:
        if statement.startswith("SELECT"):
            (plan,) = json.loads("\n".join(explained(statement, "FORMAT JSON")))
            found |= set(scanned(plan["Plan"]))
    return sorted(found & large_tables())


def scanned(plan: dict[str, Any]) -> Iterator[str]:
    if plan["Node Type"] == "Seq Scan":
        yield plan["Relation Name"]
    for inner in plan.get("Plans", ()):
        yield from scanned(inner)


def large_tables() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND reltuples > %s",
            [LARGE],
        )
        return {name for (name,) in cursor.fetchall()}


def explained(statement: str, options: str) -> list[str]:
    with transaction.atomic(), connection.cursor() as cursor:
        # The driver wrote the values in, so nothing in it is a placeholder any more.
        cursor.cursor.execute(f"EXPLAIN ({options}) {statement}")
        rows = cursor.fetchall()
    if options.endswith("JSON"):
        return [json.dumps(rows[0][0])]
    return [line for (line,) in rows]


# Truth --------------------------------------------------------------------------


def comparable(value: Any) -> Any:
    """Without what two ways of adding differ by, and bytes as one type."""
    if isinstance(value, memoryview):
        return bytes(value)
    return round(value, 9) if isinstance(value, float) else value


def summaries_differ(person_days: list[tuple[int, date]], whole: list[int]) -> int:
    """Days whose stored summary is not what the product makes of their readings."""
    wanted = set(person_days)
    people = {pk for pk, _ in wanted} | set(whole)

    def stored() -> set[tuple[Any, ...]]:
        rows = DailySummary.objects.filter(person__in=people)
        return {tuple(map(comparable, row)) for row in rows.values_list(*FIGURES)}

    before = stored()
    summaries_refresh(person_days=wanted)
    for pk in whole:
        person_rebuild(person_id=pk)
    return len(before ^ stored())
