"""Networks that `manage.py train --arch NAME` can build.

Each entry is a small function from the options to a Keras model that ends in a
softmax over the five emotions, with the preprocessing it was designed for. Only the
backend-neutral Keras API is used.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from inference.errors import DataError
from inference.preprocess import InputSpec
from inference.training.augment import Augmentation

if TYPE_CHECKING:
    from collections.abc import Callable

    import keras


def adam(learning_rate: float) -> keras.optimizers.Optimizer:
    import keras

    return keras.optimizers.Adam(learning_rate)


def adamw(learning_rate: float) -> keras.optimizers.Optimizer:
    """Adam with decoupled weight decay (Loshchilov, Hutter 2019, arXiv 1711.05101)."""
    import keras

    return keras.optimizers.AdamW(learning_rate, weight_decay=0.01)


@dataclass(frozen=True, slots=True)
class Architecture:
    """A network: how to build it, what it eats and how it learns.

    work_side: side in pixels at which training pictures are held and augmented.
    """

    build: Callable[[InputSpec, int], keras.Model]
    inputs: InputSpec
    work_side: int
    source: str
    optimizer: Callable[[float], keras.optimizers.Optimizer] = adam
    augmentation: Augmentation = Augmentation()


def build_dcnn(inputs: InputSpec, classes: int = 5) -> keras.Model:
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
            layers.Dense(classes, activation="softmax", name="emotions"),
        ],
        name="dcnn",
    )


def build_seresnet(inputs: InputSpec, classes: int = 5) -> keras.Model:
    """A small residual network with squeeze-and-excitation, 0.7 million parameters.

    Residual blocks of He et al. 2016 (arXiv 1603.05027 orders them otherwise; here
    batch normalisation follows each convolution, as in arXiv 1512.03385), channel
    attention of Hu et al. 2018 (arXiv 1709.01507), global average pooling.
    """
    import keras

    entry = keras.Input((inputs.size, inputs.size, inputs.channels))
    x = _conv(entry, 32)
    for width, stride in ((32, 2), (64, 2), (64, 1), (128, 2), (128, 1)):
        x = _residual(x, width, stride)
    return keras.Model(entry, _head(x, classes), name="seresnet")


def build_seresnet13(inputs: InputSpec, classes: int = 5) -> keras.Model:
    """Thirteen weighted layers of the same kind, 1.6 million parameters.

    The first convolution has a stride already: at full size its maps cost more memory
    traffic than all the rest. What that saves goes into wide last blocks.
    """
    import keras

    entry = keras.Input((inputs.size, inputs.size, inputs.channels))
    x = _conv(_conv(entry, 32, 2, size=5), 32)
    for width, stride in ((64, 2), (64, 1), (128, 2), (128, 1), (256, 2)):
        x = _residual(x, width, stride)
    return keras.Model(entry, _head(x, classes), name="seresnet13")


def _head(x: Any, classes: int) -> Any:
    """Probabilities from feature maps; in float32 whatever the rest computes in."""
    from keras import layers

    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dropout(0.3)(x)
    return layers.Dense(
        classes, activation="softmax", name="emotions", dtype="float32"
    )(x)


def _conv(x: Any, width: int, stride: int = 1, size: int = 3, act: bool = True) -> Any:
    from keras import layers

    x = layers.Conv2D(width, size, stride, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization(momentum=0.95)(x)
    return layers.ReLU()(x) if act else x


def _residual(x: Any, width: int, stride: int) -> Any:
    from keras import layers

    branch = _conv(_conv(x, width, stride), width, act=False)
    weights = layers.GlobalAveragePooling2D(keepdims=True)(branch)
    weights = layers.Conv2D(width // 8, 1, activation="relu")(weights)
    weights = layers.Conv2D(width, 1, activation="sigmoid")(weights)
    branch = layers.Multiply()([branch, weights])
    if stride != 1 or x.shape[-1] != width:
        x = _conv(x, width, stride, size=1, act=False)
    return layers.ReLU()(layers.Add()([x, branch]))


# The frames of other detectors and cameras differ more from each other than those of
# FER2013: in what they cut off, in proportion and in the size of the face.
BROAD = Augmentation(
    rotation=14.0,
    zoom=(0.85, 1.28),
    shift=0.08,
    aspect=1.3,
    contrast=1.4,
    erase=0.25,
    coarse=0.3,
)

ARCHITECTURES: dict[str, Architecture] = {
    "dcnn": Architecture(
        build=build_dcnn,
        inputs=InputSpec(size=32, channels=3),
        work_side=48,
        source='Akhila et al., "Facial Emotion Recognition Using Deep Learning"',
    ),
    "seresnet": Architecture(
        build=build_seresnet,
        inputs=InputSpec(size=48, channels=1),
        work_side=48,
        source="He et al. 2016, arXiv 1512.03385; Hu et al. 2018, arXiv 1709.01507",
        optimizer=adamw,
        augmentation=BROAD,
    ),
    "seresnet13": Architecture(
        build=build_seresnet13,
        inputs=InputSpec(size=48, channels=1),
        work_side=48,
        source="He et al. 2016, arXiv 1512.03385; Hu et al. 2018, arXiv 1709.01507",
        optimizer=adamw,
        augmentation=replace(BROAD, aspect=1.4, zoom=(0.85, 1.3), shift=0.09),
    ),
}


def architecture(name: str) -> Architecture:
    """The registered architecture; raises DataError naming the known ones."""
    try:
        return ARCHITECTURES[name]
    except KeyError:
        known = ", ".join(sorted(ARCHITECTURES))
        raise DataError(f"unknown architecture {name!r}; known: {known}") from None
