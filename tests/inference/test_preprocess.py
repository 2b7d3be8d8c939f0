import numpy as np
import pytest

from inference.preprocess import InputSpec, to_tensor
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
