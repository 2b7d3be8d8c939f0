"""Summing up stored readings under other numbers, beside what is there."""

from __future__ import annotations

import json
from datetime import date, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from monitor import selectors
from monitor.counting import is_counted
from monitor.formula_comparison import compare
from monitor.models import DailySummary, Flag, Formula, Person, Reading, Recomputation
from monitor.periods import Period
from monitor.scoring import Weights
from monitor.services import recompute as service
from monitor.services.assessment import person_assess
from monitor.services.formulas import (
    FormulaRefused,
    Numbers,
    formula_activate,
    formula_add,
    formula_forget,
)
from monitor.services.recompute import Asked
from monitor.services.summaries import summaries_refresh
from tests.factories import FRIDAY, NOON, PersonFactory, reading, reading_series

pytestmark = pytest.mark.django_db
COLUMNS = [field.attname for field in DailySummary._meta.concrete_fields]
VALUES = [name for name in COLUMNS if name not in ("id", "updated_at", "formula_id")]


def run(*args: str) -> str:
    out = StringIO()
    call_command("recompute", *args, stdout=out)
    return out.getvalue()


def formula(name: str = "2", *, least: float = 0.5, **weights: float) -> Formula:
    return formula_add(name=name, numbers=Numbers(Weights(**weights), least), by="me")


def begin(name: str = "2", since: date | None = None) -> Recomputation:
    asked = Asked(Formula.objects.get(name=name), since, "command line, ada")
    return service.recomputation_start(asked=asked, now=timezone.now())


def rows(name: str) -> list[tuple[Any, ...]]:
    found = DailySummary.objects.filter(formula=name).order_by("person", "day")
    return list(found.values_list(*VALUES))


def stress(person: Person) -> float | None:
    days = Period.days(date(2026, 3, 9), FRIDAY, timezone.get_default_timezone())
    return selectors.person_ratios(person=person, period=days).stress


@pytest.mark.parametrize(
    ("top", "counted", "reason", "least", "expected"),
    [
        (0.55, True, "", None, True),
        (0.55, True, "", 0.5, True),
        (0.55, True, "", 0.6, False),
        (0.60, True, "", 0.6, True),
        (0.45, False, "uncertain", 0.4, True),
        (0.45, False, "uncertain", 0.5, False),
        (0.45, False, "uncertain", None, False),
        (0.95, False, "blurred", 0.4, False),
        (0.95, False, "other_emotion", 0.0, False),
    ],
)
def test_only_where_the_threshold_decided_it_decides_anew(
    top: float, counted: bool, reason: str, least: float | None, expected: bool
) -> None:
    scores = (top, 0.0, 1 - top, 0.0, 0.0)
    scores = scores if top >= 0.5 else (top, 0.2, 0.2, 0.1, 0.05)
    found = is_counted(scores, counted=counted, reason=reason, least=least)
    assert found is expected


def test_the_same_formula_changes_nothing(person: Person) -> None:
    reading_series(person, stress=[0.31, 0.77, 0.47], per_day=7)
    reading(person, unsure=True)
    summaries_refresh(person_days=[(person.pk, FRIDAY)])
    before = rows("1")
    assert run().startswith("3 days of 1 people summed up under 1")
    assert rows("1") == before
    formula("same")
    run("--formula", "same")
    assert rows("same") == before
    assert stress(person) == pytest.approx((0.31 + 0.77 + 0.47) / 3)


def test_a_higher_threshold_makes_readings_unsure(person: Person) -> None:
    reading(person, sad=0.55, neutral=0.15)
    reading(person, NOON + timedelta(minutes=10), sad=0.9, neutral=0.0)
    reading(person, NOON + timedelta(minutes=20), unsure=True, sad=0.9, neutral=0.0)
    summaries_refresh(person_days=[(person.pk, FRIDAY)])
    formula(least=0.6)
    run("--formula", "2")
    found = DailySummary.objects.get(formula="2")
    assert (found.counted, found.unsure) == (1, 2)
    old = DailySummary.objects.get(formula="1")
    assert (old.counted, old.unsure) == (2, 1)


