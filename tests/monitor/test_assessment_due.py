"""When the rule is applied: once a day that is over, and again when such a day changed.

The site is in Berlin, an hour ahead of UTC in this week of March.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import time_machine

from monitor.models import Flag, Organisation, Person, Reading
from monitor.periods import judged_day
from monitor.services import analysis, assessment
from monitor.services.assessment import CHUNK, MOST_MISSED, REST, people_assess_due
from monitor.services.consent import consent_withdraw
from monitor.services.summaries import person_rebuild, summaries_refresh
from tests.factories import FRIDAY, NOON, PersonFactory, reading, reading_series
from tests.fakes import FakeEngine
from tests.monitor.conftest import Waiting

DAY = timedelta(days=1)
THURSDAY = FRIDAY - DAY
Judged = list[tuple[int, date]]


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> Judged:
    """Who was assessed and as of which day; the rule itself is left out."""
    noted: Judged = []

    def note(*, person_id: int, on: date) -> None:
        noted.append((person_id, on))

    monkeypatch.setattr("monitor.services.assessment.person_assess", note)
    return noted


@pytest.fixture
def noon() -> Iterator[Callable[[], datetime]]:
    """Friday noon, on a clock that goes on."""
    with time_machine.travel(NOON):
        yield lambda: datetime.now(NOON.tzinfo)


def quiet(person: Person) -> None:
    """All is judged and nothing has changed."""
    people = Person.objects.filter(pk=person.pk)
    people.update(assessed_on=THURSDAY, assessed_at=NOON - DAY, changed_at=None)


@pytest.mark.parametrize(
    ("hour", "minute", "back"), [(3, 59, 2), (4, 0, 1), (22, 59, 1), (23, 0, 2)]
)
def test_a_day_is_judged_in_the_morning_after_it(
    person: Person, judged: Judged, hour: int, minute: int, back: int
) -> None:
    now = NOON.replace(hour=hour, minute=minute)
    people_assess_due(now=now)
    today = FRIDAY + DAY if hour == 23 else FRIDAY
    assert judged == [(person.pk, today - back * DAY)]


def test_a_clock_change_moves_no_morning(organisation: Organisation) -> None:
    tz = organisation.tz
    sunday = datetime(2026, 3, 29, 3, tzinfo=NOON.tzinfo)  # five o'clock in summer
    assert judged_day(sunday, tz) == date(2026, 3, 28)
    assert judged_day(sunday - timedelta(minutes=1), tz) == date(2026, 3, 27)


def test_everybody_with_consent_is_judged_once_a_day(
    organisation: Organisation, judged: Judged
) -> None:
    people = PersonFactory.create_batch(2)
    consent_withdraw(person=PersonFactory.create())
    for hours in range(0, 24 * 2, 3):
        people_assess_due(now=NOON + timedelta(hours=hours))
    days = [THURSDAY, FRIDAY, FRIDAY + DAY]
    assert judged == [(row.pk, day) for day in days for row in people]


def test_pictures_of_today_cause_no_assessment(
    waiting: Waiting, engine: FakeEngine, person: Person, judged: Judged, noon: Any
) -> None:
    quiet(person)
    for n in range(8):
        waiting(taken_at=noon() - timedelta(minutes=5 * n))
    analysis.analyse_waiting()
    assert Reading.objects.count() == 8
    assert people_assess_due(now=noon()) == 0
    assert judged == []


def test_a_late_picture_of_yesterday_causes_one(
    waiting: Waiting, engine: FakeEngine, person: Person, judged: Judged, noon: Any
) -> None:
    quiet(person)
    waiting(taken_at=noon() - DAY)
    analysis.analyse_waiting()
    assert people_assess_due(now=noon()) == 1
    assert people_assess_due(now=noon() + 2 * REST) == 0
    assert judged == [(person.pk, THURSDAY)]


def test_many_late_batches_are_one_assessment(
    waiting: Waiting, engine: FakeEngine, person: Person, judged: Judged, noon: Any
) -> None:
    quiet(person)
    for n in range(5):
        waiting(taken_at=noon() - DAY - timedelta(minutes=5 * n))
        analysis.analyse_waiting()
        people_assess_due(now=noon() + timedelta(minutes=n))
    assert len(judged) == 1
    people_assess_due(now=noon() + 2 * REST)
    assert len(judged) == 2


@pytest.mark.parametrize("change", ["deleted", "re-timed", "reclassified"])
def test_a_changed_day_is_judged_again(
    person: Person, judged: Judged, noon: Any, change: str
) -> None:
    row = reading(person, NOON - 2 * DAY)
    quiet(person)
    if change == "deleted":
        row.delete()
    elif change == "re-timed":
        Reading.objects.update(taken_at=NOON - 3 * DAY)
    else:
        reading(person, NOON - 2 * DAY, model="new@2")
    summaries_refresh(person_days=[(person.pk, THURSDAY - DAY)])
    assert people_assess_due(now=noon()) == 1
    assert judged == [(person.pk, THURSDAY)]


def test_a_change_while_the_rule_looks_is_not_lost(
    person: Person, monkeypatch: pytest.MonkeyPatch, noon: Any
) -> None:
    def meanwhile(*, person_id: int, on: date) -> None:
        person_rebuild(person_id=person_id)

    reading(person, NOON - DAY)
    quiet(person)
    person_rebuild(person_id=person.pk)
    monkeypatch.setattr("monitor.services.assessment.person_assess", meanwhile)
    assert people_assess_due(now=noon()) == 1
    assert people_assess_due(now=noon() + 2 * REST) == 1


def test_two_schedulers_do_not_judge_the_same_person(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    others: list[int] = []

    def meanwhile(*, person_id: int, on: date) -> None:
        others.append(people_assess_due(now=NOON))

    monkeypatch.setattr("monitor.services.assessment.person_assess", meanwhile)
    assert people_assess_due(now=NOON) == 1
    assert others == [0]


def test_who_was_taken_by_another_is_left_out(
    person: Person, judged: Judged, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the list of those who are due and the claim."""
    real = Person.objects.to_assess

    def slower(**asked: Any) -> Any:
        found = real(**asked)
        rows = list(found.values_list("pk", "assessed_on", "changed_at"))
        monkeypatch.setattr(found, "order_by", lambda *_: Listed(rows))
        Person.objects.update(assessed_at=NOON)
        return found

    monkeypatch.setattr(Person.objects, "to_assess", slower)
    assert people_assess_due(now=NOON) == 0
    assert judged == []


