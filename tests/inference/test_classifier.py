from pathlib import Path

import numpy as np
import pytest

from inference.classes import restrict
from inference.classifier import Classifier, calibrate
from inference.errors import CorruptModel, IncompatibleModel
from inference.preprocess import to_tensor
from inference.spec import KERAS_FILE, MODELS, SERVING_FILE, load_spec, model_folder
from tests.inference.shared import blobs


def keras_probabilities(folder: Path, crops: np.ndarray) -> np.ndarray:
    import keras

    spec = load_spec(folder)
    model = keras.models.load_model(folder / KERAS_FILE)
    raw = np.asarray(model.predict_on_batch(to_tensor(crops, spec.inputs)))
    return calibrate(restrict(raw, spec.classes)[0], spec.temperature)


@pytest.mark.parametrize("count", [1, 3, 4, 33, 70])
def test_any_number_of_crops_gives_what_keras_gives(
    tiny_model: Path, count: int
) -> None:
    crops = blobs(count, 96)
    served = Classifier(tiny_model)(crops)
    assert served == pytest.approx(keras_probabilities(tiny_model, crops), abs=1e-4)


def test_no_crops_give_no_rows(tiny_model: Path) -> None:
    assert Classifier(tiny_model)(blobs(1)[:0]).shape == (0, 5)


def test_neighbours_in_a_batch_do_not_matter(tiny_model: Path) -> None:
    crops = blobs(9)
    classifier = Classifier(tiny_model)
    alone = np.concatenate([classifier(crops[i : i + 1]) for i in range(9)])
    assert classifier(crops) == pytest.approx(alone, abs=1e-5)


def test_weights_changed_after_export_are_refused(
    tiny_model: Path, tmp_path: Path
) -> None:
    for name in ("spec.json", KERAS_FILE, SERVING_FILE):
        (tmp_path / name).write_bytes((tiny_model / name).read_bytes())
    (tmp_path / SERVING_FILE).write_bytes(b"TFL3 but not really")
    with pytest.raises(CorruptModel):
        Classifier(tmp_path)


def test_a_higher_temperature_is_less_sure_and_keeps_the_order() -> None:
    rows = np.array([[0.7, 0.1, 0.1, 0.05, 0.05]], np.float32)
    cooled = calibrate(rows, 2.0)
    assert cooled.sum() == pytest.approx(1)
    assert cooled.argmax() == 0
    assert cooled.max() < 0.7
    assert calibrate(rows, 1.0) == pytest.approx(rows, abs=1e-6)


@pytest.mark.model
@pytest.mark.parametrize(
    "name", sorted(path.parent.name for path in MODELS.glob("*/spec.json"))
)
def test_the_shipped_weights_serve_what_keras_says(name: str) -> None:
    folder = model_folder(name)
    crops = blobs(64, 48, seed=2)
    served = Classifier(folder)(crops)
    assert served == pytest.approx(keras_probabilities(folder, crops), abs=1e-3)


def test_a_spec_of_another_input_size_is_incompatible(
    tiny_model: Path, tmp_path: Path
) -> None:
    for name in ("spec.json", KERAS_FILE, SERVING_FILE):
        (tmp_path / name).write_bytes((tiny_model / name).read_bytes())
    text = (tmp_path / "spec.json").read_text()
    (tmp_path / "spec.json").write_text(text.replace('"size": 32', '"size": 40'))
    with pytest.raises(IncompatibleModel, match="export the model again"):
        Classifier(tmp_path)
