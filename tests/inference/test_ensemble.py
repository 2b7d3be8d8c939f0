from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from inference.classes import restrict
from inference.classifier import Classifier
from inference.errors import DataError
from inference.preprocess import to_tensor
from inference.spec import KERAS_FILE, load_spec
from inference.training.ensemble import train_ensemble
from inference.training.explain import Explainer, GradCam
from inference.training.options import Asking
from tests.inference.conftest import TINY
from tests.inference.shared import blobs

# Tracing would take longer than the tests, and inference.training is not measured.
pytestmark = pytest.mark.no_cover

OPTIONS = {"epochs": 1, "batch_size": 16, "seed": 7}


def asking(
    members: str, data: Path, out: Path, *, resume: bool = False, **more: object
) -> Asking:
    return Asking(f"ensemble:{members}", data, out, OPTIONS | more, resume)


@pytest.fixture(scope="module")
def trained(
    tiny_csv: Path, tiny_model: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Of a new dcnn and a finished one."""
    out = tmp_path_factory.mktemp("models") / "two"
    train_ensemble(asking(f"dcnn,{tiny_model}", tiny_csv, out))
    return out


def test_it_is_served_as_the_mean_of_its_calibrated_members(
    trained: Path, tiny_model: Path
) -> None:
    crops, spec = blobs(5), load_spec(trained)
    folders = (trained / "members" / "dcnn", tiny_model)
    expected = np.mean([Classifier(folder)(crops) for folder in folders], axis=0)
    raw, _ = restrict(Classifier(trained).raw(crops), spec.classes)
    assert raw == pytest.approx(expected, abs=1e-3)


def test_keras_and_serving_agree(trained: Path) -> None:
    crops, spec = blobs(5), load_spec(trained)
    model = keras.models.load_model(trained / KERAS_FILE, compile=False)
    raw = np.asarray(model.predict_on_batch(to_tensor(crops, spec.inputs)))
    assert Classifier(trained).raw(crops) == pytest.approx(raw, abs=1e-3)


def test_its_gradient_map_is_the_mean_of_its_members_maps(
    trained: Path, tiny_model: Path
) -> None:
    crop = blobs(1)[0]
    folders = (trained / "members" / "dcnn", tiny_model)
    maps = [GradCam(one, load_spec(one))(crop, "happy") for one in folders]
    mean = np.mean(maps, axis=0)
    assert mean.max() > 0
    found = GradCam(trained, load_spec(trained))(crop, "happy")
    assert found == pytest.approx(mean / mean.max(), abs=1e-3)


def test_an_ensemble_is_explained_by_both_methods(trained: Path) -> None:
    found = Explainer(trained)(blobs(1)[0])
    assert set(found.maps) == {"gradcam", "occlusion"}
    assert found.maps["occlusion"].max() > 0


def test_its_command_and_its_members_are_recorded(trained: Path) -> None:
    spec = load_spec(trained)
    assert spec.command.startswith("manage.py train --arch ensemble:dcnn,")
    assert len(spec.data["members"]) == 2


def test_what_is_trained_already_is_not_trained_again(
    trained: Path, tiny_model: Path, tiny_csv: Path
) -> None:
    state = trained / "members" / "dcnn" / "run" / "state.json"
    before = state.stat().st_mtime_ns
    names = f"dcnn,{tiny_model}"
    train_ensemble(asking(names, tiny_csv, trained, resume=True))
    assert state.stat().st_mtime_ns == before


def test_members_of_other_sizes_get_resized_pictures(
    tiny_model: Path, tiny_csv: Path, tmp_path: Path
) -> None:
    names = f"lenet,{tiny_model}"
    prepared: dict[str, Any] = {"size": 48, "scale": "per_image", "classes": 5}
    done = train_ensemble(asking(names, tiny_csv, tmp_path / "m", **prepared))
    assert (done.spec.inputs.size, done.spec.inputs.channels) == (48, 1)
    assert Classifier(tmp_path / "m")(blobs(2)).sum(axis=1) == pytest.approx(1)
    heat = GradCam(tmp_path / "m", done.spec)(blobs(1)[0], "happy")
    assert heat.shape == (96, 96)
    assert heat.max() <= 1


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ("dcnn", "two members"),
        ("dcnn,manuelnet", "prepare pictures differently"),
        ("deepfer,lenet", "same classes"),
    ],
)
def test_members_that_do_not_fit_together_are_refused_before_training(
    members: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=message):
        train_ensemble(asking(members, tmp_path, tmp_path / "m"))
    assert not (tmp_path / "m").exists()


def test_an_ensemble_in_an_ensemble_is_refused(
    trained: Path, tiny_model: Path, tiny_csv: Path, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match="name its members"):
        train_ensemble(asking(f"{trained},{tiny_model}", tiny_csv, tmp_path / "m"))


def test_the_same_architecture_twice_gets_two_seeds(
    tiny_csv: Path, tmp_path: Path
) -> None:
    train_ensemble(asking("dcnn,dcnn", tiny_csv, tmp_path / "m"))
    folders = ("dcnn", "dcnn-2")
    seeds = [load_spec(tmp_path / "m" / "members" / name).seed for name in folders]
    assert seeds == [TINY.seed, TINY.seed + 1]
