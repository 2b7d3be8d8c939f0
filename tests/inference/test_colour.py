"""A network that tells colours apart sees them in evaluation and explanation, too."""

from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

from inference.preprocess import InputSpec
from inference.spec import load_spec
from inference.training.answers import Answers, Selection, ask
from inference.training.compare import compare
from inference.training.data import Part
from inference.training.explain import Explainer, crop_file
from inference.training.explain_draw import draw
from inference.training.export import Finished, export, measure
from inference.types import EMOTIONS
from tests.inference.test_commands import run

INPUTS = InputSpec(size=16, colour="rgb", standardise="fixed")
SHADES = {"happy": (97, 0, 0), "sad": (0, 0, 255)}  # equal in gray


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Happy faces are red here, sad ones blue."""
    root = tmp_path_factory.mktemp("colours")
    for name, shade in SHADES.items():
        (root / name).mkdir()
        for side in (16, 24, 48):
            picture = Image.new("RGB", (side, side), shade)
            picture.save(root / name / f"{side}.png")
    return root


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Red is happy, blue is sad: nothing was trained."""
    entry = keras.Input((16, 16, 3))
    maps = keras.layers.Conv2D(3, 1, name="maps")(entry)
    mean = keras.layers.GlobalAveragePooling2D()(maps)
    model = keras.Model(entry, keras.layers.Dense(5, "softmax")(mean))
    kernel = np.zeros((3, 5))
    kernel[0, EMOTIONS.index("happy")], kernel[2, EMOTIONS.index("sad")] = 20, 8
    weights = [np.eye(3)[None, None], np.zeros(3), kernel, np.zeros(5)]
    model.set_weights(weights)
    part = Part(np.zeros((5, 16, 16, 3), np.uint8), np.eye(5, dtype=np.float32))
    measured = replace(measure(model, part, INPUTS, EMOTIONS), temperature=1.0)
    out = tmp_path_factory.mktemp("models") / "colour-1"
    export(Finished(model, "none", INPUTS, EMOTIONS, measured, 0, {}, {}), out)
    return out


def planes(answers: Answers) -> int:
    """Of the crops as the model saw them."""
    crop = answers.crop(0)
    assert crop is not None
    return crop.shape[2] if crop.ndim == 3 else 1


def test_crops_of_class_folders_keep_their_colours(
    network: Path, pictures: Path
) -> None:
    answers = ask(network, Selection(pictures, crops=True))
    assert answers.scored.right.all()
    assert planes(answers) == 3


def test_a_gray_network_beside_it_still_gets_gray_crops(
    network: Path, tiny_model: Path, pictures: Path
) -> None:
    found = compare([network, tiny_model], Selection(pictures, crops=True))
    assert [planes(one) for one in found.answers] == [3, 1]
    assert found.answers[0].scored.right.all()


def test_groups_of_crops_in_colour_are_found(network: Path, tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (2, 24, 24, 3), np.uint8)
    for name, picture in zip(SHADES, noise, strict=True):
        (tmp_path / name).mkdir()
        Image.fromarray(picture).save(tmp_path / name / "one.png")
    table = tmp_path / "groups.csv"
    table.write_text("file,group\nhappy/one.png,old\nsad/one.png,young\n")
    source = Selection(tmp_path, crops=True, groups=table)
    assert ask(network, source).groups.tolist() == ["old", "young"]


def test_it_is_explained_and_drawn_in_colour(network: Path, pictures: Path) -> None:
    explainer = Explainer(network)
    path = pictures / "sad" / "48.png"
    crop = crop_file(path, load_spec(network), is_crop=True)
    found = explainer(crop)
    assert found.label == "sad"
    assert found.maps["gradcam"].max() == pytest.approx(1)
    assert draw(found).getpixel((100, 100)) == SHADES["sad"]


def test_the_report_shows_mistakes_in_colour(
    network: Path, pictures: Path, tmp_path: Path
) -> None:
    (tmp_path / "happy").mkdir()
    Image.new("RGB", (16, 16), SHADES["sad"]).save(tmp_path / "happy" / "blue.png")
    page = tmp_path / "page.html"
    words = ("--model", network, "--data", tmp_path, "--crops", "--html", page)
    run("evaluate", *words, "--examples", 1)
    assert "data:image/png" in page.read_text()
