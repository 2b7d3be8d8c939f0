import dataclasses
import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from inference.classifier import Classifier, calibrate
from inference.preprocess import InputSpec, to_colour, to_gray, to_tensor
from inference.spec import KERAS_FILE
from inference.training.train import config_for, train
from tests.inference.shared import blobs


def test_a_crop_becomes_three_equal_planes_of_the_networks_size() -> None:
    tensor = to_tensor(blobs(4, 96), InputSpec(size=32))
    assert tensor.shape == (4, 32, 32, 3)
    assert tensor.dtype == np.float32
    assert (tensor[..., 0] == tensor[..., 2]).all()


def test_light_and_contrast_of_a_picture_cancel() -> None:
    crops = blobs(3) // 2
    brighter = (crops * 1.5 + 40).astype(np.uint8)
    spec = InputSpec(size=32)
    assert to_tensor(crops, spec) == pytest.approx(to_tensor(brighter, spec), abs=0.03)


def test_a_flat_crop_stays_finite_and_small() -> None:
    tensor = to_tensor(np.full((1, 48, 48), 200, np.uint8), InputSpec(size=32))
    assert np.abs(tensor).max() < 1e-3


def test_fixed_scaling_is_what_the_spec_says() -> None:
    spec = InputSpec(size=8, channels=1, standardise="fixed", scale=0.5, offset=-1.0)
    assert to_tensor(np.full((1, 8, 8), 10, np.uint8), spec) == pytest.approx(4.0)


def pale(n: int = 3) -> np.ndarray:
    """Crops that use a small part of the gray levels."""
    crops: np.ndarray = blobs(n) // 8 + 100
    return crops


@pytest.mark.parametrize("how", ["histogram", "clahe"])
def test_equalising_spreads_the_gray_levels(how: str) -> None:
    plain = InputSpec(size=48, channels=1, standardise="fixed")
    spread = dataclasses.replace(plain, equalise=how)  # type: ignore[arg-type]
    assert to_tensor(pale(), spread).std() > 1.5 * to_tensor(pale(), plain).std()


def test_a_colour_network_sees_the_colours_and_a_gray_one_does_not() -> None:
    red = np.zeros((1, 8, 8, 3), np.uint8)
    red[..., 0] = 200
    spec = InputSpec(size=8, colour="rgb", standardise="fixed", scale=1.0)
    assert to_tensor(red, spec)[0, 0, 0].tolist() == [200, 0, 0]
    gray = dataclasses.replace(spec, colour="gray_replicated")
    assert to_tensor(red, gray)[0, 0, 0].tolist() == [60, 60, 60]


def test_gray_crops_are_the_same_to_a_colour_network() -> None:
    spec = InputSpec(size=32, equalise="histogram")
    colour = dataclasses.replace(spec, colour="rgb")
    crops = blobs(3)
    assert to_tensor(crops, colour) == pytest.approx(to_tensor(crops, spec), abs=0.05)
    assert (to_gray(to_colour(crops)) == crops).all()


def test_equalising_a_colour_crop_keeps_its_hue() -> None:
    crops = to_colour(pale(1)).copy()
    crops[..., 0] += 30
    spec = InputSpec(size=48, colour="rgb", standardise="fixed", equalise="histogram")
    tensor = to_tensor(crops, spec)
    assert (tensor[..., 0] >= tensor[..., 1]).all()


def test_means_are_taken_away_in_the_order_of_the_channels() -> None:
    spec = InputSpec(
        size=8, standardise="fixed", scale=1.0, means=(1.0, 2.0, 3.0), order="bgr"
    )
    assert to_tensor(np.full((1, 8, 8), 10, np.uint8), spec)[0, 0, 0].tolist() == [
        9,
        8,
        7,
    ]
    rgb = np.broadcast_to(np.array([10, 20, 30], np.uint8), (1, 8, 8, 3))
    colour = dataclasses.replace(spec, colour="rgb")
    assert to_tensor(rgb, colour)[0, 0, 0].tolist() == [29, 18, 7]


@pytest.mark.parametrize(
    "wrong",
    [
        {"colour": "rgb", "channels": 1},
        {"colour": "cmyk"},
        {"equalise": "magic"},
        {"means": (1.0,)},
    ],
)
def test_it_refuses_an_impossible_spec(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"channel|unknown"):
        InputSpec(size=48, **wrong)


def test_a_spec_survives_json() -> None:
    spec = InputSpec(size=48, means=(1.0, 2.0, 3.0))
    assert InputSpec(**json.loads(json.dumps(dataclasses.asdict(spec)))) == spec


@pytest.mark.parametrize(
    "asked",
    [
        {"equalise": "histogram"},
        {"equalise": "clahe", "scale": "fixed"},
        {"size": 40, "colour": "rgb"},
    ],
)
def test_serving_answers_what_the_trained_network_answers(
    asked: dict[str, Any], tiny_csv: Path, tmp_path: Path
) -> None:
    config = config_for("dcnn", **{**asked, "epochs": 1, "batch_size": 16})
    trained = train(tiny_csv, tmp_path / "m", config)
    assert trained.spec.inputs == config.inputs
    crops = to_colour(blobs(6)) // np.array([1, 2, 3], np.uint8)
    model = keras.models.load_model(tmp_path / "m" / KERAS_FILE, compile=False)
    raw = np.asarray(model.predict_on_batch(to_tensor(crops, config.inputs)))
    served = Classifier(tmp_path / "m")(crops)
    assert served == pytest.approx(calibrate(raw, trained.spec.temperature), abs=1e-3)
