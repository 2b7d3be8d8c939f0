"""Flags from before `measure` was stored learn what they are about."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module

import pytest
from django.apps import apps

from monitor.models import Flag, Person
from tests.factories import FRIDAY, PersonFactory

fill = import_module("monitor.migrations.0025_flag_measure").fill


def old(person: Person, kind: str) -> Flag:
    """As it is after the column was added, before it was filled."""
    return Flag.objects.create(
        person=person,
        kind=kind,
        status=Flag.Status.CLOSED,
        raised_on=FRIDAY if kind == "recovered" else FRIDAY - timedelta(days=20),
        closed_on=FRIDAY,
        recent_ratio=0.2,
        baseline_ratio=0.4,
        z=3.0,
    )


@pytest.mark.parametrize(
    ("kinds", "measures"),
    [
        (["rise", "recovered"], ["stress", "stress"]),
        (["drop", "recovered"], ["happiness", "happiness"]),
        (["drop", "rise", "recovered"], ["happiness", "stress", "stress"]),
        (["level"], ["stress"]),
    ],
)
def test_each_learns_its_ratio(
    person: Person, kinds: list[str], measures: list[str]
) -> None:
    rows = [old(person, kind) for kind in kinds]
    old(PersonFactory.create(), "drop")
    fill(apps, None)
    for row in rows:
        row.refresh_from_db()
    assert [row.measure for row in rows] == measures
