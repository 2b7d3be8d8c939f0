import json
from pathlib import Path
from typing import Any

import pytest

from bench import tables

LENET: dict[str, Any] = {
    "architecture": "lenet",
    "source": "LeCun et al. 1998",
    "budget_seconds": 90.0,
    "inputs": {"size": 32, "channels": 1},
    "own_size": 32,
    "parameters": 61_111,
    "multiplications": 416_000,
    "mib": 0.24,
    "pictures_seen": 56_000,
    "epochs": 1.96,
    "accuracy_7": 0.45,
    "accuracy_5": 0.55,
    "n_7": 3589,
    "n_5": 2781,
    "ms": {"1": 0.05, "32": 0.04},
    "seed": 1,
}
BLOCK = "<!-- table: architectures -->\n\n<!-- end -->"


def test_the_tables_of_the_documentation_are_what_the_records_say() -> None:
    assert tables.main(["--check"]) == 0


def test_a_table_is_made_anew_from_its_record() -> None:
    text = "<!-- table: ratios seresnet14-1.ratios-fer -->\nold\n<!-- end -->"
    made = tables.rendered(text)
    assert "old" not in made
    assert "PrivateTest, FER labels" in made
    assert tables.rendered(made) == made


def test_an_unknown_kind_of_table_names_the_known_ones() -> None:
    with pytest.raises(SystemExit, match="evaluations"):
        tables.rendered("<!-- table: pie dcnn-1.fer -->\n<!-- end -->")


def test_shares_are_percent_with_their_interval() -> None:
    assert tables.percent(0.8926, (0.88, 0.905)) == "89.3 (88.0-90.5)"
    assert tables.percent(None) == "-"


@pytest.fixture
def measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the architectures' records, empty."""
    monkeypatch.setattr(tables, "DOCS", tmp_path)
    folder = tmp_path / "records" / "architectures"
    folder.mkdir(parents=True)
    return folder


def test_the_networks_under_one_budget_are_ranked_below_that_budget(
    measured: Path,
) -> None:
    better = {"architecture": "ensemble:lenet,dcnn", "accuracy_5": 0.6, "own_size": 48}
    for name, row in (("lenet", LENET), ("ensemble-lenet-dcnn", LENET | better)):
        (measured / f"{name}.json").write_text(json.dumps(row))
    made = tables.rendered(BLOCK)
    assert "Budget: 90 seconds" in made
    assert made.index("ensemble:lenet,dcnn") < made.index("| `lenet` |")
    assert "| 0.06 M | 0.4 | 0.2 | 32 x 32 x 1 | 56000 (1.96) | 45.0 | 55.0 |" in made
    assert "32 x 32 x 1 (published with 48)" in made


def test_without_records_of_networks_there_is_no_table(measured: Path) -> None:
    assert "|" not in tables.rendered(BLOCK)
