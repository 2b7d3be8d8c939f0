"""The only writers of flags; each change of one is a FlagEvent.

(new) -> raised -> acknowledged
raised, acknowledged -> stale     nothing was seen for a whole recent window
stale -> raised, acknowledged     seen again: back to what it was before
stale -> acknowledged             a human looked at it while it was stale
raised, acknowledged, stale -> closed; closed is the end
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.utils import timezone

from monitor.models import Flag, FlagEvent, Organisation
from monitor.periods import local_day

if TYPE_CHECKING:
    from django.contrib.auth.models import User

Status = Flag.Status
ALLOWED: dict[str, frozenset[str]] = {
    Status.RAISED: frozenset({Status.ACKNOWLEDGED, Status.STALE, Status.CLOSED}),
    Status.ACKNOWLEDGED: frozenset({Status.STALE, Status.CLOSED}),
    Status.STALE: frozenset({Status.RAISED, Status.ACKNOWLEDGED, Status.CLOSED}),
    Status.CLOSED: frozenset(),
}
REASON_LENGTH = 400


class FlagChangeRefused(Exception):
    """This change of a flag is not allowed; the message says why."""


@dataclass(frozen=True, slots=True)
class Rise:
    """What a flag was raised on."""

    recent: float
    baseline: float
    z: float
    model: str
    formula: str


def flag_raise(
    *, person_id: int, on: date, rise: Rise, at: datetime | None = None
) -> tuple[Flag, bool]:
    """Open a flag; when another worker was faster, that one's flag and False.

    The partial unique constraint decides who was first.
    """
    try:
        with transaction.atomic():
            flag = Flag.objects.create(
                person_id=person_id,
                raised_on=on,
                recent_ratio=rise.recent,
                baseline_ratio=rise.baseline,
                z=rise.z,
                model=rise.model,
                formula=rise.formula,
            )
            _record(flag, "", Status.RAISED, "sustained rise", None, at)
            return flag, True
    except IntegrityError:
        same = Flag.objects.open().filter(person_id=person_id, kind=Flag.Kind.RISE)
        if (open_flag := same.first()) is None:
            raise
        return open_flag, False


def flag_acknowledge(*, flag: Flag, by: User, note: str) -> Flag:
    """A human has seen it; `note` says what they make of it."""
    return _change(flag, Status.ACKNOWLEDGED, reason=note, by=by)


def flag_close(
    *,
    flag: Flag,
    reason: str,
    by: User | None = None,
    on: date | None = None,
    at: datetime | None = None,
) -> Flag:
    """End it, by the rule or by a human; `on` is today unless given."""
    return _change(flag, Status.CLOSED, reason=reason, by=by, at=at, closed_on=on)


def flag_mark_stale(*, flag: Flag, reason: str, at: datetime | None = None) -> Flag:
    """It cannot be followed at present; silence is not calm."""
    return _change(flag, Status.STALE, reason=reason, at=at)


def flag_resume(*, flag: Flag, at: datetime | None = None) -> Flag:
    """Seen again: the stale flag is what it was before."""
    went = flag.events.filter(new=Status.STALE).order_by("-at", "-pk").first()
    before = went.old if went else Status.RAISED
    return _change(flag, Status(before), reason="there is data again", at=at)


def _change(
    flag: Flag,
    new: Flag.Status,
    *,
    reason: str,
    by: User | None = None,
    at: datetime | None = None,
    closed_on: date | None = None,
) -> Flag:
    """One allowed step, by conditional update, with its event; or a refusal.

    `flag` must show what its reader saw: when it has moved on since, they are told
    instead of overruling somebody they did not know of.
    """
    old = flag.status
    if new not in ALLOWED[old]:
        raise FlagChangeRefused(f"a flag that is {old} cannot become {new}")
    if len(reason) > REASON_LENGTH:
        raise FlagChangeRefused(f"a note has at most {REASON_LENGTH} characters")
    values: dict[str, object] = {"status": new}
    if new == Status.CLOSED:
        values["closed_on"] = closed_on or _today()
    with transaction.atomic():
        if not Flag.objects.filter(pk=flag.pk, status=old).update(**values):
            raise FlagChangeRefused("somebody else changed this flag just now")
        _record(flag, old, new, reason, by, at)
    for name, value in values.items():
        setattr(flag, name, value)
    return flag


def _record(
    flag: Flag,
    old: str,
    new: str,
    reason: str,
    by: User | None,
    at: datetime | None,
) -> None:
    FlagEvent.objects.create(
        flag=flag,
        old=old,
        new=new,
        at=at or timezone.now(),
        actor=by,
        reason=reason,
    )


def _today() -> date:
    return local_day(timezone.now(), Organisation.current().tz)
