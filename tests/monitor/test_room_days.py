"""Days of rooms are summed up anew piece by piece, beside the workers."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from monitor.models import (
    Formula,
    Organisation,
    Recomputation,
    RoomDay,
    RoomReading,
    Snapshot,
    Team,
)
from monitor.scoring import Weights
from monitor.services import recompute, room_days
from monitor.services.formulas import FormulaRefused, Numbers, formula_add
from monitor.services.recompute import Asked
from tests.factories import MODEL, NOON, TeamFactory

DAYS = 45
COLUMNS = [field.attname for field in RoomDay._meta.concrete_fields]
VALUES = [name for name in COLUMNS if name not in ("id", "formula_id")]


@pytest.fixture(autouse=True)
def setting(organisation: Organisation) -> None:
    """Everything here happens in an organisation."""


@pytest.fixture
def teams() -> list[Team]:
    """Two, whose rooms were seen on each of 45 days, one picture of three faces."""
    made: list[Team] = TeamFactory.create_batch(2)
    for n in range(DAYS):
        for team in made:
            seen(team, NOON - timedelta(days=n))
    rebuild()
    return made


@pytest.fixture
def clock() -> Iterator[Any]:
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock


def seen(team: Team, at: datetime, *, usable: bool = True) -> None:
    """A picture of three faces."""
    picture = Snapshot.objects.create(
        team=team, crew="c", source="camera", received_at=at, taken_at=at
    )
    RoomReading.objects.bulk_create(
        RoomReading(
            snapshot=picture, team=team, taken_at=at, number=number, model=MODEL,
            angry=0.0, happy=0.6, neutral=0.4, sad=0.0, surprise=0.0, usable=usable,
            reason="" if usable else "uncertain",
        )
        for number in range(3)
    )  # fmt: skip


def rebuild(formula: Formula | None = None) -> int:
    """All days of all rooms; says how many."""
    since = (formula and formula.since) or date.min
    return sum(
        room_days.room_piece_rebuild(piece=piece, formula=formula)
        for piece in room_days.room_pieces(since=since)
    )


def rows(formula: str = Formula.BUILT_IN) -> list[tuple[Any, ...]]:
    found = RoomDay.objects.filter(formula=formula).order_by("team", "day")
    return list(found.values_list(*VALUES))


def begin(name: str = "2") -> Recomputation:
    asked = Asked(Formula.objects.get(name=name), None, "me")
    return recompute.recomputation_start(asked=asked, now=timezone.now())


def other(name: str = "2") -> None:
    formula_add(name=name, numbers=Numbers(Weights(), 0.3), by="me")


def test_pieces_are_of_one_team_and_cost_few_statements(
    teams: list[Team], django_assert_max_num_queries: Any
) -> None:
    before = rows()
    assert len(before) == 2 * DAYS
    pieces = room_days.room_pieces()
    assert [(team, len(days)) for team, days in pieces] == [
        (team.pk, days) for team in teams for days in (20, 20, 5)
    ]
    with django_assert_max_num_queries(12):
        assert room_days.room_piece_rebuild(piece=pieces[0]) == 20
    assert rebuild() == 2 * DAYS
    assert rows() == before


def test_days_that_have_lost_their_readings_lose_their_row(teams: list[Team]) -> None:
    gone = RoomReading.objects.filter(team=teams[0], taken_at__lt=NOON)
    gone.delete()
    assert rebuild() == 2 * DAYS
    assert RoomDay.objects.filter(team=teams[0]).count() == 1
    assert RoomDay.objects.filter(team=teams[1]).count() == DAYS


def test_what_lies_between_the_days_of_a_piece_stays(teams: list[Team]) -> None:
    other()
    before, (_, days) = rows(), room_days.room_pieces()[0]
    Formula.objects.filter(name="2").update(since=date.min)
    room_days.room_piece_rebuild(piece=(teams[0].pk, [days[0], days[2]]))
    assert RoomDay.objects.filter(formula="2").count() == 2
    assert rows() == before


def test_a_run_stays_alive_through_the_rooms(teams: list[Team], clock: Any) -> None:
    other()
    steps = []
    for step in recompute.recomputation_pursue(run=begin()):
        steps.append(step)
        clock.shift(recompute.LEASE * 0.9)
        with pytest.raises(FormulaRefused, match="is running"):
            begin()
    assert steps == [(days, True) for _ in teams for days in (20, 20, 5)]
    assert Recomputation.objects.get().state == "done"
    assert rows("2") == rows()


def test_a_run_that_is_stopped_among_rooms_is_not_done(teams: list[Team]) -> None:
    other()
    run = begin()
    work = recompute.recomputation_pursue(run=run)
    next(work)
    recompute.recomputation_release(run=run)
    assert Recomputation.objects.get().state == "running"
    assert len(rows("2")) == 20
    out = StringIO()
    call_command("recompute", formula="2", stdout=out)
    assert f"{2 * DAYS} days of rooms" in out.getvalue()
    assert Recomputation.objects.get().state == "done"
    assert rows("2") == rows()


def test_no_piece_holds_another_team(teams: list[Team]) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time")
    with CaptureQueriesContext(connection) as found:
        room_days.room_piece_rebuild(piece=room_days.room_pieces()[0])
    (lock,) = (row["sql"] for row in found if "FOR NO KEY UPDATE" in row["sql"])
    assert f"IN ({teams[0].pk})" in lock


def test_the_command_stops_among_rooms_and_not_behind_them(
    teams: list[Team], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, done = room_days.room_piece_rebuild, list[int]()

    def rebuild_and_signal(**options: Any) -> int:
        done.append(whole(**options))
        if len(done) in (2, 8):  # the second of the first time, the last of the next
            os.kill(os.getpid(), signal.SIGTERM)
        return done[-1]

    path = "monitor.management.commands.rebuild_summaries.room_piece_rebuild"
    monkeypatch.setattr(path, rebuild_and_signal)
    with pytest.raises(CommandError, match="stopped") as stopped:
        call_command("rebuild_summaries")
    assert (stopped.value.returncode, done) == (143, [20, 20])
    out = StringIO()
    call_command("rebuild_summaries", stdout=out)
    assert f"{2 * DAYS} days of rooms" in out.getvalue()
