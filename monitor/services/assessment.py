"""Applying the flag rule to a person's days; safe to run twice or at the same time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from monitor import flag_rules
from monitor.flag_rules import POLICY, DayValue, Decision, day_values
from monitor.models import DailySummary, Flag, Organisation, Person
from monitor.periods import last_working_days, local_day
from monitor.querysets import PersonQuerySet
from monitor.scoring import DayTotals, newest_days
from monitor.services import flags

SOON = timedelta(minutes=10)
DUE = timedelta(minutes=25)


@dataclass(frozen=True, slots=True)
class Case:
    """All that a decision about one person on one day rests on."""

    person_id: int
    on: date
    at: datetime | None
    days: list[DayTotals]
    flag: Flag | None

    @property
    def values(self) -> list[DayValue]:
        return day_values(self.days)

    @property
    def same_model(self) -> bool:
        """Whether the flag's baseline can be compared with the newest days."""
        if self.flag is None or not self.days:
            return True
        return (self.flag.model, self.flag.formula) == self.days[-1].version

    def decide(self) -> Decision:
        frozen = self.flag.raised_on if self.flag and self.same_model else None
        is_open = self.flag is not None
        return flag_rules.decide(
            self.values, self.on, POLICY, is_open=is_open, opened_on=frozen
        )


def person_assess(
    *, person_id: int, on: date | None = None, at: datetime | None = None
) -> Flag | None:
    """Apply the rule as of day `on` (today); the person's open flag afterwards.

    Uses the days of the newest model up to `on` only. `at` is the time written on the
    change, now unless the past is replayed. Without a current consent nothing is done.
    """
    if not Person.objects.consented().filter(pk=person_id).exists():
        return None
    on = on or local_day(timezone.now(), Organisation.current().tz)
    flag = Flag.objects.open().filter(person_id=person_id).first()
    since = min(on, flag.raised_on) if flag else on
    stored = DailySummary.objects.filter(person_id=person_id).for_days(
        since - timedelta(days=POLICY.history_days()), on
    )
    days = newest_days(stored.by_person().get(person_id, []))
    case = Case(person_id, on, at, days, flag)
    try:
        return _raise(case) if flag is None else _follow(case, flag)
    except flags.FlagChangeRefused:
        # Another worker or a human was faster; the next assessment sees their change.
        return Flag.objects.open().filter(person_id=person_id).first()


def people_assess_due(*, now: datetime) -> int:
    """Assess everybody whose last assessment is old; says how many."""
    return _assess(Person.objects.consented(), now, DUE)


def person_assess_soon(*, person_ids: Iterable[int], now: datetime) -> int:
    """Assess those of them who were not assessed in the last minutes."""
    return _assess(Person.objects.filter(pk__in=set(person_ids)), now, SOON)


def _assess(people: PersonQuerySet, now: datetime, age: timedelta) -> int:
    due = Q(assessed_at__isnull=True) | Q(assessed_at__lt=now - age)
    done = 0
    for pk in people.filter(due).order_by("pk").values_list("pk", flat=True):
        # Whoever changes the row has the work; another worker finds it changed.
        if Person.objects.filter(due, pk=pk).update(assessed_at=now):
            person_assess(person_id=pk)
            done += 1
    return done


def _raise(case: Case) -> Flag | None:
    if case.decide() is not Decision.OPEN or _rests(case):
        return None
    seen = flag_rules.evaluate(case.values, case.on, POLICY)
    if seen.z is None or seen.recent is None or seen.baseline is None:
        return None
    model, formula = case.days[-1].version
    rise = flags.Rise(seen.recent, seen.baseline, seen.z, model, formula)
    flag, _ = flags.flag_raise(
        person_id=case.person_id, on=case.on, rise=rise, at=case.at
    )
    return flag


def _rests(case: Case) -> bool:
    """Whether a flag was closed so recently that asking again would only nag."""
    since = last_working_days(POLICY.cooldown_working_days, until=case.on)[0]
    closed = Flag.objects.filter(person_id=case.person_id, closed_on__gte=since)
    return closed.exists()


def _follow(case: Case, flag: Flag) -> Flag | None:
    """Close, keep or pause an open flag."""
    decision = case.decide()
    if decision is Decision.CLOSE:
        flags.flag_close(
            flag=flag, reason="back to the baseline", on=case.on, at=case.at
        )
        return None
    stale = flag.status == Flag.Status.STALE
    if not case.same_model:
        # The new model's figures cannot be compared with the flag's baseline. To close
        # it would hide somebody from the people who should look, so it waits for them,
        # or for the new model's own baseline to say that all is well.
        return _pause(case, flag, "the model changed, so the baseline starts again")
    if decision is Decision.STALE:
        return _pause(
            case, flag, f"no data for {POLICY.recent_working_days} working days"
        )
    return flags.flag_resume(flag=flag, at=case.at) if stale else flag


def _pause(case: Case, flag: Flag, reason: str) -> Flag:
    if flag.status == Flag.Status.STALE:
        return flag
    return flags.flag_mark_stale(flag=flag, reason=reason, at=case.at)
