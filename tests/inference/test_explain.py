from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError
from PIL import Image

from inference.classifier import Classifier
from inference.training.explain import (
    PATCH,
    Explainer,
    confusion_caption,
    occlusion_map,
)
from inference.training.explain_draw import draw, overlay
from tests.faces import draw_face
from tests.inference.shared import blobs
from tests.inference.test_commands import run

FIGURES = {
    "validation": {"n": 9, "per_class": {"happy": {}}, "confusion": [[9]]},
    "test": {
        "n": 4,
        "per_class": {"happy": {}, "sad": {}},
        "confusion": [[6, 0], [2, 5]],
    },
}


class Corner:
    """Sees class 0 as far as the upper left corner is bright."""

    def __call__(self, crops: np.ndarray) -> np.ndarray:
        share = crops[:, :PATCH, :PATCH].mean(axis=(1, 2)) / 255
        return np.stack([share, 1 - share], axis=1).astype(np.float32)


def test_covering_what_matters_costs_probability() -> None:
    crop = np.zeros((96, 96), np.uint8)
    crop[:PATCH, :PATCH] = 255
    heat = occlusion_map(Corner(), crop, 0)  # type: ignore[arg-type]
    assert heat.shape == (96, 96)
    assert heat[4, 4] > 0.8
    assert heat[60:, 60:].max() == 0


def test_a_gradient_map_is_relative_and_as_large_as_the_face(tiny_model: Path) -> None:
    found = Explainer(tiny_model)(blobs(1)[0])
    assert set(found.maps) == {"gradcam", "occlusion"}
    assert found.maps["gradcam"].shape == (96, 96)
    assert 0 <= found.maps["gradcam"].min() <= found.maps["gradcam"].max() <= 1


def test_the_label_is_that_of_serving(tiny_model: Path) -> None:
    crop = blobs(1, 96)[0]
    scores = Classifier(tiny_model)(crop[None])[0]
    found = Explainer(tiny_model, ("occlusion",))(crop)
    assert found.probability == pytest.approx(float(scores.max()))
    assert list(found.maps) == ["occlusion"]


def test_the_caption_names_what_hides_behind_a_label() -> None:
    caption = confusion_caption(FIGURES, "happy")
    assert caption == 'of 100 faces called "happy", 75 were; 25 were sad (test)'
    assert confusion_caption({}, "happy") == ""


def test_no_heat_leaves_the_face_as_it_is() -> None:
    crop = blobs(1)[0]
    plain = overlay(crop, np.zeros((48, 48), np.float32), 1.0)
    assert np.array_equal(plain[..., 0], crop)


def test_the_drawing_has_a_panel_for_each_map(tiny_model: Path) -> None:
    one = draw(Explainer(tiny_model, ("occlusion",))(blobs(1)[0]))
    two = draw(Explainer(tiny_model)(blobs(1)[0]))
    assert two.width > one.width > one.height


def test_explain_by_command(tiny_model: Path, tmp_path: Path) -> None:
    (tmp_path / "face.jpg").write_bytes(draw_face())
    out = tmp_path / "out.png"
    run("explain", tmp_path / "face.jpg", "--out", out, "--model", tiny_model)
    assert Image.open(out).format == "PNG"


def test_a_picture_without_a_face_is_refused(tiny_model: Path, tmp_path: Path) -> None:
    Image.new("L", (64, 64), 90).save(tmp_path / "gray.png")
    out = tmp_path / "out.png"
    options = ("--out", out, "--model", tiny_model, "--method", "occlusion")
    with pytest.raises(CommandError, match="--crop"):
        run("explain", tmp_path / "gray.png", *options)
    assert not out.exists()
    run("explain", tmp_path / "gray.png", *options, "--crop")
    assert out.exists()


@pytest.mark.parametrize("out", ["x.jpg", "nowhere/x.png"])
def test_a_place_that_cannot_be_written_is_refused_first(out: str) -> None:
    with pytest.raises(CommandError, match=r"name a \.png"):
        run("explain", "face.jpg", "--out", out)
