"""The flags, mails, team figures and measurements that a history leaves behind.

Fewer by far than readings, so they are stored row by row. Invented: 3 flags in a
hundred months of a person, three in five of them closed by a human, the others by the
rule or by the clock; those of the last four weeks are open. Each is told to every
reviewer twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import count

from django.contrib.auth.models import User

from bench.history_load import MODEL, TEAM, Site
from monitor import vault
from monitor.models import (
    Flag,
    FlagEvent,
    Notification,
    NotificationAttempt,
    NotificationChannel,
    Team,
    TeamFigure,
    Validation,
)
from monitor.notification_rules import Topic
from monitor.periods import BLOCK, block_start
from monitor.scoring import FORMULA

A_DAY = 0.03 / 21  # flags of one person
OPEN = 20  # working days
EVENING = time(18)
Status = Flag.Status
# The way of a flag that a human, the rule or the clock has ended, and of open ones.
ENDED = (
    (Status.RAISED, Status.ACKNOWLEDGED, Status.IN_REVIEW, Status.CLOSED),
    (Status.RAISED, Status.CLOSED),
    (Status.RAISED, Status.EXPIRED),
)
SHARES = (0.6, 0.25, 0.15)
GOING_ON = ((Status.RAISED,), (Status.RAISED, Status.ACKNOWLEDGED))


@dataclass(frozen=True)
class Case:
    flag: Flag
    way: tuple[str, ...]


def flags_make(made: Site, days: list[date]) -> int:
    """Flags with their events and notifications; says how many flags."""
    cases = list(cases_of(made, days))
    Flag.objects.bulk_create([case.flag for case in cases], batch_size=1000)
    events = [event for case in cases for event in events_of(case, made)]
    FlagEvent.objects.bulk_create(events, batch_size=1000)
    channels = list(channels_make())
    told = [
        Notification(
            channel=channel,
            event=event,
            topic=Topic.RAISED,
            status=Notification.Status.SENT,
            due_at=event.at,
            attempts=1,
            sent_at=event.at + timedelta(seconds=20),
        )
        for event in events
        if event.new == Status.RAISED or event.new in Flag.ENDS
        for channel in channels
    ]
    Notification.objects.bulk_create(told, batch_size=1000)
    NotificationAttempt.objects.bulk_create(
        (NotificationAttempt(notification=row, at=row.due_at) for row in told),
        batch_size=1000,
    )
    return len(cases)


def cases_of(made: Site, days: list[date]) -> Iterator[Case]:
    is_open: set[int] = set()
    for back, day in zip(range(len(days))[::-1], days, strict=True):
        rng = made.staff.rng(back, 2)
        raised = rng.poisson(A_DAY * len(made.people))
        for person in rng.choice(made.people, raised, replace=False):
            lasting = back < OPEN
            if lasting and person in is_open:
                continue
            is_open |= {int(person)} if lasting else set()
            ways, shares = (GOING_ON, None) if lasting else (ENDED, SHARES)
            way = ways[rng.choice(len(ways), p=shares)]
            yield Case(flag_of(int(person), day, way), way)


def flag_of(person: int, day: date, way: tuple[str, ...]) -> Flag:
    by_human = Status.IN_REVIEW in way
    return Flag(
        person_id=person,
        kind=Flag.Kind.RISE,
        status=way[-1],
        raised_on=day,
        closed_on=day + timedelta(days=30) if way[-1] in Flag.ENDS else None,
        recent_ratio=0.45,
        baseline_ratio=0.22,
        z=4.2,
        evidence=9.1,
        model=MODEL,
        formula=FORMULA,
        outcome=Flag.Outcome.CONFIRMED if by_human else "",
        found="A month of many late shifts." if by_human else "",
        agreed="Shifts are planned with the person." if by_human else "",
    )


def events_of(case: Case, made: Site) -> Iterator[FlagEvent]:
    """The first by the rule, the rest a few days apart; only reviewers are somebody."""
    evening = datetime.combine(case.flag.raised_on, EVENING, made.staff.tz)
    actor = int(made.reviewers[case.flag.person_id % len(made.reviewers)])
    human = len(case.way) != 2 or case.way[-1] == Status.ACKNOWLEDGED
    for n, new in enumerate(case.way):
        yield FlagEvent(
            flag=case.flag,
            old=case.way[n - 1] if n else "",
            new=new,
            at=evening + n * timedelta(days=30) / max(len(case.way) - 1, 1),
            actor_id=actor if n and human else None,
            reason="as agreed in the team" if n and human else "",
        )


def channels_make() -> Iterator[NotificationChannel]:
    for user in User.objects.filter(groups__isnull=False).order_by("pk"):
        address = vault.seal(f"{user.username}@example.org".encode())
        yield NotificationChannel.objects.create(
            user=user,
            kind=NotificationChannel.Kind.EMAIL,
            sealed_address=address,
            sealed_key=b"",
        )


def figures_make(made: Site, days: list[date]) -> None:
    """A figure for each team and fortnight that is over, with its people."""
    teams = list(Team.objects.order_by("pk"))
    blocks = sorted({block_start(day) for day in days if day + BLOCK <= days[-1]})
    level = {"stress": 0.3, "happiness": 0.25}
    edges = {f"{name}_{side}": 0.05 for name in level for side in ("below", "above")}
    rows = TeamFigure.objects.bulk_create(
        (
            TeamFigure(
                team=team,
                first_day=first,
                released_at=datetime.combine(first + BLOCK, EVENING, made.staff.tz),
                people_at_least=8,
                is_base=first == blocks[0],
                **level,
                **edges,
            )
            for first in blocks
            for team in teams
        ),
        batch_size=1000,
    )
    people_of = [made.people[n :: len(teams)] for n in range(len(teams))]
    link = TeamFigure.people.through
    members = (
        link(teamfigure_id=row.pk, person_id=int(person))
        for row, of in zip(rows, (of for _ in blocks for of in people_of), strict=True)
        for person in of[: TEAM - 3]
    )
    link.objects.bulk_create(members, batch_size=5000)


def validations_make(made: Site, days: list[date]) -> None:
    """Two measurements a day, weekends too, as the scheduler makes them."""
    start = datetime.combine(days[0], EVENING, made.staff.tz)
    end = datetime.combine(days[-1], EVENING, made.staff.tz)
    Validation.objects.bulk_create(validations(start, end, days[0]), batch_size=1000)


def validations(start: datetime, end: datetime, first: date) -> Iterable[Validation]:
    for n in count():
        at = start + n * timedelta(hours=12)
        if at > end:
            return
        yield Validation(
            at=at,
            first_report=first,
            people=300,
            days=20_000,
            correlation=0.3,
            low=0.28,
            high=0.32,
            formula=FORMULA,
        )
