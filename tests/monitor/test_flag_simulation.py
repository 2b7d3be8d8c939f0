"""The simulation: its people, its figures, and that it runs the product's own rule."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from monitor.change_point import Population
from monitor.flag_curve import Line, trade_off
from monitor.flag_detectors import ChangePoint, Days, FirstSign, follow
from monitor.flag_planner import Look, closer_rho, enough_pictures, plan
from monitor.flag_rules import POLICY, DayValue, Decision, decide, evaluate
from monitor.flag_simulation import (
    RULES,
    SHIFTS,
    Reader,
    Run,
    Setting,
    invent,
    poisson_interval,
    reader_of,
    settings_of,
    sign_rate,
    simulate,
)
from monitor.periods import working_days

MONDAY = date(2026, 1, 5)
STANDARD = Setting("standard")


def in_product(days: Days, person: int) -> tuple[list[int], list[int]]:
    """Working days on which the product raises and closes this person's flags."""
    length = days.stress.shape[1]
    dates = working_days(MONDAY, MONDAY + timedelta(days=7 * length // 5))[:length]
    rows = [
        DayValue(day, float(x), int(n))
        for day, x, n in zip(dates, days.stress[person], days.bins[person], strict=True)
    ]
    raised: list[int] = []
    closed: list[int] = []
    for n, day in enumerate(dates):
        is_open = len(raised) > len(closed)
        since = dates[raised[-1]] if is_open else dates[closed[-1]] if closed else None
        seen = [row for row in rows if row.day <= day]
        decision = decide(seen, day, is_open=is_open, since=since)
        rests = closed and n - closed[-1] < POLICY.cooldown_working_days
        if decision is Decision.OPEN and not rests:
            raised.append(n)
        elif decision is Decision.CLOSE:
            closed.append(n)
    return raised, closed


def test_the_simulation_runs_the_rule_of_the_product() -> None:
    setting = replace(STANDARD, missing=0.2, leave=10, past=40, pictures=45)
    days = invent(np.random.default_rng(6), setting, 80, shift=0.3)
    days.stress[:, 60:] = np.minimum(days.stress[:, 60:], days.usual[:, None])
    raised, is_open = follow(ChangePoint(days, POLICY), 50, 80, 10)
    for person in range(6):
        opened, closed = in_product(days, person)
        assert np.flatnonzero(raised[person]).tolist() == opened
        left = np.flatnonzero(np.diff(is_open[person].astype(int)) == -1) + 1
        assert left.tolist() == closed
    assert raised[:6].sum() >= 4 and not is_open[:6, -1].all()


def test_first_signs_are_those_of_the_product() -> None:
    days = invent(np.random.default_rng(6), replace(STANDARD, past=40), 70, shift=0.3)
    _, pending = follow(FirstSign(days, POLICY), 50, 70, 0)
    dates = working_days(MONDAY, MONDAY + timedelta(days=97))
    for person in range(3):
        rows = [
            DayValue(day, float(x), 18)
            for day, x in zip(dates, days.stress[person], strict=True)
        ]
        signs = [evaluate(rows, day).sign for day in dates]
        assert signs == pending[person].tolist()
    assert pending[:3].any()


def test_a_person_rests_after_a_flag() -> None:
    class Always:
        def enter(self, day: int) -> Any:
            return np.ones(1, bool)

        def leave(self, day: int, who: Any, raised_on: Any) -> Any:
            return day - raised_on >= 2

        def reset(self, who: Any) -> None: ...

    raised, is_open = follow(Always(), 1, 14, 10)
    assert np.flatnonzero(raised[0]).tolist() == [0, 12]
    assert np.flatnonzero(is_open[0]).tolist() == [0, 1, 12, 13]


def test_invented_days_have_the_scatter_that_was_asked_for() -> None:
    setting = Setting("flat", Population(day_sd=0.0, rho=0.5), pictures=2)
    days = invent(np.random.default_rng(1), setting, 2000)
    expected = days.usual * (1 - days.usual) * (1 + 0.5) / 2
    assert days.stress.var(axis=1) == pytest.approx(expected, abs=0.015)
    assert days.stress.mean(axis=1) == pytest.approx(days.usual, abs=0.04)


def test_a_rise_comes_on_its_day_and_gaps_are_empty() -> None:
    setting = replace(STANDARD, past=30, missing=0.2, leave=10)
    days = invent(np.random.default_rng(1), setting, 60, shift=0.3)
    seen = days.bins > 0
    early, late = (
        days.stress[:, part][seen[:, part]].mean()
        for part in (slice(30), slice(30, None))
    )
    assert late - early == pytest.approx(0.29, abs=0.03)
    assert 0.55 < seen.mean() < 0.75
    assert not days.stress[~seen].any()


def test_a_reader_mistakes_pictures() -> None:
    days = invent(
        np.random.default_rng(1), replace(STANDARD, reader=Reader(0.8, 0.1)), 400
    )
    expected = 0.1 + 0.7 * days.usual
    assert days.stress.mean(axis=1) == pytest.approx(expected, abs=0.05)


def test_the_reader_of_a_model_weighs_its_classes_by_their_pictures() -> None:
    matrix = [[0.0] * 5 for _ in range(5)]
    matrix[0][0], matrix[3][3], matrix[2][3], matrix[1][0] = 0.9, 0.6, 0.2, 0.1
    found = reader_of(matrix, [10, 30, 10, 20, 0])
    assert found == pytest.approx((0.7, 0.125))


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_finds_large_rises_and_seldom_errs(rule: str) -> None:
    run = Run(rule, people=200, shifts=(0.1, 0.5), seed=5)
    found = simulate(replace(STANDARD, pictures=30), run)
    assert found.false_rate < 3
    assert found.detection(0.5) > 0.95
    assert found.detection(0.1) < 0.6


def test_first_signs_come_more_often_than_flags_but_seldom() -> None:
    run = Run(people=200, shifts=())
    assert simulate(STANDARD, run).false_rate < sign_rate(STANDARD, run) < 10


def test_who_knows_everybody_finds_more() -> None:
    learned, told = (
        simulate(STANDARD, Run(rule, 400, shifts=(0.2,))).detection(0.2)
        for rule in ("change-point", "limit")
    )
    assert told > learned + 0.05


def test_the_same_seed_gives_the_same_figures_and_another_others() -> None:
    run = Run(people=100, shifts=(0.2,))
    first = simulate(STANDARD, run)
    assert simulate(STANDARD, run) == first
    assert simulate(STANDARD, replace(run, seed=3)) != first


@pytest.mark.parametrize("setting", settings_of(Reader(0.83, 0.08)), ids=str)
def test_false_flags_are_rare_in_every_setting(setting: Setting) -> None:
    found = simulate(setting, Run(people=150, shifts=()))
    low, _ = poisson_interval(found.episodes)
    assert 100 * low / found.months < 1.0


@pytest.mark.parametrize(
    ("events", "low", "high"),
    [(0, 0.0, 3.689), (10, 4.795, 18.39), (100, 81.36, 121.6)],
)
def test_the_interval_of_a_count_is_the_exact_one(
    events: int, low: float, high: float
) -> None:
    """Against the chi-squared quantiles of Garwood's interval."""
    assert poisson_interval(events) == pytest.approx((low, high), rel=0.005, abs=0.001)


def test_pictures_that_come_closer_are_more_alike() -> None:
    assert closer_rho(STANDARD, 18) == pytest.approx(0.6)
    assert closer_rho(STANDARD, 36) == pytest.approx(0.6**0.5)


def test_the_planner_finds_more_with_more_pictures() -> None:
    run = Run(people=200, shifts=(0.2,))
    looks = plan(STANDARD, run, pictures=(6, 45), keep_rho=True)
    few, many = (row.detection for row in looks)
    assert many > few + 0.3
    closer = plan(STANDARD, run, pictures=(45,))
    assert closer[0].detection < many


def test_the_planner_names_the_fewest_pictures_or_none() -> None:
    looks = [Look(n, 0.6, share, 9, 0.4) for n, share in ((6, 0.3), (18, 0.7))]
    assert enough_pictures(looks, 0.6) == 18
    assert enough_pictures(looks, 0.8) is None


def test_the_curve_shows_its_lines() -> None:
    picture = trade_off([Line("a < b", [(9.0, 1.0), (0.5, 0.8)])], (0.5, 0.8))
    assert "a &lt; b" in picture
    assert picture.count("<polyline") == 1
    assert 'points="228.8,76.0"' in picture  # 9 lies outside


def call(*arguments: str) -> str:
    out = StringIO()
    call_command("simulate_flags", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_prints_json_by_setting_and_shift(tmp_path: Path) -> None:
    found = json.loads(call("--people", "50", "--rule", "cusum", "--json"))
    names = [setting.name for setting in settings_of(Reader())]
    shifts = [f"{shift:.2f}" for shift in SHIFTS]
    assert list(found["settings"]) == names
    for row in (found, *found["settings"].values()):
        assert row["false_episodes_per_100_person_months"] >= 0
        assert list(row["detection"]) == list(row["median_delay_days"]) == shifts
    assert found["detection"] == found["settings"]["standard"]["detection"]


@pytest.mark.django_db
def test_the_planner_answers_for_both_kinds_of_likeness() -> None:
    found = json.loads(call("--plan", "--people", "50", "--shift", "0.3", "--json"))
    assert found["setting"]["name"] == "default"
    decaying, constant = (found["likeness"][name] for name in ("decaying", "constant"))
    assert [row["pictures"] for row in decaying] == [r["pictures"] for r in constant]
    assert decaying[-1]["rho"] > constant[-1]["rho"] == 0.6
    assert found["enough"]["constant"] in (12, 18, 24)


def test_the_command_refuses_too_few_people() -> None:
    with pytest.raises(CommandError, match="50 people"):
        call("--people", "49")


@pytest.mark.parametrize(
    "option", [("--shift", "1"), ("--probability", "0"), ("--days", "0")]
)
def test_the_planner_refuses_what_makes_no_sense(option: tuple[str, str]) -> None:
    with pytest.raises(CommandError, match=option[0]):
        call("--plan", "--people", "50", *option)
