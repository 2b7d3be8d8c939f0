from pathlib import Path

import numpy as np
import pytest

from inference.blazeface import BACK, DENSE, SHORT, BlazeFaceDetector
from inference.crop import CROP_SIDE
from inference.engine import Engine
from inference.errors import DataError, MissingModel
from inference.light import Brightened, brightened, white_level
from inference.training import detectors, robustness
from inference.training.answers import Selection
from inference.training.detectors import Annotated, Row, YunetDetector
from inference.training.photographs import contact_sheet, largest_faces
from tests.faces import draw_face, draw_scene
from tests.inference.sets import write_tree

SCENE = Annotated(draw_scene((640, 480)), ((320.0, 255.0),))


@pytest.mark.parametrize("weights", [DENSE, BACK, SHORT])
def test_every_blazeface_finds_a_drawn_face(weights: str) -> None:
    scene = Annotated(draw_scene((480, 480), share=0.6), ((240.0, 255.0),))
    found = detectors.count(BlazeFaceDetector(weights=weights), [scene])
    assert (found.found, found.false_alarms) == (1, 0)


@pytest.mark.parametrize("variant", detectors.VARIANTS)
def test_the_noses_move_with_the_picture(variant: str) -> None:
    changed = detectors.VARIANTS[variant](SCENE)
    ((x, y),) = changed.noses
    bright = brightened(changed.rgb)
    (face,) = BlazeFaceDetector().detect(bright)
    assert face.landmarks is not None
    reach = 0.25 * face.box[2]
    assert face.landmarks[2] == pytest.approx((x, y), abs=reach)


def test_only_dark_pictures_are_brightened() -> None:
    dark = detectors.darkened(SCENE, 0.1).rgb
    assert white_level(brightened(dark)) > 240
    assert len(Brightened(BlazeFaceDetector()).detect(dark)) == 1


def test_a_detector_that_is_not_there_is_named_in_the_table(tmp_path: Path) -> None:
    with pytest.raises(MissingModel, match="onnx"):
        YunetDetector(tmp_path / "none.onnx")
    text = detectors.markdown([Row("MTCNN", {}, "needs a package")])
    assert "not available: needs a package" in text


def test_photographs_without_a_table_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"faces\.csv is missing"):
        detectors.annotated(tmp_path)


def test_the_sheet_holds_a_crop_of_every_face(tmp_path: Path, tiny_model: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(draw_face((1280, 720), 2, share=0.3))
    sheet = contact_sheet(tmp_path, str(tiny_model))
    assert sheet.shape == (CROP_SIDE, 12 * CROP_SIDE)
    assert sheet[:, CROP_SIDE : 2 * CROP_SIDE].std() > 0
    assert sheet[:, 2 * CROP_SIDE :].max() == 0


def test_a_sheet_of_no_faces_is_refused(tmp_path: Path, tiny_model: Path) -> None:
    with pytest.raises(DataError, match="no face in 0 pictures"):
        contact_sheet(tmp_path, str(tiny_model))


def test_a_picture_without_a_face_keeps_its_place() -> None:
    blank = np.full((480, 640, 3), 128, np.uint8)
    faces = largest_faces(BlazeFaceDetector(), [blank, SCENE.rgb])
    assert [face is None for face in faces] == [True, False]


def test_damaged_crops_go_through_serving(tiny_model: Path, tmp_path: Path) -> None:
    write_tree(tmp_path, {"happy": 3, "sad": 3})
    selection = Selection(tmp_path, crops=True)
    pictures = robustness.crops(Engine.load(tiny_model), selection, limit=2)
    found = robustness.under(pictures, "gaussian blur", 3)
    assert (found.n, found.unsure) == (4, 1.0)
    assert found.reasons == {"blurred": 1.0}


def test_damaged_photographs_go_through_detection(
    tiny_model: Path, tmp_path: Path
) -> None:
    (tmp_path / "happy").mkdir()
    (tmp_path / "happy" / "a.jpg").write_bytes(draw_face())
    engine, detector = Engine.load(tiny_model), BlazeFaceDetector()
    pictures = robustness.photographs(engine, detector, Selection(tmp_path), limit=0)
    assert pictures.faces[0].side < 480
    assert robustness.under(pictures, "clean", 0).reasons.get("not_found") is None