class Listed(list[Any]):
    def values_list(self, *_: str) -> Listed:
        return self


def test_missed_mornings_are_made_up_in_order(person: Person, judged: Judged) -> None:
    Person.objects.update(assessed_on=THURSDAY - 3 * DAY)
    assert people_assess_due(now=NOON) == 1
    assert [day for _, day in judged] == [THURSDAY - n * DAY for n in (2, 1, 0)]


def test_of_a_long_pause_the_last_days_are_made_up(
    person: Person, judged: Judged
) -> None:
    Person.objects.update(assessed_on=THURSDAY - 90 * DAY)
    people_assess_due(now=NOON)
    assert len(judged) == MOST_MISSED
    assert judged[-1] == (person.pk, THURSDAY)


def test_a_morning_comes_in_chunks(
    organisation: Organisation, judged: Judged, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assessment, "CHUNK", 4)
    PersonFactory.create_batch(7)
    Person.objects.update(assessed_on=THURSDAY - 2 * DAY)
    assert [people_assess_due(now=NOON) for _ in range(5)] == [2, 2, 2, 1, 0]
    assert CHUNK * 60 >= 10_000  # a large site within an hour


def test_the_failure_of_one_keeps_nobody_waiting(
    organisation: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = PersonFactory.create_batch(2)

    def breaks(*, person_id: int, on: date) -> None:
        if person_id == bad.pk:
            raise ZeroDivisionError

    monkeypatch.setattr("monitor.services.assessment.person_assess", breaks)
    with pytest.raises(ZeroDivisionError):
        people_assess_due(now=NOON)
    assert people_assess_due(now=NOON) == 1
    assert Person.objects.get(pk=good.pk).assessed_on == THURSDAY
    with pytest.raises(ZeroDivisionError):
        people_assess_due(now=NOON + 2 * REST)


def test_nothing_to_judge_costs_two_queries(
    person: Person, django_assert_num_queries: Any
) -> None:
    quiet(person)
    with django_assert_num_queries(2):
        assert people_assess_due(now=NOON) == 0


def test_silence_becomes_stale_by_itself(person: Person) -> None:
    reading_series(person, stress=[0.2, 0.25] * 14 + [0.6] * 10, per_day=18)
    found = []
    for day in range(1, 22):
        people_assess_due(now=NOON + day * DAY)
        found.append(Flag.objects.get().status)
    assert (found[0], found[-1]) == ("raised", "stale")
