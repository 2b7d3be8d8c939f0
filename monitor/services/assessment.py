"""Applying the flag rule to a person's days; safe to run twice or at the same time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Value
from django.db.models.functions import NullIf
from django.utils import timezone

from monitor import flag_kinds
from monitor.camera_eras import comparable_days, main_view
from monitor.flag_kinds import Look, Question
from monitor.flag_rules import POLICY, Decision, baseline
from monitor.models import DailySummary, Flag, Organisation, Person
from monitor.periods import judged_day, last_working_days, local_day
from monitor.population import site_population
from monitor.scoring import FORMULA, DayTotals, newest_days
from monitor.services import flags, self_reports
from monitor.services.flags import Rise

# A person is left alone for so long after a scheduler took them: that one is still at
# work, or has died, or pictures come late in many small batches.
REST = timedelta(minutes=10)
# Judgements in one call, for the worker has pictures to analyse, too.
CHUNK = 200
MOST_MISSED = 10


@dataclass(frozen=True, slots=True)
class Case:
    """All that a decision about one kind for one person on one day rests on."""

    person_id: int
    kind: str
    on: date
    at: datetime | None
    days: list[DayTotals]
    flag: Flag | None
    closed_on: date | None  # the last one of this kind before it
    asked: bool  # whether a flag of this kind may begin

    @property
    def is_open(self) -> bool:
        return self.flag is not None and self.flag.is_open

    @property
    def changed(self) -> str:
        """What keeps the flag's baseline from comparing with the newest days; or ""."""
        if self.flag is None or not self.days:
            return ""
        if self.flag.model != self.days[-1].model:
            return "model"
        if self.flag.formula != self.days[-1].formula:
            return "formula"
        if self.kind == flag_kinds.LEVEL:
            return ""  # it compares with no day
        # That the camera was another one may have been noted after the flag: then there
        # are no days left that it could have been raised against.
        compared = comparable_days(self.days, self.on)
        values = flag_kinds.values_of(self.kind, compared)
        known = baseline(values, self.flag.raised_on)
        then, now = (main_view(self.days, on) for on in (self.flag.raised_on, self.on))
        return "camera" if then != now or known is None else ""

    def look(self) -> Look:
        since = self.closed_on
        if self.flag and self.is_open:
            since = None if self.changed else self.flag.raised_on
        question = Question(
            self.days, self.on, settings.STRESS_LEVEL, self.is_open, since
        )
        if self.kind != flag_kinds.LEVEL:
            formula = self.days[-1].formula if self.days else FORMULA
            population = site_population(self.on, self.kind, formula)
            question = replace(question, population=population)
        return flag_kinds.look(self.kind, question)

    def rise(self, seen: Look) -> Rise | None:
        """The ground of a change, None while there is too little data for one."""
        if seen.z is None or seen.recent is None or seen.baseline is None:
            return None
        model, formula = self.days[-1].version
        return Rise(seen.recent, seen.baseline, seen.z, model, formula, seen.evidence)


def person_assess(
    *, person_id: int, on: date | None = None, at: datetime | None = None
) -> Flag | None:
    """Apply the rules as of day `on`; the person's first open flag afterwards.

    `on` is yesterday unless given: to look at a day before it is over, again and again,
    makes false flags (docs/flags.md). Uses the days of the newest model up to `on`
    only. `at` is the time written on the change, now unless the past is replayed.
    Without a current consent nothing is done.
    """
    if not Person.objects.consented().filter(pk=person_id).exists():
        return None
    if on is None:
        on = local_day(timezone.now(), Organisation.current().tz) - timedelta(days=1)
    flag_of, closed_on = _flags(person_id)
    since = min([on, *(flag.raised_on for flag in flag_of.values())])
    shown = DailySummary.objects.shown()
    stored = shown.filter(person_id=person_id).for_days(
        since - timedelta(days=POLICY.history_days()), on
    )
    days = newest_days(stored.by_person().get(person_id, []))
    found: list[Flag] = []
    for kind in Flag.Kind:
        flag, asked = flag_of.get(kind), _is_asked(kind, found)
        if flag is None and not asked:
            continue
        closed = closed_on.get(kind)
        flag = _apply(Case(person_id, kind, on, at, days, flag, closed, asked))
        found += [flag] if flag and flag.is_open else []
    return found[0] if found else None


def _flags(person_id: int) -> tuple[dict[str, Flag], dict[str, date]]:
    """A person's unfinished flags, and when the last one before was ended, by kind."""
    unfinished: dict[str, Flag] = {}
    closed_on: dict[str, date] = {}
    known = Flag.objects.filter(person_id=person_id).exclude(status=Flag.Status.PASSED)
    for flag in known.order_by("closed_on"):
        if flag.closed_on is None:
            unfinished[flag.kind] = flag
        else:
            closed_on[flag.kind] = flag.closed_on
    return unfinished, closed_on


