"""Comparing two models on the same faces, without a database."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest

from monitor.periods import last_working_days
from monitor.scoring import Five
from monitor.shadow_scoring import Look, Pair, Tally, person_figures, stability_index
from tests.factories import FRIDAY, NOON

SAD: Five = (0.0, 0.0, 0.2, 0.8, 0.0)
CALM: Five = (0.0, 0.0, 1.0, 0.0, 0.0)


def pair(live: Five, shadow: Five, counts: tuple[bool, bool] = (True, True)) -> Pair:
    return Pair(NOON, Look(live, counts[0]), Look(shadow, counts[1]))


def tally(*pairs: Pair) -> Tally:
    made = Tally()
    for row in pairs:
        made.add(row)
    return made


def test_agreement_is_the_share_of_equal_labels() -> None:
    figures = tally(pair(SAD, SAD), pair(SAD, CALM)).figures()
    assert figures["agreement"] == 0.5
    assert figures["stress_difference"] == pytest.approx(0.4)
    assert figures["classes"]["sad"]["live_mean"] == pytest.approx(0.8)


def test_only_faces_that_both_count_are_compared() -> None:
    figures = tally(
        pair(SAD, SAD), pair(SAD, CALM, (True, False)), pair(SAD, CALM, (False, True))
    ).figures()
    assert (figures["pairs"], figures["both_usable"]) == (3, 1)
    assert figures["agreement"] == 1
    assert figures["live_unsure"] == figures["shadow_unsure"] == pytest.approx(1 / 3)


def test_nothing_seen_is_no_figure() -> None:
    figures = Tally().figures()
    assert figures["agreement"] is figures["live_unsure"] is None
    assert figures["stress_psi"] is None


def test_the_stability_index_is_zero_for_equal_distributions() -> None:
    assert stability_index([10, 30], [1, 3]) == pytest.approx(0)


def test_the_stability_index_follows_its_formula() -> None:
    # (0.25 - 0.5) ln(0.25 / 0.5) + (0.75 - 0.5) ln(0.75 / 0.5)
    assert stability_index([2, 2], [1, 3]) == pytest.approx(0.27465, abs=1e-5)


def test_an_empty_step_keeps_the_index_finite() -> None:
    found = stability_index([4, 0], [0, 4])
    assert found is not None
    assert 10 < found < 20


def test_a_person_has_a_ratio_under_both_models() -> None:
    found = person_figures([pair(SAD, CALM)], UTC)
    assert found.live == pytest.approx(0.8)
    assert found.shadow == 0
    assert found.difference == pytest.approx(-0.8)


def series(values: list[float]) -> list[Pair]:
    """Working days up to FRIDAY with twelve bins each; the shadow sees calm faces."""
    rows = []
    for day, value in zip(last_working_days(len(values), FRIDAY), values, strict=True):
        start = datetime.combine(day, time(9), UTC)
        scores: Five = (0.0, 0.0, 1 - value, value, 0.0)
        for n in range(12):
            at = start + timedelta(minutes=5 * n)
            rows.append(Pair(at, Look(scores, True), Look(CALM, True)))
    return rows


def test_a_rise_that_only_one_model_sees_is_a_flag_that_changes() -> None:
    found = person_figures(series([0.1] * 25 + [0.8] * 13), UTC)
    assert len(found.live_flags) == 1
    assert found.live_flags[0].closed is None
    assert found.shadow_flags == ()
    assert found.flags_change


def test_a_flag_ends_when_the_stress_does() -> None:
    found = person_figures(series([0.1] * 25 + [0.8] * 10 + [0.1] * 15), UTC)
    (flag,) = found.live_flags
    assert flag.closed is not None
    assert flag.raised < flag.closed
