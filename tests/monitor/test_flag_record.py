"""The stored figures of the rule belong to the rule that is in use."""

from __future__ import annotations

import json
from dataclasses import asdict

from monitor.flag_record import FIGURES, planned, simulated
from monitor.flag_rules import POLICY
from monitor.flag_simulation import SHIFTS, Reader, Run, Setting, settings_of


def test_the_record_was_made_with_the_numbers_of_today() -> None:
    """Otherwise run `simulate_flags --people 4000 --json monitor/data/flags.json`."""
    found = json.loads(FIGURES.read_text())
    assert found["rule"] == Run().rule
    assert found["policy"] == asdict(POLICY)
    standard = json.loads(json.dumps(asdict(Setting("standard"))))
    assert found["setting"] == standard
    assert list(found["settings"]) == [row.name for row in settings_of(Reader())]


def test_the_page_gets_the_figures_of_the_standard_setting() -> None:
    found = simulated()
    assert tuple(row.shift for row in found.rises) == SHIFTS
    assert found.lowest <= found.rate <= found.highest < found.signs
    assert found.interval.low < found.rate < found.interval.high


def test_the_plan_names_a_number_that_was_tried() -> None:
    found = planned()
    assert found.if_alike in found.tried
    assert found.if_closer is None or found.if_closer in found.tried
