import os
from pathlib import Path

import pytest

import inference
from inference.detector import HaarDetector
from inference.engine import Engine
from inference.runtime import active_spec, get_engine
from tests.faces import draw_face
from tests.images import jpeg, truncated_jpeg

pytestmark = pytest.mark.model


@pytest.fixture(scope="module")
def engine() -> Engine:
    return get_engine()


def test_a_drawn_face_becomes_one_reading(engine: Engine) -> None:
    (frame,) = inference.analyse([draw_face((640, 480))])
    (face,) = frame.faces
    assert (frame.width, frame.height, frame.error) == (640, 480, "")
    assert face.box.contains(320, 260)
    assert 0.25 * 480 < face.box.height < 0.6 * 480
    assert face.quality.size_px == pytest.approx(face.box.height, abs=2)
    assert face.label in inference.EMOTIONS


def test_one_bad_picture_never_fails_the_others(engine: Engine) -> None:
    frames = inference.analyse([b"", draw_face(), b"text", truncated_jpeg(), jpeg()])
    assert [f.error for f in frames] == ["empty", "", "not_an_image", "truncated", ""]
    assert [len(f.faces) for f in frames] == [0, 1, 0, 0, 0]


def test_no_pictures_give_no_readings(engine: Engine) -> None:
    assert inference.analyse([]) == []


def test_faces_come_largest_first_and_from_their_own_picture(engine: Engine) -> None:
    images = [draw_face((1280, 720), n, share=0.3) for n in (3, 1, 2)]
    frames = engine.analyse(images)
    assert [len(frame.faces) for frame in frames] == [3, 1, 2]
    areas = [face.box.area for face in frames[0].faces]
    assert areas == sorted(areas, reverse=True)


def test_a_batch_reads_what_single_calls_read(engine: Engine) -> None:
    images = [draw_face(smile=s / 4) for s in range(-4, 5)]
    batch = engine.analyse(images)
    for image, together in zip(images, batch, strict=True):
        (alone,) = engine.analyse([image])
        assert alone.faces[0].box == together.faces[0].box
        assert alone.faces[0].probabilities.as_tuple() == pytest.approx(
            together.faces[0].probabilities.as_tuple(), abs=1e-4
        )


def test_boxes_are_in_pixels_of_the_original_picture(engine: Engine) -> None:
    (frame,) = engine.analyse([draw_face((5120, 3840))])
    (small,) = engine.analyse([draw_face((1280, 960))])
    assert (frame.width, frame.height) == (5120, 3840)
    assert frame.faces[0].box.width == pytest.approx(
        4 * small.faces[0].box.width, rel=0.05
    )


def test_a_tiny_face_is_read_but_not_usable(engine: Engine) -> None:
    (frame,) = engine.analyse([draw_face((640, 480), share=0.07)])
    assert [face.usable for face in frame.faces] in ([], [False])


def test_a_crop_is_classified_without_detection(engine: Engine) -> None:
    (frame, bad) = engine.analyse_crops([jpeg(), b""])
    assert frame.faces[0].box == inference.Box(0, 0, 96, 72)
    assert bad.error == "empty"


def test_any_detector_will_do(tiny_model: Path) -> None:
    from inference.classifier import Classifier

    engine = Engine(HaarDetector(), Classifier(tiny_model))
    assert engine.analyse([jpeg()])[0].error == ""
    assert engine.model_name == "tiny-1"


def test_the_engine_is_loaded_once_and_named_after_its_weights(engine: Engine) -> None:
    assert get_engine() is engine
    assert get_engine(active_spec().name) is engine
    assert engine.model_version == active_spec().version
    name, _, digest = engine.model_version.partition("@")
    assert name == engine.model_name
    assert len(digest) == 8


@pytest.mark.slow
def test_a_forked_child_loads_its_own_engine(engine: Engine) -> None:
    from inference import runtime

    child = os.fork()
    if child == 0:
        os._exit(0 if not runtime._engines else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_an_unknown_model_is_a_model_error() -> None:
    with pytest.raises(inference.ModelError, match="shipped models"):
        get_engine("nobody")
