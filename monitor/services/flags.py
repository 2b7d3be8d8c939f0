"""The only writers of flags; each change of one is a FlagEvent.

Which change is allowed stands in `Flag.ALLOWED`. The rule raises, closes and pauses;
a human acknowledges, reviews and concludes; the person answers; time expires.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from monitor.models import Flag, FlagAnswer, FlagEvent, Organisation
from monitor.periods import local_day
from monitor.services.delivery import notifications_queue

if TYPE_CHECKING:
    from django.contrib.auth.models import User

Status = Flag.Status
REASON_LENGTH = 400
TEXT_LENGTH = 2000
EXPIRES_AFTER = timedelta(days=30)
AGAIN = "there are days again that can be compared with its baseline"


class FlagChangeRefused(Exception):
    """This change of a flag is not allowed; the message says why."""


@dataclass(frozen=True, slots=True)
class Rise:
    """What a flag was raised on; ratios of happiness for a drop, of stress otherwise.

    z: the change in standard errors, positive in the direction that the kind names.
    evidence: see `monitor.flag_rules.FlagPolicy`; None for a level.
    """

    recent: float
    baseline: float
    z: float
    model: str
    formula: str
    evidence: float | None = None

    def columns(self) -> dict[str, Any]:
        return {
            "recent_ratio": self.recent,
            "baseline_ratio": self.baseline,
            "z": self.z,
            "evidence": self.evidence,
            "model": self.model,
            "formula": self.formula,
        }

    def flag(self, person_id: int, kind: str, on: date, status: str) -> Flag:
        """A row that is not stored yet."""
        given = {"person_id": person_id, "kind": kind, "raised_on": on}
        measure = Flag.Measure.of(kind)
        return Flag(status=status, measure=measure, **given, **self.columns())


@dataclass(frozen=True, slots=True)
class Conclusion:
    """How a human ends a flag: what it was, what was found and agreed, and why."""

    outcome: str
    found: str
    agreed: str
    reason: str


def flag_pend(
    *, person_id: int, kind: str, on: date, rise: Rise, at: datetime | None = None
) -> Flag:
    """Note a first sign; the unfinished flag of this kind when there is one."""
    return _create(rise.flag(person_id, kind, on, Status.PENDING), at)[0]


def flag_pass(*, flag: Flag, on: date, at: datetime | None = None) -> Flag:
    """The first sign did not last."""
    values = {"closed_on": on}
    return _change(flag, Status.PASSED, reason="did not last", at=at, values=values)


def flag_raise(
    *,
    person_id: int,
    on: date,
    rise: Rise,
    kind: str = Flag.Kind.RISE,
    at: datetime | None = None,
) -> tuple[Flag, bool]:
    """Open a flag, or raise the pending one.

    When another worker was faster, that one's flag and False: the partial unique
    constraint decides who was first.
    """
    flag, is_new = _create(rise.flag(person_id, kind, on, Status.RAISED), at)
    if is_new or flag.status != Status.PENDING:
        return flag, is_new
    values = rise.columns() | {"raised_on": on}
    reason = flag.get_kind_display()
    return _change(flag, Status.RAISED, reason=reason, at=at, values=values), True


def flag_recovered(
    *, ended: Flag, on: date, rise: Rise, at: datetime | None = None
) -> Flag:
    """Record good news: closed from the start, for there is nothing to review.

    Its ratios are those of what the ended flag was about.
    """
    flag = rise.flag(ended.person_id, Flag.Kind.RECOVERED, on, Status.CLOSED)
    flag.measure = ended.measure
    flag.closed_on = on
    return _create(flag, at)[0]


def flag_acknowledge(*, flag: Flag, by: User, note: str) -> Flag:
    """A human has seen it; `note` says what they make of it."""
    _refuse_own(flag, by)
    return _change(flag, Status.ACKNOWLEDGED, reason=note, by=by)


def flag_review(*, flag: Flag, by: User, note: str) -> Flag:
    """A human looks into it; from now on only a human ends it, or time."""
    _refuse_own(flag, by)
    return _change(flag, Status.IN_REVIEW, reason=note, by=by)


def flag_conclude(*, flag: Flag, by: User, conclusion: Conclusion) -> Flag:
    """A human ends it. Raises FlagChangeRefused without an outcome or a text."""
    _refuse_own(flag, by)
    if conclusion.outcome not in Flag.Outcome:
        raise FlagChangeRefused(f"{conclusion.outcome!r} is no outcome")
    found = _text("what was found", conclusion.found)
    agreed = _text("what was agreed", conclusion.agreed)
    reason = _text("the reason", conclusion.reason, REASON_LENGTH)
    given = {"outcome": conclusion.outcome, "found": found, "agreed": agreed}
    return _change(flag, Status.CLOSED, reason=reason, by=by, values=given)


def flag_close(
    *, flag: Flag, reason: str, on: date | None = None, at: datetime | None = None
) -> Flag:
    """The rule ends it; `on` is today unless given."""
    values = {"closed_on": on or _today()}
    return _change(flag, Status.CLOSED, reason=reason, at=at, values=values)


def flag_mark_stale(*, flag: Flag, reason: str, at: datetime | None = None) -> Flag:
    """It cannot be followed at present; silence is not calm."""
    return _change(flag, Status.STALE, reason=reason, at=at)


def flag_resume(*, flag: Flag, at: datetime | None = None) -> Flag:
    """Seen again: the stale flag is what it was before."""
    changes = flag.events.filter(new=Status.STALE).exclude(old=Status.STALE)
    went = changes.order_by("-at", "-pk").first()
    before = went.old if went else Status.RAISED
    return _change(flag, Status(before), reason=AGAIN, at=at)


def flag_answer(*, flag: Flag, by: User, text: str) -> FlagAnswer:
    """The person's own words, at any time, also after the end.

    Raises FlagChangeRefused for anybody else and for an empty or too long text.
    """
    if flag.person.user_id != by.pk:
        raise FlagChangeRefused("only the person themselves can answer")
    text = _text("the answer", text)
    with transaction.atomic():
        event = _record(flag, flag.status, flag.status, "the person answered", by, None)
        return FlagAnswer.objects.create(event=event, text=text)


def flags_expire(*, now: datetime) -> int:
    """End open flags that nobody acted on for 30 days; says how many."""
    ended = 0
    for flag in Flag.objects.silent_since(now - EXPIRES_AFTER):
        reason = f"nobody acted on it for {EXPIRES_AFTER.days} days"
        try:
            _change(flag, Status.EXPIRED, reason=reason, at=now)
        except FlagChangeRefused:
            continue  # somebody acted just now
        ended += 1
    return ended


def _refuse_own(flag: Flag, by: User) -> None:
    if flag.person.user_id == by.pk:
        raise FlagChangeRefused("nobody reviews a flag of their own")


def _create(flag: Flag, at: datetime | None) -> tuple[Flag, bool]:
    """Stored with its first event; or the unfinished one of this kind and False."""
    try:
        with transaction.atomic():
            flag.save(force_insert=True)
            _record(flag, "", flag.status, flag.get_kind_display(), None, at)
            return flag, True
    except IntegrityError:
        same = Flag.objects.unfinished().filter(
            person_id=flag.person_id, kind=flag.kind
        )
        if (unfinished := same.first()) is None:
            raise
        return unfinished, False


def _change(
    flag: Flag,
    new: Flag.Status,
    *,
    reason: str,
    by: User | None = None,
    at: datetime | None = None,
    values: Mapping[str, object] | None = None,
) -> Flag:
    """One allowed step, by conditional update, with its event; or a refusal.

    `flag` must show what its reader saw: when it has moved on since, they are told
    instead of overruling somebody they did not know of. `values`: further columns.
    """
    old = flag.status
    if new not in Flag.ALLOWED[old]:
        raise FlagChangeRefused(f"a flag that is {old} cannot become {new}")
    if len(reason) > REASON_LENGTH:
        raise FlagChangeRefused(f"a note has at most {REASON_LENGTH} characters")
    changed: dict[str, object] = {"status": new}
    if new in Flag.TERMINAL:
        changed["closed_on"] = _today()
    changed |= values or {}
    with transaction.atomic():
        if not Flag.objects.filter(pk=flag.pk, status=old).update(**changed):
            raise FlagChangeRefused("somebody else changed this flag just now")
        _record(flag, old, new, reason, by, at)
    for name, value in changed.items():
        setattr(flag, name, value)
    return flag


def _record(
    flag: Flag,
    old: str,
    new: str,
    reason: str,
    by: User | None,
    at: datetime | None,
) -> FlagEvent:
    event = FlagEvent.objects.create(
        flag=flag,
        old=old,
        new=new,
        at=at or timezone.now(),
        actor=by,
        reason=reason,
    )
    notifications_queue(event=event)
    return event


def _text(name: str, text: str, longest: int = TEXT_LENGTH) -> str:
    text = text.strip()
    if not text:
        raise FlagChangeRefused(f"{name} is missing")
    if len(text) > longest:
        raise FlagChangeRefused(f"{name} has at most {longest} characters")
    return text


def _today() -> date:
    return local_day(timezone.now(), Organisation.current().tz)
