import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from inference.errors import DataError
from inference.spec import load_spec, write_spec
from inference.training.answers import Selection
from inference.training.compare import compare, mcnemar
from tests.inference.test_commands import run


@pytest.fixture
def twin(tiny_model: Path, tmp_path: Path) -> Path:
    """The same network under another name and temperature."""
    folder = tmp_path / "twin"
    shutil.copytree(tiny_model, folder)
    write_spec(folder, replace(load_spec(folder), name="twin", temperature=2.0))
    return folder


@pytest.mark.parametrize(
    ("first", "second", "p"),
    [(0, 0, 1.0), (5, 5, 1 - 252 / 2**11), (1, 9, (2 * 11 - 10) / 2**10)],
)
def test_the_paired_test_agrees_with_a_sum_by_hand(
    first: int, second: int, p: float
) -> None:
    assert mcnemar(first, second) == pytest.approx(p)
    assert mcnemar(second, first) == pytest.approx(p)


def test_the_paired_test_survives_thousands_of_pictures() -> None:
    assert mcnemar(4000, 5000) < 1e-20


def test_twins_differ_by_nothing(tiny_model: Path, twin: Path, tiny_csv: Path) -> None:
    found = compare([tiny_model, twin], Selection(tiny_csv))
    (pair,) = found.pairs
    assert (pair.p, pair.agreement) == (1.0, 1.0)
    assert pair.differences["accuracy"].high == 0
    assert found.as_dict()["models"]["twin"]["accuracy"] == pytest.approx(
        found.intervals["tiny-1"]["accuracy"].value
    )


def test_a_model_is_not_compared_with_itself(tiny_model: Path, tiny_csv: Path) -> None:
    with pytest.raises(DataError, match="only once"):
        compare([tiny_model, tiny_model], Selection(tiny_csv))
    with pytest.raises(DataError, match="two models"):
        compare([tiny_model], Selection(tiny_csv))


def test_compare_by_command_writes_json_and_a_page(
    tiny_model: Path, twin: Path, tiny_csv: Path, tmp_path: Path
) -> None:
    page, data = tmp_path / "c.html", tmp_path / "c.json"
    text = run(
        *("compare", tiny_model, twin, "--data", tiny_csv),
        *("--html", page, "--json", data),
    )
    assert "McNemar mid-p 1.0000" in text
    assert len(json.loads(data.read_text())["pairs"]) == 1
    assert "twin" in page.read_text()
