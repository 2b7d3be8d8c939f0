"""The demonstration: reproducible, resumable, never laid over real data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date
from io import StringIO
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.utils import timezone

from monitor import demo_data
from monitor.demo_data import Role
from monitor.models import (
    Camera,
    Consent,
    DailySummary,
    Flag,
    FlagEvent,
    Organisation,
    Person,
    Reading,
    RoomDay,
    RoomFigure,
    SelfReport,
    Snapshot,
    Team,
    Validation,
)
from monitor.periods import last_working_days
from monitor.rooms import crew_of
from monitor.services import demo, flags
from monitor.services.flags import Rise

MODELS = (
    Person,
    Team,
    Camera,
    Consent,
    Snapshot,
    Reading,
    DailySummary,
    Flag,
    FlagEvent,
    SelfReport,
    Validation,
)
UNTIL = date(2026, 3, 20)


@pytest.fixture(autouse=True)
def state(settings: Any, tmp_path: Path, db: None) -> Path:
    settings.STATE_DIR = tmp_path
    return tmp_path


def seed(*flags: str, **options: Any) -> str:
    out = StringIO()
    sizes = {"people": 6, "teams": 2, "days": 62, "until": UNTIL} | options
    call_command("seed_demo", *flags, **sizes, stdout=out)
    return out.getvalue()


def counts() -> list[int]:
    return [model._default_manager.count() for model in MODELS]


def test_a_small_seed_is_complete_and_runs_once(state: Path) -> None:
    out = seed()
    before = counts()
    assert before[0] == before[2] == 6
    assert Organisation.current().demonstration
    assert seed().startswith("0 people made")
    assert counts() == before
    password = (state / "demo_password").read_text().strip()
    assert password not in out
    assert (state / "demo_password").stat().st_mode & 0o777 == 0o600
    for name in ("admin", "health", "employee"):
        assert User.objects.get(username=name).check_password(password)


def test_the_shifted_person_is_flagged_on_a_day_of_the_past() -> None:
    seed()
    plans = demo_data.plans(people=6, teams=2, days=62, seed=7)
    (shifted,) = [plan for plan in plans if plan.role is Role.SHIFTED]
    flag = Flag.objects.raised().get(person__number=shifted.number)
    event = flag.events.get(new=Flag.Status.RAISED)
    assert flag.raised_on < UNTIL
    assert event.at.astimezone(UTC).date() == flag.raised_on
    assert flag.person.user == User.objects.get(username="employee")


def test_every_third_person_says_how_they_feel() -> None:
    seed()
    reports = SelfReport.objects.all()
    numbers = {row.person.number for row in reports}
    assert {"D001"} <= numbers <= {"D001", "D004"}  # D004 has hardly come yet
    assert all(row.day == row.at.date() for row in reports)
    measured = Validation.objects.get()
    assert measured.days == reports.count()


def test_an_interrupted_seed_is_completed(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(plans: Any) -> Iterator[Any]:
        yield from plans[:2]
        raise KeyboardInterrupt

    size = demo.DemoSize(until=UNTIL, people=6, teams=2, days=30)
    with pytest.raises(KeyboardInterrupt):
        demo.demo_seed(size=size, now=timezone.now(), progress=breaks)
    assert Person.objects.count() == 2
    assert not Person.objects.exclude(assessed_at=None).exists()
    assert seed(days=30).startswith("4 people made")
    assert not Person.objects.filter(assessed_at=None).exists()


def test_a_large_team_has_a_room_and_reset_takes_it_away() -> None:
    seed(people=12, teams=1, days=30)
    room = Camera.objects.get(team__isnull=False)
    is_open = crew_of(room.team_id or 0).problem is None
    assert RoomDay.objects.exists() is is_open
    assert bool(room.seen_at) is room.days.exists() is is_open
    assert room.seen_at is None or room.seen_at.date() < UNTIL
    assert RoomFigure.objects.filter(team=room.team).count() == 3
    seed(people=12, teams=1, days=30)
    assert Camera.objects.filter(team__isnull=False).count() == 1
    demo.demo_reset()
    for model in (Camera, Team, RoomDay, RoomFigure):
        assert not model._default_manager.exists()


def test_reset_makes_it_anew() -> None:
    seed(days=30)
    before = counts()
    Person.objects.update(name="changed")
    assert seed("--reset", days=30).startswith("6 people made")
    assert counts() == before
    assert not Person.objects.filter(name="changed").exists()


@pytest.mark.parametrize("flags", [[], ["--reset"]])
def test_a_real_organisation_is_left_alone(
    organisation: Organisation, flags: list[str]
) -> None:
    with pytest.raises(CommandError, match="'Works' is a real one"):
        seed(*flags)
    assert counts() == [0] * len(MODELS)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"people": 2}, "--people"),
        ({"teams": 7}, "--teams"),
        ({"days": 3}, "--days"),
        ({"until": date(2999, 1, 1)}, "future"),
    ],
)
def test_impossible_sizes_are_refused(options: dict[str, Any], problem: str) -> None:
    with pytest.raises(CommandError, match=problem):
        seed(**options)


def scores(until: date) -> list[Any]:
    plan = demo_data.plans(people=6, teams=2, days=30, seed=7)[0]
    days = last_working_days(30, until=until)
    made = demo_data.pictures(plan, days=days, morning=None, tz=UTC, seed=7)
    return [(row.taken_at.time(), row.scores, row.reason) for row in made]


def test_only_the_dates_depend_on_the_last_day() -> None:
    assert scores(UNTIL) == scores(date(2027, 8, 5))


def test_the_cast_is_the_one_that_is_described() -> None:
    plans = demo_data.plans(people=60, teams=6, days=85, seed=7)
    roles = [plan.role for plan in plans]
    expected = {Role.SHIFTED: 6, Role.SILENT: 3, Role.NEW: 2, Role.WITHDRAWN: 1}
    assert {role: roles.count(role) for role in expected} == expected
    assert len({plan.name for plan in plans}) == 60
    assert {plan.team for plan in plans} == set(range(6))


def test_readings_are_as_they_are_described() -> None:
    plans = demo_data.plans(people=20, teams=2, days=40, seed=3)
    days = last_working_days(40, until=UNTIL)
    rows = [
        row
        for plan in plans
        for row in demo_data.pictures(plan, days=days, morning=None, tz=UTC, seed=3)
    ]
    read = [row for row in rows if row.scores]
    assert 1 - len(read) / len(rows) == pytest.approx(0.03, abs=0.01)
    unsure = [row for row in read if row.reason]
    assert len(unsure) / len(rows) == pytest.approx(0.12, abs=0.02)
    for row in read:
        assert row.scores is not None
        assert (row.scores.confidence >= 0.5) is (row.reason != "uncertain")


def test_the_stress_ratio_is_the_one_that_was_put_in() -> None:
    plan = replace(demo_data.plans(people=6, teams=2, days=20, seed=1)[0], shift=0.0)
    plan = replace(plan, usual=0.4, role=Role.USUAL, away=frozenset(), last_back=-1)
    days = last_working_days(300, until=UNTIL)
    rows = list(demo_data.pictures(plan, days=days, morning=None, tz=UTC, seed=1))
    stress = [x.scores.angry + x.scores.sad for x in rows if x.scores and not x.reason]
    assert fmean(stress) == pytest.approx(0.4, abs=0.03)


@pytest.mark.no_cover  # the small ones go the same ways
def test_all_who_were_shifted_are_flagged_within_20_days_and_nobody_else() -> None:
    out = seed(people=60, teams=6, days=85)
    size = demo.DemoSize(until=UNTIL)
    found = demo.demo_found(size=size)
    assert (found.people, found.shifted, found.others) == (60, 6, 0)
    assert len(found.delays) == 6
    assert max(found.delays) <= 20
    assert str(found) in out


def test_who_was_not_shifted_is_counted_apart() -> None:
    size = demo.DemoSize(until=UNTIL, people=6, teams=2, days=30)
    demo.demo_seed(size=size, now=timezone.now())
    before = demo.demo_found(size=size)
    steady = demo_data.plans(people=6, teams=2, days=30, seed=7)
    number = next(plan.number for plan in steady if plan.role is Role.USUAL)
    rise = Rise(recent=0.5, baseline=0.2, z=4.0, model="m@1", formula="1")
    person = Person.objects.get(number=number)
    flags.flag_raise(person_id=person.pk, on=UNTIL, rise=rise)
    assert demo.demo_found(size=size) == replace(before, others=before.others + 1)
