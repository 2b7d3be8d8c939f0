"""Networks that `manage.py train --arch NAME` can build.

Each entry is a small function from the options to a Keras model that ends in a
softmax, with the preprocessing, the classes and the way of learning it was published
with. Only the backend-neutral Keras API is used. `papers` and `backbones` hold the
networks of others, this module our own and the register.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from inference.crop import CROP_SIDE
from inference.errors import DataError
from inference.preprocess import InputSpec
from inference.training import backbones, papers
from inference.training.augment import Augmentation
from inference.training.schedule import Phase, Schedule

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
    classes, learning_rate, batch_size, patience: used where no others are asked for.
    phases: what is frozen when; for pretrained backbones only. pretrained: whether
    ImageNet weights are to be had for it.
    """

    build: Callable[[InputSpec, int], keras.Model]
    inputs: InputSpec
    work_side: int
    source: str
    optimizer: Callable[[float], keras.optimizers.Optimizer] = adam
    augmentation: Augmentation = Augmentation()
    classes: int = 5
    learning_rate: float = 1e-3
    batch_size: int = 64
    patience: int = 10
    schedule: Schedule = "cosine"
    phases: tuple[Phase, ...] = ()

    @property
    def pretrained(self) -> bool:
        return bool(self.phases)


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


def build_seresnet14(inputs: InputSpec, classes: int = 5) -> keras.Model:
    """The seresnet with one more block, of 256 filters: 1.6 million parameters."""
    import keras

    entry = keras.Input((inputs.size, inputs.size, inputs.channels))
    x = _conv(entry, 32)
    for width, stride in ((32, 2), (64, 2), (64, 1), (128, 2), (128, 1), (256, 2)):
        x = _residual(x, width, stride)
    return keras.Model(entry, _head(x, classes), name="seresnet14")


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
BROADER = replace(BROAD, aspect=1.4, zoom=(0.85, 1.3), shift=0.09)

# As published: mirror, rotation, zoom and shift by a tenth, brightness, contrast.
PUBLISHED = Augmentation(zoom=(0.9, 1.1), shift=0.1, aspect=1.0)

SHARMILA = 'Sharmila et al., "Image Emotion Classification using deep learning"'
SHETH = 'Sheth et al., "Emotion Recognition using Machine Learning"'
VARGHESE = 'Varghese, "DeepFER"'
BELHEKAR = 'Belhekar et al., "Emotion Detection Using Deep Learning"'
RESIDUAL = "He et al. 2016, arXiv 1512.03385; Hu et al. 2018, arXiv 1709.01507"

SCALED = InputSpec(size=48, channels=1, standardise="fixed")  # gray levels in [0, 1]
# What the weights of keras.applications were trained on, in its own words: "caffe"
# (blue first, less ImageNet's means) and "tf" ([-1, 1]).
CAFFE = InputSpec(
    size=224,
    standardise="fixed",
    scale=1.0,
    means=(103.939, 116.779, 123.68),
    order="bgr",
)
MINUS_ONE_TO_ONE = InputSpec(
    size=224, standardise="fixed", scale=1 / 127.5, offset=-1.0
)
# The head first, then ever more of the backbone at ever lower rates.
GRADUAL = (
    Phase(epochs=5, unfrozen=0.0),
    Phase(epochs=5, unfrozen=0.25, rate=0.1),
    Phase(epochs=5, unfrozen=0.5, rate=0.1),
    Phase(epochs=0, unfrozen=1.0, rate=0.02),
)

RESNET50 = Architecture(
    build=backbones.build_resnet50,
    inputs=CAFFE,
    work_side=CROP_SIDE,
    source=f"{SHETH}; He et al. 2016, arXiv 1512.03385",
    augmentation=PUBLISHED,
    classes=7,
    learning_rate=1e-4,
    batch_size=32,
    phases=GRADUAL,
)
DEEPFER = Architecture(
    build=papers.build_deepfer,
    inputs=SCALED,
    work_side=48,
    source=VARGHESE,
    augmentation=PUBLISHED,
    classes=7,
    learning_rate=1e-4,
    schedule="plateau",
)

SERESNET = Architecture(
    build=build_seresnet,
    inputs=InputSpec(size=48, channels=1),
    work_side=48,
    source=RESIDUAL,
    optimizer=adamw,
    augmentation=BROAD,
)

ARCHITECTURES: dict[str, Architecture] = {
    "dcnn": Architecture(
        build=papers.build_dcnn,
        inputs=InputSpec(size=32, channels=3),
        work_side=48,
        source='Akhila et al., "Facial Emotion Recognition Using Deep Learning"',
    ),
    "lenet": Architecture(
        build=papers.build_lenet,
        inputs=replace(SCALED, size=32),
        work_side=48,
        source=f"LeCun et al. 1998; {SHARMILA}",
        augmentation=PUBLISHED,
        classes=4,
    ),
    "manuelnet": Architecture(
        build=papers.build_manuelnet,
        inputs=replace(SCALED, size=227, channels=3, colour="rgb"),
        work_side=CROP_SIDE,
        source=SHARMILA,
        augmentation=PUBLISHED,
        classes=4,
        learning_rate=1e-4,
    ),
    "deepfer": DEEPFER,
    "resnet50v2": replace(
        DEEPFER,
        build=backbones.build_resnet50v2,
        inputs=MINUS_ONE_TO_ONE,
        work_side=CROP_SIDE,
        learning_rate=1e-3,
        batch_size=32,
        patience=7,
        schedule="constant",
        phases=GRADUAL,
    ),
    "baseline": replace(
        DEEPFER,
        build=papers.build_baseline,
        source=SHETH,
        learning_rate=1e-3,
        schedule="constant",
    ),
    "fivelayer": replace(
        DEEPFER,
        build=papers.build_fivelayer,
        source=f"{SHETH}; Khanzada et al. 2020, arXiv 2004.11823",
        learning_rate=1e-3,
        schedule="constant",
    ),
    "vgg16": replace(
        RESNET50,
        build=backbones.build_vgg16,
        source=f"{SHETH}; Simonyan, Zisserman 2015, arXiv 1409.1556",
    ),
    "mobilenet": replace(
        RESNET50,
        build=backbones.build_mobilenet,
        inputs=MINUS_ONE_TO_ONE,
        source=f"{SHETH}; Howard et al. 2017, arXiv 1704.04861",
        learning_rate=1e-3,
    ),
    "resnet50": RESNET50,
    "resnet50-8": replace(
        RESNET50, source=f"{BELHEKAR}; He et al. 2016, arXiv 1512.03385", classes=8
    ),
    "senet50": replace(
        RESNET50,
        build=backbones.build_senet50,
        source=f"{SHETH}; Hu et al. 2018, arXiv 1709.01507",
    ),
    "seresnet": SERESNET,
    "seresnet13": replace(SERESNET, build=build_seresnet13, augmentation=BROADER),
    "seresnet14": replace(SERESNET, build=build_seresnet14, augmentation=BROADER),
}


def architecture(name: str) -> Architecture:
    """The registered architecture; raises DataError naming the known ones."""
    try:
        return ARCHITECTURES[name]
    except KeyError:
        known = ", ".join(sorted(ARCHITECTURES))
        raise DataError(f"unknown architecture {name!r}; known: {known}") from None
