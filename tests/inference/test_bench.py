"""The benchmark of serving runs through and says what it promises."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench import inference as bench
from bench import start
from bench.variants import FLOAT32, GRAPH, LITE, crops_of, make
from inference.spec import KERAS_FILE
from tests.inference.test_simulate import copied

# Tracing would take longer than the tests.
pytestmark = [pytest.mark.slow, pytest.mark.no_cover]


@pytest.fixture(scope="module")
def found(
    tiny_model: Path, tiny_csv: Path, tmp_path_factory: pytest.TempPathFactory
) -> Any:
    out = tmp_path_factory.mktemp("bench") / "found.json"
    words = ["--model", str(tiny_model), "--data", str(tiny_csv), "--labels", "fer"]
    bench.main([*words, "--repeats", "1", "--starts", "1", "--json", str(out)])
    (one,) = json.loads(out.read_text())
    return one


def test_every_form_is_timed_on_every_batch(found: dict[str, Any]) -> None:
    cells = {(row["form"], row["threads"], row["batch"]) for row in found["rows"]}
    forms = (*LITE, GRAPH)
    assert cells == {(f, t, b) for f in forms for t in (1, 2) for b in (1, 8, 32)}
    assert all(row["ms"] > 0 and row["ms_network"] > 0 for row in found["rows"])


def test_the_loss_is_against_float32(found: dict[str, Any]) -> None:
    assert set(found["lost"]) == {*LITE, GRAPH}
    assert found["lost"][FLOAT32] == 0
    assert found["distance"][GRAPH] < 1e-3
    assert found["distance"]["int8 full"] > 0
    assert found["mib"]["int8 full"] < found["mib"]["float16"] < found["mib"][FLOAT32]


def test_litert_starts_with_less_than_tensorflow(found: dict[str, Any]) -> None:
    starts = found["cold_start"]
    assert set(starts) == set(start.WAYS)
    assert starts["litert"]["mib"] < starts["worker"]["mib"]
    assert starts["worker"]["mib"] < starts["tensorflow"]["mib"]


def test_a_model_without_its_keras_file_has_one_form(
    tiny_model: Path, tmp_path: Path
) -> None:
    model = copied(tiny_model, tmp_path / "m")
    (model / KERAS_FILE).unlink()
    (tmp_path / "out").mkdir()
    missing = make(model, tmp_path / "out", crops_of(4, 32))
    assert set(missing) == {*LITE[1:], GRAPH}
    assert (tmp_path / "out" / FLOAT32).is_dir()


def test_distance_counts_moved_probability() -> None:
    one, other = np.eye(5, dtype=np.float32)[[[0, 1], [0, 2]]]
    found = bench.losses({FLOAT32: one, "b": other}, np.array([0, 1]))
    assert found["distance"]["b"] == 0.5
    assert found["lost"]["b"] == 0.5


@pytest.mark.parametrize(
    "words",
    [("--model", "nobody"), ("--data", "nowhere"), ("--repeats", "0")],
)
def test_it_refuses_in_one_line(words: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as caught:
        bench.main(list(words))
    assert caught.value.code != 0
