"""What serving answers is what the trained network answers, within 1e-3."""

import numpy as np
import pytest
from PIL import Image

from inference.arrays import Gray, Tensor
from inference.classifier import Classifier, calibrate
from inference.preprocess import to_tensor
from inference.spec import KERAS_FILE, ModelSpec, active_name, load_spec, model_folder
from inference.types import EMOTIONS
from tests.inference.shared import blobs, shared_data

PICTURES = 500
TOLERANCE = 1e-3

pytestmark = pytest.mark.model


def five_of(raw: Tensor, spec: ModelSpec) -> Tensor:
    """Probabilities of a spec's classes as calibrated ones of the five emotions.

    Classes that the model lacks stay at zero.
    """
    own = [name for name in spec.classes if name in EMOTIONS]
    kept = raw[:, [spec.classes.index(name) for name in own]]
    found = calibrate(kept / kept.sum(axis=1, keepdims=True), spec.temperature)
    five = np.zeros((len(raw), len(EMOTIONS)), np.float32)
    five[:, [EMOTIONS.index(name) for name in own]] = found
    return five


def largest_difference(crops: Gray) -> float:
    """Between LiteRT through the product's classifier and Keras, active model."""
    import keras

    folder = model_folder(active_name())
    spec = load_spec(folder)
    network = keras.models.load_model(folder / KERAS_FILE, compile=False)
    served = Classifier(folder)(crops)
    raw = network.predict_on_batch(to_tensor(crops, spec.inputs))
    expected = five_of(np.asarray(raw, np.float32), spec)
    assert len(served) == len(expected) == PICTURES
    return float(np.abs(served - expected).max())


def made_pictures() -> Gray:
    """Flat, noisy, blocky and shaded squares, and ovals with eyes and mouths."""
    generator = np.random.default_rng(11)
    part = PICTURES // 5
    y, x = np.mgrid[-1:1:48j, -1:1:48j]
    flat = np.broadcast_to(np.arange(part)[:, None, None] * 2.5, (part, 48, 48))
    noise = generator.integers(0, 256, (part, 48, 48))
    slopes = generator.uniform(-90, 90, (2, part, 1, 1))
    shaded = 128 + slopes[0] * x + slopes[1] * y
    faces = np.stack([drawn(x, y, generator) for _ in range(part)])
    kinds = (flat, noise, blobs(part, seed=12), shaded, faces)
    pictures: Gray = np.clip(np.concatenate(kinds), 0, 255).astype(np.uint8)
    return pictures


def drawn(x: np.ndarray, y: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """A bright oval with two dark eyes, a bent mouth and some noise."""
    lowest, highest = (90, -0.4, 0.03, 2), (230, 0.4, 0.2, 20)
    light, bend, opening, noise = generator.uniform(lowest, highest)
    picture = np.where((x / 0.75) ** 2 + (y / 0.95) ** 2 < 1, light, light / 4)
    for side in (-0.35, 0.35):
        picture[(x - side) ** 2 + (y + 0.3) ** 2 < 0.015] = 20
    mouth = np.abs(y - 0.5 - bend * (x**2 - 0.1)) < opening
    picture[mouth & (np.abs(x) < 0.4)] = 40
    noisy: np.ndarray = picture + generator.normal(0, noise, picture.shape)
    return noisy


def test_made_pictures() -> None:
    assert largest_difference(made_pictures()) < TOLERANCE


def test_pictures_of_fer2013() -> None:
    with Image.open(shared_data("fer2013", "atlas_00.webp")) as opened:
        sheet = np.asarray(opened.convert("L"))
    assert sheet.shape[0] % 48 == sheet.shape[1] % 48 == 0
    tiles = sheet.reshape(sheet.shape[0] // 48, 48, -1, 48).swapaxes(1, 2)
    assert largest_difference(tiles.reshape(-1, 48, 48)[:PICTURES]) < TOLERANCE


def test_restricting_keeps_the_five_and_their_sum() -> None:
    spec = load_spec(model_folder(active_name()))
    raw = np.full((1, len(spec.classes)), 1 / len(spec.classes), np.float32)
    five = five_of(raw, spec)
    assert five.shape == (1, len(EMOTIONS))
    assert five.sum() == pytest.approx(1)
