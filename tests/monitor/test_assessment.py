"""The rule applied to stored days: raised, closed, stale and back, each once."""

from __future__ import annotations

from datetime import UTC, date, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.db.models import F

from monitor.flag_rules import POLICY
from monitor.models import Camera, DailySummary, Flag, FlagEvent, Person, Reading
from monitor.periods import last_working_days, midnight
from monitor.population import site_population
from monitor.services import flags
from monitor.services.assessment import person_assess
from monitor.services.cameras import camera_renew, camera_renewal_remove
from monitor.services.consent import consent_withdraw
from monitor.services.flags import Conclusion
from monitor.services.summaries import person_rebuild
from tests.factories import NOON, CameraFactory, reading_series

FRIDAY = date(2026, 3, 20)
RISE = [0.2, 0.25] * 14 + [0.6] * 10
Status = Flag.Status


def assess(person: Person, on: date = FRIDAY) -> Flag | None:
    return person_assess(person_id=person.pk, on=on)


def raised(person: Person) -> Flag:
    reading_series(person, stress=RISE, per_day=18)
    flag = assess(person)
    assert flag is not None
    return flag


def statuses() -> list[str]:
    return list(FlagEvent.objects.values_list("new", flat=True))


def test_a_sustained_rise_raises_a_flag_with_its_figures(person: Person) -> None:
    flag = raised(person)
    assert (flag.status, flag.raised_on) == (Status.RAISED, FRIDAY)
    assert flag.recent_ratio == pytest.approx(0.6)
    assert flag.baseline_ratio == pytest.approx(0.225, abs=0.005)
    assert (flag.model, flag.formula) == ("test@00000001", "1")
    assert flag.evidence is not None and flag.evidence >= POLICY.enter_evidence


def test_the_first_sign_is_pending_until_there_is_enough_evidence(
    person: Person,
) -> None:
    reading_series(person, stress=RISE, per_day=18)
    seen = [assess(person, day) for day in last_working_days(8, FRIDAY)]
    flag = Flag.objects.get()
    assert [found and found.status for found in seen][-1] == Status.RAISED
    assert statuses() == ["pending", "raised"]
    first, last = FlagEvent.objects.all()
    assert (first.flag, last.flag) == (flag, flag)


def test_a_sign_that_passes_raises_nothing(person: Person) -> None:
    days = [0.2, 0.25] * 14 + [0.7] * 5 + [0.2] * 6
    reading_series(person, stress=days, per_day=18)
    for day in last_working_days(10, FRIDAY):
        assert assess(person, day) is None
    assert statuses() == ["pending", "passed"]


def test_a_day_is_looked_at_when_it_is_over(person: Person) -> None:
    reading_series(person, stress=RISE, per_day=18)
    with time_machine.travel(NOON):
        flag = person_assess(person_id=person.pk)
    assert flag is not None and flag.raised_on == FRIDAY - timedelta(days=1)


def test_assessing_again_changes_nothing(person: Person) -> None:
    flag = raised(person)
    assert assess(person) == flag
    assert statuses() == ["raised"]


def test_a_steady_person_has_no_flag(person: Person) -> None:
    reading_series(person, stress=[0.2, 0.25] * 20)
    assert assess(person) is None


def test_later_days_are_not_looked_at(person: Person) -> None:
    reading_series(person, stress=RISE, per_day=18)
    assert assess(person, last_working_days(11, FRIDAY)[0]) is None


def test_nothing_is_done_without_consent(person: Person) -> None:
    reading_series(person, stress=RISE, per_day=18)
    consent_withdraw(person=person)
    assert assess(person) is None


def test_a_flag_closes_when_the_person_is_back(person: Person) -> None:
    raised(person)
    later = FRIDAY + timedelta(days=21)
    reading_series(person, stress=[0.2] * 15, until=later)
    assert assess(person, later) is None
    closed, news = Flag.objects.order_by("pk")
    assert (closed.closed_on, news.closed_on) == (later, later)
    assert (news.kind, news.recent_ratio) == ("recovered", pytest.approx(0.2))
    assert statuses() == ["raised", "closed", "closed"]


def test_a_flag_in_review_is_left_to_its_reviewer(person: Person, admin: User) -> None:
    flags.flag_review(flag=raised(person), by=admin, note="")
    later = FRIDAY + timedelta(days=21)
    reading_series(person, stress=[0.2] * 15, until=later)
    flag = assess(person, later)
    assert flag is not None and flag.status == Status.IN_REVIEW


def test_a_flag_stays_while_the_rise_does(person: Person) -> None:
    raised(person)
    later = FRIDAY + timedelta(days=84)
    reading_series(person, stress=[0.6] * 60, until=later)
    flag = assess(person, later)
    assert flag is not None and flag.status == Status.RAISED