def test_other_weights_change_the_ratio_once_activated(person: Person) -> None:
    reading_series(person, stress=[0.8] * 3)
    formula(sad=0.5)
    out = run("--formula", "2")
    assert "formulas activate 2" in out
    assert stress(person) == pytest.approx(0.8)
    call_command("formulas", "activate", "2", stdout=StringIO())
    assert stress(person) == pytest.approx(0.4)
    call_command("formulas", "activate", "1", stdout=StringIO())
    assert stress(person) == pytest.approx(0.8)


def test_a_page_costs_the_same_whatever_is_kept(
    person: Person, django_assert_num_queries: Any
) -> None:
    reading_series(person, stress=[0.8] * 3)
    with django_assert_num_queries(3):
        stress(person)
    formula(sad=0.5)
    run("--formula", "2", "--activate")
    with django_assert_num_queries(3):
        stress(person)


def test_from_a_day_on_the_chart_shows_where_it_changed(person: Person) -> None:
    days = reading_series(person, stress=[0.8] * 5)
    formula(sad=0.5)
    run("--formula", "2", "--since", str(days[2]), "--activate")
    period = Period.days(days[0], FRIDAY, timezone.get_default_timezone())
    page = selectors.person_page(person=person, period=period)
    assert [day.formula_changed for day in page.days] == [False] * 2 + [True] + [
        False
    ] * 2
    assert [day.stress for day in page.days] == pytest.approx([0.8] * 2 + [0.4] * 3)
    assert (page.ratios.days, page.ratios.formula) == (3, "2")
    formula_activate(formula=Formula.objects.get(name="1"), by="me")
    page = selectors.person_page(person=person, period=period)
    assert not any(day.is_restart for day in page.days)


def test_a_flag_of_the_old_formula_becomes_stale(person: Person) -> None:
    reading_series(person, stress=[0.2] * 40 + [0.9] * 10)
    flag = person_assess(person_id=person.pk, on=FRIDAY)
    assert flag is not None and flag.formula == "1"
    formula(angry=0.5)
    run("--formula", "2", "--activate")
    person_assess(person_id=person.pk, on=FRIDAY)
    flag.refresh_from_db()
    assert flag.status == Flag.Status.STALE
    event = flag.events.order_by("-pk").first()
    assert event is not None and "the formula changed" in event.reason


def test_a_stopped_run_goes_on_where_it_was() -> None:
    for row in PersonFactory.create_batch(3):
        reading_series(row, stress=[0.4] * 2, per_day=1)
    formula()
    stopped = begin()
    assert next(service.recomputation_pursue(run=stopped)) == (2, False)
    service.recomputation_release(run=stopped)
    out = run("--formula", "2")
    assert out.startswith("4 days of 2 people summed up under 2")
    assert Recomputation.objects.get().days == 6
    assert rows("2") == rows("1")


def test_what_comes_in_meanwhile_is_in_both() -> None:
    first, last = PersonFactory.create_batch(2)
    formula()
    work = service.recomputation_pursue(run=begin())
    next(work)
    for row in (first, last):  # one that is done already, and one that is not
        reading_series(row, stress=[0.4], per_day=1)
    list(work)
    assert len(rows("2")) == 2
    assert rows("2") == rows("1")


def test_a_second_run_is_told_who_runs_and_a_dead_one_is_taken_over() -> None:
    PersonFactory.create()
    formula()
    dead = begin()
    with pytest.raises(CommandError, match=r"begun by command line, ada at .* UTC"):
        run("--formula", "2")
    silent = timezone.now() - 2 * service.LEASE
    Recomputation.objects.update(alive_at=silent)
    with pytest.raises(CommandError, match="is not finished: go on with it"):
        run("--formula", "1")
    run("--formula", "2")
    with pytest.raises(service.RunTakenOver):
        list(service.recomputation_pursue(run=dead))


