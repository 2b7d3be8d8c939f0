import json
import re
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError

from inference.classifier import calibrate
from inference.errors import DataError
from inference.training.evaluate import unscaled
from inference.training.groups import read_groups
from tests.inference.sets import write_tree
from tests.inference.test_commands import run


def test_unscaling_undoes_the_temperature_and_keeps_rows_without_a_face() -> None:
    raw = np.array([[0.7, 0.2, 0.1], [0.4, 0.3, 0.3]], np.float32)
    back = unscaled(calibrate(raw, 0.6), 0.6)
    assert back == pytest.approx(raw, abs=1e-5)
    assert unscaled(np.zeros((1, 3), np.float32), 2.0).tolist() == [[0, 0, 0]]


def test_the_json_holds_intervals_curves_and_the_old_keys(
    tiny_model: Path, tiny_csv: Path, tmp_path: Path
) -> None:
    out = tmp_path / "r.json"
    run("evaluate", "--model", tiny_model, "--data", tiny_csv, "--json", out)
    stored = json.loads(out.read_text())
    low, high = stored["intervals"]["accuracy"]
    assert low <= stored["accuracy"] <= high
    assert set(stored["reliability"]) == {"before", "after"}
    assert stored["risk_coverage"]["coverage"][-1] == 1
    assert {"per_class", "confusion", "not_found", "dropped_duplicates"} <= set(stored)


def test_the_page_needs_nothing_beside_it(
    tiny_model: Path, tiny_csv: Path, tmp_path: Path
) -> None:
    out = tmp_path / "r.html"
    run("evaluate", "--model", tiny_model, "--data", tiny_csv, "--html", out)
    text = out.read_text()
    assert text.count("<svg") == 3
    assert "prefers-color-scheme: dark" in text
    assert not re.search(r"https?://|<script|<img|<link|url\(", text)


def test_faces_are_in_the_page_only_where_asked_for(
    tiny_model: Path, tmp_path: Path
) -> None:
    tree, out = (
        write_tree(tmp_path / "set", {"happy": 4, "sad": 4}),
        tmp_path / "r.html",
    )
    options = ("--model", tiny_model, "--data", tree, "--crops", "--html", out)
    run("evaluate", *options, "--examples", 2)
    assert out.read_text().count("data:image/png;base64") == 2


def test_each_group_has_its_own_figures(tiny_model: Path, tmp_path: Path) -> None:
    tree, out = (
        write_tree(tmp_path / "set", {"happy": 4, "sad": 4}),
        tmp_path / "r.json",
    )
    table = tmp_path / "groups.csv"
    table.write_text("file,group\nhappy/0.png,old\nhappy/1.png,young\nsad/0.png,old\n")
    options = ("--model", tiny_model, "--data", tree, "--crops", "--groups", table)
    text = run("evaluate", *options, "--json", out)
    groups = json.loads(out.read_text())["groups"]
    assert {name: one["n"] for name, one in groups.items()} == {"old": 2, "young": 1}
    assert "young" in text


def test_a_table_without_groups_says_which_columns_it_needs(tmp_path: Path) -> None:
    table = tmp_path / "groups.csv"
    table.write_text("name,age\na,1\n")
    with pytest.raises(DataError, match="columns file and group"):
        read_groups(table)
    with pytest.raises(DataError, match="cannot be read"):
        read_groups(tmp_path / "gone.csv")


@pytest.mark.parametrize(
    "options",
    [
        ("--groups", "g.csv"),  # a csv of pixels has no file names
        ("--examples", "2"),  # without a page
        ("--json", "nowhere/r.json"),
        ("--classes", "8"),  # the model knows five
    ],
)
def test_what_cannot_be_done_is_refused(
    tiny_model: Path, tiny_csv: Path, options: tuple[str, ...]
) -> None:
    with pytest.raises(CommandError):
        run("evaluate", "--model", tiny_model, "--data", tiny_csv, *options)


def test_fewer_classes_are_measured_among_themselves(
    tiny_model: Path, tiny_csv: Path, tmp_path: Path
) -> None:
    out = tmp_path / "r.json"
    options = ("--model", tiny_model, "--data", tiny_csv, "--json", out)
    run("evaluate", *options, "--classes", 4)
    stored = json.loads(out.read_text())
    assert (stored["n"], len(stored["confusion"])) == (32, 4)


def test_the_card_tells_the_worst_from_the_figures(
    tiny_model: Path, tiny_csv: Path
) -> None:
    run("evaluate", "--model", tiny_model, "--data", tiny_csv, "--record", "mine")
    card = (tiny_model / "card.md").read_text()
    assert re.search(r"\* mine: \w+ faces are found least \(\d+% of 8\)", card)
    assert re.search(r"\*\*mine\*\*.* accuracy 0\.\d{3} \[0\.", card)
