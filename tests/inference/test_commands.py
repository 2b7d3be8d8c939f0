import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from PIL import Image

from tests.faces import draw_face
from tests.images import jpeg
from tests.inference.sets import write_tree
from tests.inference.shared import shared_data


def run(*args: object, **options: Any) -> str:
    out = StringIO()
    call_command(*map(str, args), stdout=out, **options)
    return out.getvalue()


def test_train_then_evaluate_by_command(tiny_csv: Path, tmp_path: Path) -> None:
    model, report = tmp_path / "mine", tmp_path / "report.json"
    run("train", "--data", tiny_csv, "--out", model, "--epochs", 1)
    text = run("evaluate", "--model", model, "--data", tiny_csv, "--json", report)
    stored = json.loads(report.read_text())
    assert "split test" in text
    assert {"n", "accuracy", "balanced_accuracy", "ece", "per_class", "confusion"} <= (
        set(stored)
    )
    assert set(stored["per_class"]["sad"]) == {
        "precision",
        "sensitivity",
        "specificity",
        "f1",
        "accuracy",
        "n",
    }
    assert stored["n"] == 40


def test_evaluate_counts_what_it_leaves_out(tiny_model: Path, tmp_path: Path) -> None:
    write_tree(tmp_path, {"happy": 3, "cry": 2, "fear": 4})
    text = run("evaluate", "--model", tiny_model, "--data", tmp_path, "--crops")
    assert "4 fear" in text
    assert "pictures 5, without a face 0" in text


def test_a_picture_without_a_face_counts_as_wrong(
    tiny_model: Path, tmp_path: Path
) -> None:
    write_tree(tmp_path, {"happy": 2})
    (tmp_path / "happy" / "face.jpg").write_bytes(draw_face())
    (tmp_path / "happy" / "broken.jpg").write_bytes(b"text")
    out = tmp_path / "r.json"
    run("evaluate", "--model", tiny_model, "--data", tmp_path, "--json", out)
    stored = json.loads(out.read_text())
    assert (stored["n"], stored["not_found"]) == (4, 3)


def test_figures_can_be_recorded_in_the_card(tiny_model: Path, tmp_path: Path) -> None:
    write_tree(tmp_path, {"happy": 3})
    options = ("--model", tiny_model, "--data", tmp_path, "--crops")
    run("evaluate", *options, "--record", "our office")
    assert "**our office**: 3 pictures" in (tiny_model / "card.md").read_text()


@pytest.mark.parametrize(
    ("command", "args"),
    [
        ("evaluate", ("--model", "dcnn-1", "--data", "nowhere")),
        ("evaluate", ("--model", "nobody", "--data", ".")),
        ("train", ("--data", "nowhere", "--out", "unused")),
        ("train", ("--data", ".", "--out", "unused", "--arch", "hal")),
        ("analyse", (".", "--model", "nobody")),
    ],
)
def test_a_wrong_argument_is_one_line_not_a_traceback(
    command: str, args: tuple[str, ...]
) -> None:
    with pytest.raises(CommandError):
        run(command, *args)
    assert not Path("unused").exists()


@pytest.mark.model
def test_analyse_prints_a_json_list(tmp_path: Path) -> None:
    (tmp_path / "face.jpg").write_bytes(draw_face())
    (tmp_path / "none.jpg").write_bytes(jpeg())
    (tmp_path / "notes.txt").write_text("not looked at in a folder")
    face, none = json.loads(run("analyse", tmp_path, "--json"))
    assert none == {"file": str(tmp_path / "none.jpg"), "faces": []}
    (found,) = face["faces"]
    assert set(found) == {"box", "label", "probabilities", "usable", "reason"}
    assert len(found["box"]) == 4
    assert sum(found["probabilities"].values()) == pytest.approx(1, abs=1e-3)


@pytest.mark.model
def test_analyse_goes_on_after_a_bad_file_and_fails_at_the_end(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"")
    (tmp_path / "b.JPG").write_bytes(draw_face())
    (tmp_path / "c.txt").write_text("named, so it is tried")
    out = StringIO()
    paths = [str(tmp_path), str(tmp_path / "c.txt"), str(tmp_path / "gone.png")]
    with pytest.raises(CommandError, match="3 of 4") as caught:
        call_command("analyse", *paths, "--json", stdout=out)
    assert caught.value.returncode == 1
    first, second, third, fourth = json.loads(out.getvalue())
    assert first["error"].startswith("empty")
    assert len(second["faces"]) == 1
    assert third["error"].startswith("not_an_image")
    assert "does not exist" in fourth["error"]


@pytest.mark.model
def test_analyse_of_crops_reads_the_whole_picture(tmp_path: Path) -> None:
    Image.new("L", (48, 48), 90).save(tmp_path / "crop.png")
    (entry,) = json.loads(run("analyse", tmp_path, "--json", "--crops"))
    assert entry["faces"][0]["box"] == [0, 0, 48, 48]
    assert entry["faces"][0]["reason"] == "blurred"


@pytest.mark.model
def test_the_table_has_a_line_per_face(tmp_path: Path) -> None:
    (tmp_path / "two.jpg").write_bytes(draw_face((1280, 720), 2, share=0.3))
    assert run("analyse", tmp_path).count("two.jpg") == 2


@pytest.mark.model
def test_many_files_go_through_in_bounded_batches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from inference import scan

    monkeypatch.setattr(scan, "BATCH_BYTES", 1)
    for number in range(5):
        (tmp_path / f"{number}.jpg").write_bytes(jpeg(seed=number))
    assert len(json.loads(run("analyse", tmp_path, "--json"))) == 5


@pytest.mark.model
@pytest.mark.django_db
def test_most_studio_faces_are_found_and_counted() -> None:
    text = run("evaluate", "--data", shared_data("jaffe"))
    assert "pictures 152, without a face 0" in text
