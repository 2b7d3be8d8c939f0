import cv2
import numpy as np
import pytest

from inference.crop import CROP_SIDE, CropSpec, cut, eye_angle, whole
from inference.detector import Detection


def marked(side: int = 400) -> np.ndarray:
    """A black picture with a white square of 100 pixels at its centre."""
    rgb = np.zeros((side, side, 3), np.uint8)
    rgb[side // 2 - 50 : side // 2 + 50, side // 2 - 50 : side // 2 + 50] = 255
    return rgb


def at(box: tuple[float, float, float, float], tilt: float = 0.0) -> Detection:
    x, y, w, h = box
    along = np.array([np.cos(np.deg2rad(tilt)), np.sin(np.deg2rad(tilt))]) * w / 4
    middle = np.array([x + w / 2, y + h / 2])
    points = np.tile(middle, (6, 1))
    points[0], points[1] = middle - along, middle + along
    return Detection(box, 0.9, points.astype(np.float32))


def white_share(crop: np.ndarray) -> float:
    return float(crop.mean() / 255)


@pytest.mark.parametrize("margin", [0.0, 0.2, 0.5, 1.0])
def test_the_margin_widens_the_square_around_the_box(margin: float) -> None:
    crop = cut(marked(), at((150, 150, 100, 100)), CropSpec(margin=margin))
    assert crop.shape == (CROP_SIDE, CROP_SIDE)
    assert white_share(crop) == pytest.approx(1 / (1 + margin) ** 2, abs=0.02)


def test_a_negative_margin_cuts_into_the_box() -> None:
    crop = cut(marked(), at((100, 100, 200, 200)), CropSpec(margin=-0.5))
    assert white_share(crop) == pytest.approx(1, abs=0.02)


def test_the_shift_moves_the_square_down() -> None:
    crop = cut(marked(), at((150, 150, 100, 100)), CropSpec(shift=0.5))
    assert crop[: CROP_SIDE // 2 - 2].min() > 250
    assert crop[CROP_SIDE // 2 + 2 :].max() < 5


def test_tilted_eyes_become_level() -> None:
    matrix = cv2.getRotationMatrix2D((200, 200), -20, 1)
    turned = np.asarray(cv2.warpAffine(marked(), matrix, (400, 400)), np.uint8)
    face = at((150, 150, 100, 100), tilt=20)
    assert eye_angle(face.landmarks) == pytest.approx(20)
    assert white_share(cut(turned, face, CropSpec())) > 0.97
    assert white_share(cut(turned, face, CropSpec(align=False))) < 0.92


def test_a_large_face_gives_the_same_crop_as_a_small_one() -> None:
    soft = cv2.GaussianBlur(marked(400), (0, 0), 8)
    large = np.asarray(cv2.resize(soft, (1600, 1600)), np.uint8)
    small = np.asarray(cv2.resize(large, (400, 400), interpolation=cv2.INTER_AREA))
    spec = CropSpec(margin=0.3, shift=0.1)
    one = cut(large, at((480, 520, 600, 600), 15), spec).astype(int)
    two = cut(small.astype(np.uint8), at((120, 130, 150, 150), 15), spec).astype(int)
    assert np.abs(one - two).mean() < 2


@pytest.mark.parametrize(
    "box", [(-80, -90, 100, 100), (390, 395, 60, 60), (0, 0, 1, 1), (-200, 0, 900, 900)]
)
def test_a_face_at_the_edge_still_gives_a_crop(
    box: tuple[float, float, float, float],
) -> None:
    assert cut(marked(), at(box), CropSpec(margin=0.4)).shape == (96, 96)


def test_a_face_without_landmarks_is_cut_upright() -> None:
    face = Detection((150, 150, 100, 100), 0.9, None)
    assert white_share(cut(marked(), face, CropSpec())) == pytest.approx(1, abs=0.03)


def test_a_ready_crop_is_only_resized() -> None:
    assert white_share(whole(marked(200), 32)) == pytest.approx(0.25, abs=0.02)
    assert whole(marked(200), 32).shape == (32, 32)