def test_silence_is_stale_and_data_brings_it_back(person: Person) -> None:
    raised(person)
    silent = FRIDAY + timedelta(days=21)
    assess(person, silent)
    assess(person, silent)
    assert Flag.objects.get().status == Status.STALE
    back = silent + timedelta(days=7)
    reading_series(person, stress=[0.6] * 5, until=back)
    assess(person, back)
    assert statuses() == ["raised", "stale", "raised"]


def test_another_model_makes_a_flag_stale_not_closed(person: Person) -> None:
    raised(person)
    later = FRIDAY + timedelta(days=7)
    reading_series(person, stress=[0.2] * 5, until=later, model="new@2")
    flag = assess(person, later)
    assert flag is not None and flag.status == Status.STALE
    event = FlagEvent.objects.last()
    assert event is not None and "model" in event.reason


def test_the_new_models_own_calm_closes_it(person: Person) -> None:
    raised(person)
    later = FRIDAY + timedelta(days=63)
    reading_series(person, stress=[0.2, 0.25] * 22, until=later, model="new@2")
    assert assess(person, later) is None
    assert Flag.objects.get(kind="rise").status == Status.CLOSED


def test_a_change_of_model_restarts_the_baseline(person: Person) -> None:
    reading_series(person, stress=RISE[:-10], until=last_working_days(11, FRIDAY)[0])
    reading_series(person, stress=[0.6] * 10, model="new@2")
    assert assess(person) is None


def seen_by(person: Person, since: date) -> Camera:
    """Another camera has seen this person from that day on."""
    camera = CameraFactory.create(person=person)
    later = person.snapshots.filter(taken_at__gte=midnight(since, UTC))
    later.update(camera=camera)
    person_rebuild(person_id=person.pk)
    return camera


def test_another_camera_makes_a_flag_stale_not_closed(person: Person) -> None:
    raised(person)
    later = FRIDAY + timedelta(days=14)
    days = reading_series(person, stress=[0.2] * 10, until=later)
    seen_by(person, days[0])
    flag = assess(person, later)
    assert flag is not None and flag.status == Status.STALE
    event = FlagEvent.objects.last()
    assert event is not None
    assert event.reason == "the camera changed, so the baseline starts again"


def test_a_day_at_another_desk_changes_nothing(person: Person) -> None:
    raised(person)
    monday = FRIDAY + timedelta(days=3)
    reading_series(person, stress=[0.6], per_day=18, until=monday)
    seen_by(person, monday)
    flag = assess(person, monday)
    assert flag is not None and flag.status == Status.RAISED


def test_the_new_cameras_own_calm_closes_it(person: Person) -> None:
    raised(person)
    later = FRIDAY + timedelta(days=63)
    days = reading_series(person, stress=[0.2, 0.25] * 22, until=later)
    seen_by(person, days[0])
    assert assess(person, later) is None
    assert Flag.objects.get(kind="rise").status == Status.CLOSED


@pytest.mark.parametrize("another", ["camera", "device", ""])
def test_a_change_of_camera_restarts_the_baseline(person: Person, another: str) -> None:
    days = reading_series(person, stress=RISE, per_day=18)
    if another == "camera":
        seen_by(person, days[-10])
    elif another == "device":
        camera = seen_by(person, days[0])
        camera_renew(camera=camera, on=days[-10])
    assert (assess(person) is None) is bool(another)


def test_a_flag_over_a_change_that_was_noted_later_waits(person: Person) -> None:
    """It was raised because the camera was another one, and nobody knew."""
    later = FRIDAY + timedelta(days=21)
    days = reading_series(person, stress=[*RISE, *[0.2] * 15], per_day=18, until=later)
    camera, since = seen_by(person, days[0]), days[-25]
    flag = assess(person, FRIDAY)
    assert flag is not None and since <= flag.raised_on - timedelta(days=7)
    camera_renew(camera=camera, on=since)
    flag = assess(person, FRIDAY + timedelta(days=3))
    assert flag is not None and flag.status == Status.STALE
    assert assess(person, later) is None  # the new device's own calm


def test_a_second_exchange_leaves_the_first_one_known(person: Person) -> None:
    """What the first two devices saw is not one baseline."""
    days = reading_series(person, stress=[0.2] * 40 + [0.5] * 20, per_day=18)
    camera = seen_by(person, days[0])
    camera_renew(camera=camera, on=days[40])
    assert assess(person) is None
    camera_renew(camera=camera, on=days[-3])
    assert assess(person, days[-4]) is assess(person) is None
    camera_renewal_remove(renewal=camera.renewals.get(on=days[40]))
    assert assess(person, days[-4]) is not None