def _is_asked(kind: str, found: list[Flag]) -> bool:
    """Whether a flag of this kind may begin; a rise that is open says enough."""
    said = kind == Flag.Kind.LEVEL and bool(found)
    return kind in settings.FLAG_KINDS and not said


def _apply(case: Case) -> Flag | None:
    try:
        return _follow(case, case.flag) if case.flag and case.is_open else _begin(case)
    except flags.FlagChangeRefused:
        # Another worker or a human was faster; the next assessment sees their change.
        there = Flag.objects.open().filter(person_id=case.person_id)
        return there.filter(kind=case.kind).first()


def people_assess_due(*, now: datetime) -> int:
    """Judge everybody's last day that is over, once, and again where days changed.

    Says how many people it took: not more than a chunk in one call, those first who
    have waited longest, so that nobody's failure keeps the others waiting. Days that
    were missed are judged one by one, for a flag may begin and end on any of them.
    """
    on = judged_day(now, Organisation.current().tz)
    due = Person.objects.to_assess(on=on, before=now - REST)
    waited = due.order_by(F("assessed_at").asc(nulls_first=True), "pk")
    rows = waited.values_list("pk", "assessed_on", "changed_at")[:CHUNK]
    done, judged = 0, 0
    for pk, last, changed in rows:
        if judged >= CHUNK:
            break
        # Whoever changes the row has the work; another scheduler finds it changed.
        if not due.filter(pk=pk).update(assessed_at=now):
            continue
        days = _days_to_judge(last, on)
        for day in days:
            person_assess(person_id=pk, on=day)
        _note_judged(pk, days[-1], changed)
        done, judged = done + 1, judged + len(days)
    return done


def _days_to_judge(last: date | None, on: date) -> list[date]:
    """Those after the last judged one, the newest alone when all are judged."""
    missed = 0 if last is None else (on - last).days
    count = min(max(1, missed), MOST_MISSED)
    newest = on if last is None else max(on, last)
    return [newest - timedelta(days=back) for back in reversed(range(count))]


def _note_judged(person_id: int, on: date, changed: datetime | None) -> None:
    """The mark goes only if it is the one that was there before the days were read."""
    values: dict[str, object] = {"assessed_on": on}
    if changed is not None:
        values["changed_at"] = NullIf("changed_at", Value(changed))
    Person.objects.filter(pk=person_id).update(**values)


def _begin(case: Case) -> Flag | None:
    """Raise a flag, or note, keep or drop the first sign of one."""
    seen = case.look()
    rise = case.rise(seen)
    person_id, kind, on, at = case.person_id, case.kind, case.on, case.at
    sign = seen.first_sign or seen.decision is Decision.OPEN
    if rise is None or not (sign and case.asked) or _rests(case) or _is_stopped(case):
        if case.flag:
            flags.flag_pass(flag=case.flag, on=on, at=at)
        return None
    if seen.decision is Decision.OPEN:
        return flags.flag_raise(
            person_id=person_id, kind=kind, on=on, rise=rise, at=at
        )[0]
    return case.flag or flags.flag_pend(
        person_id=person_id, kind=kind, on=on, rise=rise, at=at
    )


def _is_stopped(case: Case) -> bool:
    return self_reports.flags_are_stopped(now=case.at or timezone.now())


def _rests(case: Case) -> bool:
    """Whether a flag was closed so recently that asking again would only nag."""
    since = last_working_days(POLICY.cooldown_working_days, until=case.on)[0]
    return case.closed_on is not None and case.closed_on >= since


def _follow(case: Case, flag: Flag) -> Flag | None:
    """Close, keep or pause an open flag; one in review is left to its reviewer."""
    if flag.status == Flag.Status.IN_REVIEW:
        return flag
    seen = case.look()
    if seen.decision is Decision.CLOSE:
        _recover(case, flag, seen)
        return None
    stale = flag.status == Flag.Status.STALE
    if case.changed:
        # The new figures cannot be compared with the flag's baseline. To close it
        # would hide somebody from the people who should look, so it waits for them,
        # or for the new baseline to say that all is well.
        reason = f"the {case.changed} changed, so the baseline starts again"
        return _pause(case, flag, reason)
    if seen.decision is Decision.STALE:
        return _pause(
            case, flag, f"no data for {POLICY.recent_working_days} working days"
        )
    return flags.flag_resume(flag=flag, at=case.at) if stale else flag


@transaction.atomic
def _recover(case: Case, flag: Flag, seen: Look) -> None:
    """Close the flag and record the good news."""
    reason = f"back to the {'level' if case.kind == Flag.Kind.LEVEL else 'baseline'}"
    flags.flag_close(flag=flag, reason=reason, on=case.on, at=case.at)
    if rise := case.rise(seen):
        flags.flag_recovered(ended=flag, on=case.on, rise=rise, at=case.at)


def _pause(case: Case, flag: Flag, reason: str) -> Flag:
    if flag.status == Flag.Status.STALE:
        return flag
    return flags.flag_mark_stale(flag=flag, reason=reason, at=case.at)
