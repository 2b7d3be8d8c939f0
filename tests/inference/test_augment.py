import dataclasses

import numpy as np
import pytest

from inference.training.augment import DAMAGES, Augmentation, augment
from tests.inference.shared import blobs

STILL = Augmentation(0, (1, 1), 0, 1, 0, 1, mirror=0)


def test_damage_strikes_as_many_pictures_as_asked() -> None:
    images = blobs(400, seed=3)
    options = dataclasses.replace(STILL, damage=0.3)
    changed = augment(images, options, np.random.default_rng(1))
    struck = (changed != images).any(axis=(1, 2)).mean()
    assert struck == pytest.approx(0.3, abs=0.07)


@pytest.mark.parametrize("kind", DAMAGES, ids=lambda kind: kind[0].__name__)
def test_every_damage_changes_a_picture_at_both_ends(
    kind: tuple[object, float, float],
) -> None:
    from inference.training.corruptions import whole_face

    apply, *strengths = kind
    (crop,) = blobs(1, seed=5)
    for strength in strengths:
        rng = np.random.default_rng(0)
        out = apply(crop, whole_face(crop), strength, rng)  # type: ignore[operator]
        assert out.shape == crop.shape
        assert (out != crop).any()


def test_colour_crops_keep_their_shape() -> None:
    images = np.stack([blobs(6)] * 3, axis=3)
    options = Augmentation(erase=1, coarse=1, damage=1)
    assert augment(images, options, np.random.default_rng(2)).shape == images.shape