def test_removing_an_exchange_has_its_days_judged_again(person: Person) -> None:
    days = reading_series(person, stress=[0.2] * 5)
    camera = seen_by(person, days[0])
    camera_renew(camera=camera, on=days[-2])
    Person.objects.update(changed_at=None)
    camera_renewal_remove(renewal=camera.renewals.get())
    assert Person.objects.exclude(changed_at=None).get() == person


def test_a_level_compares_with_no_camera(person: Person, settings: Any) -> None:
    settings.FLAG_KINDS = frozenset({"level"})
    days = reading_series(person, stress=[0.6] * 20)
    assert assess(person, days[-6]) is not None
    seen_by(person, days[-5])
    flag = assess(person)
    assert flag is not None and flag.status == Status.RAISED


def test_what_a_human_closed_is_not_raised_again_at_once(
    person: Person, admin: User
) -> None:
    flag = raised(person)
    conclusion = Conclusion("other", "A project.", "Nothing.", "It ends soon.")
    with time_machine.travel(NOON):
        flags.flag_conclude(flag=flag, by=admin, conclusion=conclusion)
    assert assess(person) is None
    assert Flag.objects.count() == 1


@pytest.mark.parametrize(
    ("ended", "again"),
    [
        ({"status": Status.CLOSED}, False),
        ({"status": Status.CLOSED, "kind": "drop"}, True),
        ({"status": Status.PASSED}, True),
    ],
    ids=["a flag", "one of another kind", "a first sign"],
)
def test_what_led_to_an_ended_flag_is_no_new_evidence(
    person: Person, ended: dict[str, str], again: bool
) -> None:
    Flag.objects.filter(pk=raised(person).pk).update(closed_on=FRIDAY, **ended)
    later = FRIDAY + timedelta(days=21)
    reading_series(person, stress=[0.6] * 15, per_day=18, until=later)
    assert (assess(person, later) is not None) is again


def test_a_sustained_level_is_a_kind_of_its_own(person: Person, settings: Any) -> None:
    settings.FLAG_KINDS = frozenset({"level"})
    reading_series(person, stress=[0.6] * 15)
    flag = assess(person)
    assert flag is not None and flag.kind == Flag.Kind.LEVEL
    assert [flag.recent_ratio, flag.baseline_ratio] == pytest.approx([0.6, 0.4])
    assert flag.evidence is None


def test_a_rise_that_is_open_says_enough_about_the_level(
    person: Person, settings: Any
) -> None:
    settings.FLAG_KINDS = frozenset({"rise", "level"})
    raised(person)
    assert set(Flag.objects.values_list("kind", flat=True)) == {"rise"}


def test_a_pending_level_gives_way_to_a_rise(person: Person, settings: Any) -> None:
    settings.FLAG_KINDS = frozenset({"rise", "level"})
    rise = flags.Rise(recent=0.6, baseline=0.4, z=3.0, model="m", formula="1")
    flags.flag_pend(person_id=person.pk, kind="level", on=FRIDAY, rise=rise)
    assert raised(person).kind == Flag.Kind.RISE
    assert Flag.objects.get(kind="level").status == Status.PASSED


def test_lost_happiness_is_a_drop(person: Person, settings: Any) -> None:
    settings.FLAG_KINDS = frozenset({"drop"})
    reading_series(person, stress=[0.0] * 38)
    happy = DailySummary.objects.filter(day__lt=last_working_days(10, FRIDAY)[0])
    happy.update(happy_sum=F("bins") * 0.5, neutral_sum=F("bins") * 0.5)
    flag = assess(person)
    assert flag is not None and flag.kind == Flag.Kind.DROP
    assert [flag.recent_ratio, flag.baseline_ratio] == pytest.approx([0.0, 0.5])


def test_kinds_that_are_not_wanted_are_not_raised(
    person: Person, settings: Any
) -> None:
    settings.FLAG_KINDS = frozenset({"drop"})
    reading_series(person, stress=RISE, per_day=18)
    assert assess(person) is None


def test_deleted_readings_take_the_flags_ground_away(person: Person) -> None:
    raised(person)
    Reading.objects.all().delete()
    person_rebuild(person_id=person.pk)
    flag = assess(person)
    assert flag is not None and flag.status == Status.STALE


def test_an_assessment_costs_few_queries(
    person: Person, django_assert_num_queries: Any
) -> None:
    reading_series(person, stress=[0.2, 0.25] * 20)
    site_population(FRIDAY)  # once a week
    with django_assert_num_queries(3):
        assess(person)
