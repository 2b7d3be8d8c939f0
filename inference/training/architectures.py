"""Networks that `manage.py train --arch NAME` can build.

Each entry is a small function from the options to a Keras model that ends in a
softmax over the five emotions, with the preprocessing it was designed for. Only the
backend-neutral Keras API is used.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from inference.errors import DataError
from inference.preprocess import InputSpec
from inference.types import EMOTIONS

if TYPE_CHECKING:
    from collections.abc import Callable

    import keras


@dataclass(frozen=True, slots=True)
class Architecture:
    """A network: how to build it and what it eats.

    work_side: side in pixels at which training pictures are held and augmented.
    """

    build: Callable[[InputSpec], keras.Model]
    inputs: InputSpec
    work_side: int
    source: str


def build_dcnn(inputs: InputSpec) -> keras.Model:
    """The DCNN of Akhila et al., "Facial Emotion Recognition Using Deep Learning".

    Two convolutions, each with ReLU, 2x2 max pooling and dropout; flatten; dense;
    softmax over five classes. The paper leaves filter counts, kernels and dropout
    rates open; these were chosen on FER2013's PublicTest (docs/models.md).
    """
    import keras
    from keras import layers

    return keras.Sequential(
        [
            keras.Input((inputs.size, inputs.size, inputs.channels)),
            layers.Conv2D(48, 5, padding="same", activation="relu", name="conv1"),
            layers.MaxPooling2D(2),
            layers.Dropout(0.1),
            layers.Conv2D(128, 3, padding="same", activation="relu", name="conv2"),
            layers.MaxPooling2D(2),
            layers.Dropout(0.2),
            layers.Flatten(),
            layers.Dense(80, activation="relu", name="dense"),
            layers.Dense(len(EMOTIONS), activation="softmax", name="emotions"),
        ],
        name="dcnn",
    )


ARCHITECTURES: dict[str, Architecture] = {
    "dcnn": Architecture(
        build=build_dcnn,
        inputs=InputSpec(size=32, channels=3),
        work_side=48,
        source='Akhila et al., "Facial Emotion Recognition Using Deep Learning"',
    ),
}


def architecture(name: str) -> Architecture:
    """The registered architecture; raises DataError naming the known ones."""
    try:
        return ARCHITECTURES[name]
    except KeyError:
        known = ", ".join(sorted(ARCHITECTURES))
        raise DataError(f"unknown architecture {name!r}; known: {known}") from None
