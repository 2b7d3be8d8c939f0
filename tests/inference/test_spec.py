import json
from pathlib import Path

import pytest

from inference import ModelError
from inference.crop import CropSpec
from inference.errors import CorruptModel, IncompatibleModel, MissingModel
from inference.files import sha256
from inference.preprocess import InputSpec
from inference.spec import (
    SERVING_FILE,
    SPEC_FILE,
    ModelSpec,
    check_weights,
    load_spec,
    model_folder,
    write_spec,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / SERVING_FILE).write_bytes(b"weights")
    spec = ModelSpec(
        name="tiny-1",
        architecture="dcnn",
        inputs=InputSpec(size=32),
        crop=CropSpec(),
        temperature=1.5,
        sha256={SERVING_FILE: sha256(tmp_path / SERVING_FILE)},
    )
    write_spec(tmp_path, spec)
    return tmp_path


def change(folder: Path, **values: object) -> None:
    path = folder / SPEC_FILE
    stored = json.loads(path.read_text())
    path.write_text(json.dumps({**stored, **values}))


def test_a_written_spec_reads_back_the_same(folder: Path) -> None:
    spec = load_spec(folder)
    write_spec(folder, spec)
    assert load_spec(folder) == spec


def test_the_version_is_the_name_and_the_start_of_the_hash(folder: Path) -> None:
    digest = sha256(folder / SERVING_FILE)
    assert load_spec(folder).version == f"tiny-1@{digest[:8]}"


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"format": 1}', "null"])
def test_a_damaged_spec_is_corrupt(folder: Path, text: str) -> None:
    (folder / SPEC_FILE).write_text(text)
    with pytest.raises(CorruptModel, match="install the model again"):
        load_spec(folder)


@pytest.mark.parametrize(
    "values",
    [
        {"temperature": 0},
        {"temperature": "warm"},
        {"sha256": {}},
        {"inputs": {"side": 3}},
        {"surprise": 1},
    ],
)
def test_impossible_values_are_corrupt(folder: Path, values: dict[str, object]) -> None:
    change(folder, **values)
    with pytest.raises(CorruptModel):
        load_spec(folder)


def test_another_format_is_incompatible_not_corrupt(folder: Path) -> None:
    change(folder, format=99)
    with pytest.raises(IncompatibleModel, match="format 99"):
        load_spec(folder)


def test_other_classes_are_incompatible(folder: Path) -> None:
    change(folder, classes=["calm", "stressed"])
    with pytest.raises(IncompatibleModel, match="calm, stressed"):
        load_spec(folder)


def test_changed_weights_are_corrupt(folder: Path) -> None:
    (folder / SERVING_FILE).write_bytes(b"Weights")
    with pytest.raises(CorruptModel, match="sha256"):
        check_weights(folder, load_spec(folder))


def test_absent_weights_are_missing(folder: Path) -> None:
    (folder / SERVING_FILE).unlink()
    with pytest.raises(MissingModel, match="install"):
        check_weights(folder, load_spec(folder))


def test_an_unknown_model_names_the_shipped_ones() -> None:
    with pytest.raises(ModelError, match="dcnn-1"):
        model_folder("no-such-model")


def test_a_model_may_be_given_as_a_folder(folder: Path) -> None:
    assert model_folder(folder) == folder


@pytest.mark.model
def test_the_shipped_weights_are_the_ones_that_their_specs_describe() -> None:
    from inference.spec import MODELS

    folders = [path.parent for path in MODELS.glob(f"*/{SPEC_FILE}")]
    assert folders
    for shipped in folders:
        check_weights(shipped, load_spec(shipped))
