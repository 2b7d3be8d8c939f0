"""Reads for the review of flags: the queue, one flag, and how flags turned out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from django.db.models import Avg, Count, Exists, OuterRef, Q

from inference.errors import ModelError
from inference.runtime import active_spec
from monitor import selectors
from monitor.flag_scoring import Confusion, OutcomeShare, confusions, outcome_shares
from monitor.models import (
    Flag,
    FlagEvent,
    Invitation,
    ModelVersion,
    Organisation,
    Person,
    Reading,
    SelfReport,
    Team,
)
from monitor.periods import Period, last_working_days, local_day
from monitor.querysets import FlagQuerySet
from monitor.scoring import Interval, Ratios, wilson
from monitor.selectors import WINDOW
from monitor.services.flags import EXPIRES_AFTER
from monitor.services.self_reports import WINDOW as AGREEMENT_WINDOW

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

# Days that the chart of a flag shows before and after it was raised.
AROUND = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class QueueFilter:
    """What to show; None and "" leave nothing out, but "" as status means open ones."""

    status: str = ""
    kind: str = ""
    team: Team | None = None
    days_old: int | None = None


@dataclass(frozen=True, slots=True)
class About:
    """The ratio that a flag is about, of the ten working days that `ratios` are of."""

    name: str
    value: float | None
    interval: Interval | None
    ratios: Ratios

    @classmethod
    def of(cls, flag: Flag, ratios: Ratios) -> About:
        name = flag.measure
        if name == Flag.Measure.HAPPINESS:
            return cls(name, ratios.happiness, ratios.happiness_interval, ratios)
        return cls(name, ratios.stress, ratios.stress_interval, ratios)


@dataclass(frozen=True, slots=True)
class QueueRow:
    """A flag with its ratio of the last ten working days."""

    flag: Flag
    now: About
    days_old: int


@dataclass(frozen=True, slots=True)
class Quality:
    """How good the pictures of a period were.

    reasons: how many readings were left out, by code, the most frequent first. The
    means are of the counted readings, None without any; brightness 0 to 255.
    """

    counted: int
    reasons: list[tuple[str, int]]
    sharpness: float | None
    brightness: float | None
    detector_score: float | None


@dataclass(frozen=True, slots=True)
class FlagPage:
    """All that a reviewer needs; `then` ends with the day of the flag, `now` today."""

    flag: Flag
    then: Ratios
    now: Ratios
    then_period: Period
    now_period: Period
    chart_period: Period
    quality: Quality
    confusions: list[Confusion]
    events: list[FlagEvent]
    expires_at: datetime | None

    @property
    def about(self) -> About:
        return About.of(self.flag, self.now)


@dataclass(frozen=True, slots=True)
class OutcomeStatistics:
    """What became of all flags that were ever raised, good news left out.

    Every flag is in exactly one: open, reviewed, ended by the rule, expired.
    """

    raised: int
    open: int
    reviewed: int
    by_rule: int
    expired: int
    outcomes: list[OutcomeShare]


@dataclass(frozen=True, slots=True)
class InvitationStatistics:
    """What became of the invitations of half a year: each that was sent is in one."""

    sent: int
    answered: int
    expired: int
    open: int

    @property
    def rate(self) -> float | None:
        """Share of those that were answered or can be no more; None without any."""
        over = self.answered + self.expired
        return self.answered / over if over else None

    @property
    def interval(self) -> Interval | None:
        if self.rate is None:
            return None
        return wilson(self.rate, self.answered + self.expired)


def invitation_statistics(*, now: datetime) -> InvitationStatistics:
    """In one query, over the days that agreement is measured over.

    Those of withdrawn people count, too: they tell of nobody.
    """
    # Asked row by row: a join would make PostgreSQL hash every answer there is.
    answer = Exists(SelfReport.objects.filter(invitation=OuterRef("pk")))
    sent = Invitation.objects.sent().filter(at__gt=now - AGREEMENT_WINDOW)
    found = sent.annotate(has_answer=answer).aggregate(
        sent=Count("pk"),
        answered=Count("pk", filter=Q(has_answer=True)),
        expired=Count("pk", filter=Q(has_answer=False, expires_at__lte=now)),
    )
    still = found["sent"] - found["answered"] - found["expired"]
    return InvitationStatistics(**found, open=still)


def flag_queue(
    *, user: User | AnonymousUser, wanted: QueueFilter, today: date
) -> FlagQuerySet:
    """Flags that the user may see: open ones first, of them those nobody has seen."""
    found = Flag.objects.visible_to(user).select_related("person__team")
    if not wanted.status:
        found = found.open()
    elif wanted.status == "all":
        found = found.raised()
    else:
        found = found.filter(status=wanted.status)
    if wanted.kind:
        found = found.filter(kind=wanted.kind)
    if wanted.team:
        found = found.filter(person__team=wanted.team)
    if wanted.days_old is not None:
        found = found.filter(raised_on__lte=today - timedelta(days=wanted.days_old))
    rows: FlagQuerySet = found.by_urgency()
    return rows


def queue_rows(flags: Sequence[Flag], *, today: date) -> list[QueueRow]:
    """The flags of one page, with two queries however many they are."""
    ratios = selectors.people_ratios(
        people=[flag.person for flag in flags], period=_window(today)
    )
    return [
        QueueRow(
            flag, About.of(flag, ratios[flag.person_id]), (today - flag.raised_on).days
        )
        for flag in flags
    ]


def flag_page(*, flag: Flag, now: datetime) -> FlagPage:
    organisation = Organisation.current()
    today = local_day(now, organisation.tz)
    ratios = partial(
        selectors.person_ratios, person=flag.person, usual=organisation.week
    )
    then, last = _window(flag.raised_on), _window(today)
    first, end = flag.raised_on - AROUND, min(today, flag.raised_on + AROUND)
    events = list(flag.events.select_related("actor", "answer"))
    acted = [e.at for e in events if e.actor_id or e.old in ("", Flag.Status.PENDING)]
    return FlagPage(
        flag=flag,
        then=ratios(period=then),
        now=ratios(period=last),
        then_period=then,
        now_period=last,
        chart_period=Period.days(first, max(first, end), organisation.tz),
        quality=quality(person=flag.person, period=then),
        confusions=model_confusions(flag.model),
        events=events,
        expires_at=max(acted) + EXPIRES_AFTER if acted and flag.is_open else None,
    )


def quality(*, person: Person, period: Period) -> Quality:
    """Of the largest faces, over a period that is short enough to read them."""
    readings = Reading.objects.for_person(person).for_period(period)
    faces = readings.filter(face_index=0).order_by()
    left_out = faces.filter(counted=False).values_list("reason")
    reasons = left_out.annotate(n=Count("pk")).order_by("-n", "reason")
    means = faces.counted().aggregate(
        n=Count("pk"), s=Avg("sharpness"), b=Avg("brightness"), d=Avg("detector_score")
    )
    return Quality(means["n"], list(reasons), means["s"], means["b"], means["d"])


def model_confusions(version: str) -> list[Confusion]:
    """Of a stored or shipped model; none for one that is not here any more."""
    stored = ModelVersion.objects.filter(version=version)
    spec = stored.values_list("spec", flat=True).first()
    if spec is not None:
        return confusions(spec.get("quantification", {}))
    try:
        shipped = active_spec(version.partition("@")[0])
    except ModelError:
        return []
    return confusions(shipped.quantification) if shipped.version == version else []


def outcome_statistics() -> OutcomeStatistics:
    """Over the whole installation, in one query."""
    asked = Flag.objects.raised().exclude(kind__in=Flag.POSITIVE)
    closed = Q(status=Flag.Status.CLOSED)
    n = asked.aggregate(
        raised=Count("pk"),
        open=Count("pk", filter=Q(status__in=Flag.OPEN)),
        by_rule=Count("pk", filter=closed & Q(outcome="")),
        expired=Count("pk", filter=Q(status=Flag.Status.EXPIRED)),
        **{code: Count("pk", filter=Q(outcome=code)) for code in Flag.Outcome.values},
    )
    counts = {code: n.pop(code) for code in Flag.Outcome.values}
    return OutcomeStatistics(
        **n, reviewed=sum(counts.values()), outcomes=outcome_shares(counts)
    )


def _window(last: date) -> Period:
    first = last_working_days(WINDOW, until=last)[0]
    return Period.days(first, last, Organisation.current().tz)
