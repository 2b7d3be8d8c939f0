"""The bench of architectures runs through, and goes on where it stopped."""

import json
from pathlib import Path

import keras
import pytest

from bench import architectures as bench
from inference.training.architectures import architecture

# Tracing would take longer than the tests.
pytestmark = [pytest.mark.slow, pytest.mark.no_cover]
NAMES = ["lenet", "baseline", "ensemble:lenet,baseline"]


def run(data: Path, folder: Path, *only: str) -> None:
    words = ["--data", str(data), "--budget-seconds", "0.2", "--only", *only]
    bench.main(
        [*words, "--json", str(folder / "json"), "--out", str(folder / "models")]
    )


def test_a_stopped_run_goes_on_and_ends_with_an_ensemble(
    tiny_csv: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(tiny_csv, tmp_path, "lenet")
    first = tmp_path / "json" / "lenet.json"
    before = first.stat().st_mtime_ns
    run(tiny_csv, tmp_path, *NAMES)
    assert first.stat().st_mtime_ns == before
    one, two, both = (
        json.loads((tmp_path / "json" / f"{name}.json").read_text())
        for name in ("lenet", "baseline", "ensemble-lenet-baseline")
    )
    assert both["parameters"] == one["parameters"] + two["parameters"]
    assert both["pictures_seen"] == one["pictures_seen"] + two["pictures_seen"]
    assert set(both["ms"]) == {"1", "32"}
    assert "| `ensemble:lenet,baseline` |" in capsys.readouterr().out


def test_an_ensemble_is_refused_before_its_members_are_measured(
    tiny_csv: Path, tmp_path: Path
) -> None:
    with pytest.raises(SystemExit, match="measure lenet, baseline first"):
        run(tiny_csv, tmp_path, "ensemble:lenet,baseline")


def test_an_ensemble_needs_models_that_were_kept(tmp_path: Path) -> None:
    words = ["--data", str(tmp_path), "--json", str(tmp_path), "--only", NAMES[-1]]
    with pytest.raises(SystemExit, match="add --out DIR"):
        bench.main(words)


def test_the_usual_ensembles_are_of_networks_that_are_measured() -> None:
    for name in bench.ENSEMBLES:
        inputs = {architecture(one).inputs for one in bench.members(name)}
        assert len(inputs) == 1


def test_multiplications_are_those_of_lenet_by_hand() -> None:
    lenet = architecture("lenet")
    model = lenet.build(lenet.inputs, 10)
    convolutions = 28 * 28 * 25 * 6 + 10 * 10 * 25 * 6 * 16
    assert bench.multiplications(model) == convolutions + 400 * 120 + 120 * 84 + 84 * 10
    outer = keras.Sequential([keras.Input(model.input_shape[1:]), model])
    assert bench.multiplications(outer) == bench.multiplications(model)
