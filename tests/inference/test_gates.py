import json
from pathlib import Path

import numpy as np
import pytest

from bench import gate as bench
from inference.errors import DataError
from inference.quality import Gate, reason
from inference.training.corruptions import CORRUPTIONS
from inference.training.gates import (
    LIMITS,
    OPEN,
    Bin,
    Readings,
    bins,
    drawn,
    outcome,
    suggested,
)
from inference.types import EmotionScores, Quality

SHARPNESS = LIMITS["min_sharpness"]


def readings(*rows: tuple[str, float, bool, bool]) -> Readings:
    """Of (damage, sharpness, confident, right), all of them bright."""
    damage, sharpness, confident, right = zip(*rows, strict=True)
    bright = np.full(len(rows), 120, np.float32)
    return Readings(
        np.array(damage),
        bright,
        np.array(sharpness, np.float32),
        np.array(confident),
        np.array(right),
    )


def a_bin(low: float, accuracy: float, confident: int = 100) -> Bin:
    return Bin(low, low + 1, confident, confident, accuracy, {})


def test_a_bin_counts_all_and_scores_the_confident() -> None:
    rows = [("clean", 5.5, True, True), ("small face", 6.0, True, False)]
    rows += [("small face", 6.0, False, False), ("small face", 7.0, True, True)]
    rows += [("noise", 5.5, True, False)]  # not what this limit is about
    found = {one.low: one for one in bins(readings(*rows), SHARPNESS)}
    assert (found[5].n, found[5].confident, found[5].accuracy) == (3, 2, 0.5)
    assert found[5].by_damage["small face"] == 0
    assert found[0].accuracy is None


def test_the_limit_is_where_accuracy_falls_first_from_the_good_end() -> None:
    falling = [a_bin(0, 0.9), a_bin(1, 0.5), a_bin(2, 0.8), a_bin(3, 0.9)]
    assert suggested(falling, "low", 0.75) == (2, True)
    assert suggested(falling, "high", 0.75) == (1, True)


def test_a_limit_is_not_built_on_a_handful_of_readings() -> None:
    few = [a_bin(0, 0.1, confident=3), a_bin(1, 0.8), a_bin(2, 0.9)]
    assert suggested(few, "low", 0.75) == (1, False)
    assert suggested(few[::-1], "high", 0.75) == (2, False)


def test_it_refuses_to_suggest_anything_from_a_handful_of_readings() -> None:
    with pytest.raises(DataError, match="too few confident readings"):
        suggested([a_bin(0, 0.9, confident=3)], "low", 0.75)


def test_strengths_go_one_step_beyond_the_published_ones() -> None:
    generator = np.random.default_rng(1)
    found = [drawn(CORRUPTIONS["darkness"], generator) for _ in range(200)]
    assert 0.05 <= min(found) < 0.1
    assert 0.4 < max(found) <= 0.8


def test_a_gate_lets_only_confident_readings_inside_its_limits_count() -> None:
    rows = [("noise", 900.0, True, False), ("noise", 100.0, True, True)]
    rows += [("noise", 100.0, False, False), ("clean", 100.0, True, True)]
    found = outcome(readings(*rows), Gate(max_sharpness=200))
    assert found["noise"] == pytest.approx((1 / 3, 1.0))
    assert found["clean"] == (1.0, 1.0)
    assert outcome(readings(rows[0]), Gate())["noise"] == (0.0, None)


def test_the_open_gate_refuses_no_picture_but_still_doubts() -> None:
    worst = Quality(1, 0.0, 0.0, 9.0, 90.0, 0.0)
    assert reason(worst, EmotionScores(0.9, 0.1, 0, 0, 0), OPEN) == ""
    doubtful = EmotionScores(0.3, 0.3, 0.2, 0.1, 0.1)
    assert reason(worst, doubtful, OPEN) == "uncertain"


@pytest.mark.model
def test_the_command_has_a_table_for_every_limit(
    tiny_csv: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("inference.training.gates.FEWEST", 0)
    out = tmp_path / "gate.json"
    words = ["--data", str(tiny_csv), "--model", "dcnn-1", "--labels", "fer"]
    bench.main([*words, "--limit", "2", "--draws", "1", "--json", str(out)])
    stored = json.loads(out.read_text(), parse_constant=pytest.fail)
    assert set(stored["bins"]) == set(stored["suggested"]) == set(LIMITS)
    assert "max_sharpness: now 600" in capsys.readouterr().out


@pytest.mark.parametrize("words", [("--draws", "0"), ("--model", "nobody")])
def test_the_command_refuses_in_one_line(words: tuple[str, str]) -> None:
    with pytest.raises(SystemExit) as caught:
        bench.main(["--data", "nowhere", *words])
    assert "\n" not in str(caught.value)
