"""The only writers of formulas; a switch is one transaction, there and back."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from django.db import IntegrityError, transaction
from django.utils import timezone

from inference import EMOTIONS
from monitor.models import DailySummary, Formula, Recomputation, RoomDay
from monitor.scoring import Weights

NAME = re.compile(r"[\w.+-]{1,20}", re.ASCII)


class FormulaRefused(Exception):
    """This change of the formulas is not possible; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """What a formula is made of; least: of the largest probability, to count.

    Raises ValueError outside 0 to 1.
    """

    weights: Weights
    least: float

    def __post_init__(self) -> None:
        if not 0 <= self.least <= 1:
            raise ValueError(f"the threshold lies between 0 and 1, not {self.least}")


def formula_ensure() -> None:
    """Make the built-in formula; it is in use until another one is."""
    Formula.objects.get_or_create(
        name=Formula.BUILT_IN,
        defaults={
            "since": date.min,
            "shown_from": date.min,
            "shown_until": date.max,
            "in_use": True,
            "created_by": "built in",
        },
    )


def formula_named(name: str) -> Formula:
    found: Formula | None = Formula.objects.filter(name=name).first()
    if found is None:
        names = ", ".join(Formula.objects.values_list("name", flat=True))
        raise FormulaRefused(
            f"there is no formula {name!r}, only {names}; define it with "
            "`manage.py formulas add`"
        )
    return found


def formula_add(*, name: str, numbers: Numbers, by: str) -> Formula:
    """Define a formula; nothing is summed up under it until it is recomputed."""
    if not NAME.fullmatch(name):
        raise FormulaRefused(
            f"{name!r} cannot be a name: 1 to 20 letters, digits and . _ + -"
        )
    weights = dict(zip(EMOTIONS, numbers.weights.as_tuple(), strict=True))
    try:
        with transaction.atomic():
            row = Formula(
                name=name, min_confidence=numbers.least, created_by=by, **weights
            )
            row.save(force_insert=True)
            return row
    except IntegrityError as error:
        raise FormulaRefused(
            f"there is a formula {name!r} already; its numbers never change, so give "
            "the new one another name"
        ) from error


def formula_activate(*, formula: Formula, by: str) -> Formula:
    """Let pages read this formula, on the days from which it is kept."""
    with transaction.atomic():
        rows = list(Formula.objects.select_for_update(no_key=True).order_by("pk"))
        formula = next(row for row in rows if row.pk == formula.pk)
        _refuse_incomplete(formula)
        if formula.in_use and formula.shown_from == formula.since:
            return formula
        since = formula.since or date.min
        Formula.objects.filter(in_use=True).update(in_use=False)
        shown = Formula.objects.exclude(pk=formula.pk)
        hidden = {"shown_from": None, "shown_until": None}
        shown.filter(shown_from__gte=since).update(**hidden)
        shown.filter(shown_until__gt=since).update(shown_until=since)
        own = Formula.objects.filter(pk=formula.pk)
        own.update(
            in_use=True,
            shown_from=since,
            shown_until=date.max,
            activated_at=timezone.now(),
            activated_by=by,
        )
    formula.refresh_from_db()
    return formula


def formula_forget(*, formula: Formula) -> int:
    """Delete the days summed up under it, unless pages read any; says how many.

    Flags name it for good, so its numbers stay.
    """
    with transaction.atomic():
        row = Formula.objects.select_for_update(no_key=True).get(pk=formula.pk)
        if row.is_shown:
            raise FormulaRefused(f"pages read {row}: activate another formula first")
        if row.recomputations.filter(state=Recomputation.State.RUNNING).exists():
            raise FormulaRefused(f"the recomputation under {row} is not finished")
        row.recomputations.all().delete()
        Formula.objects.filter(pk=row.pk).update(since=None)
        RoomDay.objects.filter(formula=row).delete()
        return DailySummary.objects.filter(formula=row).delete()[0]


def _refuse_incomplete(formula: Formula) -> None:
    runs = set(formula.recomputations.values_list("state", flat=True))
    State = Recomputation.State
    complete = formula.name == Formula.BUILT_IN or State.DONE in runs
    if formula.since is None or not complete or State.RUNNING in runs:
        raise FormulaRefused(
            f"the days are not recomputed under {formula} yet: "
            f"`manage.py recompute --formula {formula}`"
        )
