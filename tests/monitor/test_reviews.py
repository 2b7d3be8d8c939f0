"""How flags turned out, what a model confuses, and the words of the rule."""

from __future__ import annotations

from datetime import date

import pytest
from django.contrib.auth.models import User

from dashboard.rule_words import policy_rows
from inference.runtime import active_spec
from monitor.flag_rules import POLICY
from monitor.flag_scoring import confusions, outcome_shares
from monitor.models import Flag, Person
from monitor.review_selectors import model_confusions, outcome_statistics
from monitor.scoring import wilson
from monitor.services import flags
from monitor.services.flags import Conclusion, Rise
from tests.factories import MODEL, PersonFactory

FRIDAY = date(2026, 3, 20)
RISE = Rise(recent=0.6, baseline=0.2, z=4.0, model=MODEL, formula="1")
# Rows: angry, happy, neutral, sad, surprise; sad is taken for neutral one time in five.
MATRIX = [
    [0.9, 0.0, 0.05, 0.05, 0.0],
    [0.0, 0.98, 0.02, 0.0, 0.0],
    [0.0, 0.0, 1.0, 0.0, 0.0],
    [0.0, 0.0, 0.2, 0.8, 0.0],
    [0.0, 0.1, 0.0, 0.0, 0.9],
]


def test_the_worst_confusion_comes_first_with_its_interval() -> None:
    found = confusions({"matrix": MATRIX, "counts": [100.0] * 5}, most=2)
    assert [(each.shown, each.read_as) for each in found] == [
        ("sad", "neutral"),
        ("surprise", "happy"),
    ]
    assert found[0].share == 0.2
    assert found[0].interval == wilson(0.2, 100)


@pytest.mark.parametrize("given", [{}, {"matrix": MATRIX, "counts": [0.0] * 5}])
def test_what_was_not_measured_is_not_told(given: dict[str, object]) -> None:
    assert confusions(given) == []


def test_the_confusions_of_the_shipped_model_are_found(db: None) -> None:
    found = model_confusions(active_spec().version)
    assert len(found) == 3
    assert all(0.03 <= each.share < 0.5 and each.n > 50 for each in found)


@pytest.mark.parametrize("version", ["gone@12345678", "seresnet13-1@00000000", ""])
def test_a_model_that_is_not_here_has_none(db: None, version: str) -> None:
    assert model_confusions(version) == []


def test_shares_of_outcomes_add_up_and_carry_intervals() -> None:
    first, second = outcome_shares({"confirmed": 3, "other": 1})
    assert (first.share, second.share) == (0.75, 0.25)
    assert first.interval == wilson(0.75, 4)


def test_without_a_review_there_is_no_share() -> None:
    assert [each.share for each in outcome_shares({"confirmed": 0})] == [None]


def raise_flag(person: Person | None = None) -> Flag:
    person = person or PersonFactory.create()
    return flags.flag_raise(person_id=person.pk, on=FRIDAY, rise=RISE)[0]


def test_every_raised_flag_is_counted_in_one_place(person: Person, admin: User) -> None:
    given = Conclusion("not_confirmed", "Nothing.", "Nothing.", "We talked.")
    flags.flag_conclude(flag=raise_flag(person), by=admin, conclusion=given)
    flags.flag_close(flag=raise_flag(), reason="back", on=FRIDAY)
    raise_flag()
    flags._change(raise_flag(), Flag.Status.EXPIRED, reason="")
    other = PersonFactory.create()
    ended = Flag(person=other)
    flags.flag_recovered(ended=ended, on=FRIDAY, rise=RISE)
    flags.flag_pend(person_id=other.pk, kind="rise", on=FRIDAY, rise=RISE)
    seen = outcome_statistics()
    counted = (seen.reviewed, seen.by_rule, seen.open, seen.expired)
    assert (seen.raised, counted) == (4, (1, 1, 1, 1))
    assert {row.outcome: row.flags for row in seen.outcomes if row.flags} == {
        "not_confirmed": 1
    }


def test_every_number_of_the_rule_has_its_words() -> None:
    assert [words for _, words in policy_rows(POLICY) if " " not in words] == []