def test_an_abandoned_run_leaves_nothing(person: Person) -> None:
    reading_series(person, stress=[0.4] * 2)
    formula()
    started = begin()
    next(service.recomputation_pursue(run=started))
    with pytest.raises(CommandError, match="is running"):
        run("--abandon")
    service.recomputation_release(run=started)
    run("--abandon")
    assert (rows("2"), len(rows("1"))) == ([], 2)
    reading_series(person, stress=[0.4])
    assert rows("2") == []
    with pytest.raises(CommandError, match="no recomputation is unfinished"):
        run("--abandon")


@pytest.mark.parametrize(
    ("args", "why"),
    [
        (("--formula", "3"), "there is no formula '3', only 1"),
        (("--since", "2999-01-01"), "lies in the future"),
        (("--since", "2999-01-01", "--dry-run"), "lies in the future"),
        (("--compare", "1", "9"), "there is no formula '9'"),
    ],
)
def test_it_refuses(args: tuple[str, ...], why: str) -> None:
    with pytest.raises(CommandError, match=why):
        run(*args)


@pytest.mark.parametrize(
    ("args", "why"),
    [
        (("2", "--sad", "1.5"), "weights lie between 0 and 1"),
        (("2", "--angry", "nan"), "weights lie between 0 and 1"),
        (("2", "--threshold", "2"), "threshold lies between 0 and 1"),
        (("1",), "there is a formula '1' already"),
        (("two words",), "cannot be a name"),
    ],
)
def test_a_formula_that_cannot_be_is_refused(args: tuple[str, ...], why: str) -> None:
    with pytest.raises(CommandError, match=why):
        call_command("formulas", "add", *args)


def test_only_what_is_complete_is_activated_and_what_is_shown_is_kept() -> None:
    PersonFactory.create()
    row = formula()
    with pytest.raises(FormulaRefused, match="not recomputed under 2 yet"):
        formula_activate(formula=row, by="me")
    begin()
    with pytest.raises(FormulaRefused, match="not recomputed under 2 yet"):
        formula_activate(formula=row, by="me")
    with pytest.raises(FormulaRefused, match="pages read 1"):
        formula_forget(formula=Formula.objects.get(name="1"))
    with pytest.raises(FormulaRefused, match="is not finished"):
        formula_forget(formula=row)


def test_what_is_forgotten_is_kept_no_more(person: Person) -> None:
    reading_series(person, stress=[0.4] * 2)
    row = formula()
    run("--formula", "2")
    assert formula_forget(formula=row) == 2
    reading_series(person, stress=[0.4])
    assert rows("2") == []


def test_a_dry_run_says_how_much_and_changes_nothing(person: Person) -> None:
    reading_series(person, stress=[0.4] * 2, per_day=3)
    formula()
    out = run("--formula", "2", "--dry-run")
    assert out.startswith("6 readings on 2 days of 1 people, about ")
    assert (rows("2"), Recomputation.objects.count()) == ([], 0)


def test_a_comparison_counts_and_names_nobody(person: Person) -> None:
    today = timezone.localdate()
    reading_series(person, stress=[0.9] * 10, until=today)
    reading_series(PersonFactory.create(), stress=[0.0] * 10, until=today)
    formula(sad=0.2)
    run("--formula", "2")
    found = json.loads(run("--compare", "1", "2", "--json"))
    assert (found["people"], found["people_compared"]) == (2, 2)
    assert found["verdicts_changed"] == 1
    assert found["mean_change"] == pytest.approx(0.72 / 2)
    assert (found["days_changed"], found["days"]) == (10, 20)
    assert person.name not in run("--compare", "1", "2")


def test_only_what_is_summed_up_can_be_compared(person: Person) -> None:
    with pytest.raises(ValueError, match="not summed up under 2"):
        compare(a=Formula.objects.get(name="1"), b=formula(), until=FRIDAY)


def test_stored_readings_stay_as_they_are(person: Person) -> None:
    reading(person, sad=0.55, neutral=0.15)
    before = list(Reading.objects.values())
    formula(least=0.6)
    run("--formula", "2", "--activate")
    assert list(Reading.objects.values()) == before
