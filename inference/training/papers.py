"""Networks as papers on this task print them, small enough to train from nothing.

What a paper leaves open is said in the docstring, with the choice made here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras

    from inference.preprocess import InputSpec


def build_dcnn(inputs: InputSpec, classes: int = 5) -> keras.Model:
    """The DCNN of Akhila et al., "Facial Emotion Recognition Using Deep Learning".

    Two convolutions, each with ReLU, 2x2 max pooling and dropout; flatten; dense;
    softmax over five classes. The paper leaves filter counts, kernels and dropout
    rates open; these were chosen on FER2013's PublicTest (docs/models.md).
    """
    from keras import layers

    return sequence(
        "dcnn",
        inputs,
        classes,
        [
            layers.Conv2D(48, 5, padding="same", activation="relu", name="conv1"),
            layers.MaxPooling2D(2),
            layers.Dropout(0.1),
            layers.Conv2D(128, 3, padding="same", activation="relu", name="conv2"),
            layers.MaxPooling2D(2),
            layers.Dropout(0.2),
            layers.Flatten(),
            layers.Dense(80, activation="relu", name="dense"),
        ],
    )


def build_lenet(inputs: InputSpec, classes: int = 4) -> keras.Model:
    """LeNet-5 (LeCun et al. 1998, "Gradient-Based Learning Applied to Document
    Recognition"), which Sharmila et al. compare with.

    Here, as usual today, the third layer sees all maps of the second and a softmax
    replaces the radial basis functions: 61,706 parameters for ten classes.
    """
    from keras import layers

    return sequence(
        "lenet",
        inputs,
        classes,
        [
            layers.Conv2D(6, 5, activation="tanh"),
            layers.AveragePooling2D(2),
            layers.Conv2D(16, 5, activation="tanh"),
            layers.AveragePooling2D(2),
            layers.Flatten(),
            layers.Dense(120, activation="tanh"),
            layers.Dense(84, activation="tanh"),
        ],
    )


def build_manuelnet(inputs: InputSpec, classes: int = 4) -> keras.Model:
    """ManuelNet of Sharmila et al., "Image Emotion Classification using deep learning".

    AlexNet (Krizhevsky et al. 2012) without its groups and its wide dense layers:
    227x227x3; 96 11x11/4; pool 3/2; 256 5x5 pad 2; pool; 384 3x3; 384 3x3; 256 3x3;
    pool; dropout 0.5; softmax over happy, neutral, sad ("cry") and angry.
    """
    from keras import layers

    return sequence(
        "manuelnet",
        inputs,
        classes,
        [
            layers.Conv2D(96, 11, 4, activation="relu"),
            layers.MaxPooling2D(3, 2),
            layers.Conv2D(256, 5, padding="same", activation="relu"),
            layers.MaxPooling2D(3, 2),
            layers.Conv2D(384, 3, padding="same", activation="relu"),
            layers.Conv2D(384, 3, padding="same", activation="relu"),
            layers.Conv2D(256, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(3, 2),
            layers.Dropout(0.5),
            layers.Flatten(),
        ],
    )


def build_deepfer(inputs: InputSpec, classes: int = 7) -> keras.Model:
    """The custom network of Varghese, "DeepFER".

    48x48 gray; 3x3 convolutions with batch normalisation: 32, 64, pool, dropout 0.25;
    128, 128, pool, dropout; 256, 256, pool, dropout; dense 256 with batch
    normalisation and dropout 0.5. Open in the paper: padding (same here), and that
    the normalisation follows the ReLU.
    """
    from keras import layers

    body: list[Any] = []
    for pair in ((32, 64), (128, 128), (256, 256)):
        for width in pair:
            body.append(layers.Conv2D(width, 3, padding="same", activation="relu"))
            body.append(layers.BatchNormalization())
        body += [layers.MaxPooling2D(2), layers.Dropout(0.25)]
    body += [layers.Flatten(), layers.Dense(256, activation="relu")]
    body += [layers.BatchNormalization(), layers.Dropout(0.5)]
    return sequence("deepfer", inputs, classes, body)


def build_baseline(inputs: InputSpec, classes: int = 7) -> keras.Model:
    """The baseline of Sheth et al., "Emotion Recognition using Machine Learning".

    Four same-padded convolutions 3x3x32 with ReLU and batch normalisation, 2x2
    pooling after the second and the fourth, 50 % dropout. Open in the paper: the
    width of the dense layer (128 here).
    """
    from keras import layers

    body: list[Any] = []
    for number in (1, 2, 3, 4):
        body.append(layers.Conv2D(32, 3, padding="same", activation="relu"))
        body.append(layers.BatchNormalization())
        body += [layers.MaxPooling2D(2)] if number % 2 == 0 else []
    body += [layers.Flatten(), layers.Dropout(0.5)]
    body += [layers.Dense(128, activation="relu"), layers.Dropout(0.5)]
    return sequence("baseline", inputs, classes, body)


def build_fivelayer(inputs: InputSpec, classes: int = 7) -> keras.Model:
    """The five-layer network of Sheth et al.

    Three convolutions (32 5x5, 32 5x5, 64 4x4), each with batch normalisation and
    3x3 pooling of stride 2, dense 1024 with 30 % dropout, softmax. The numbers are
    those that the five-layer network of Khanzada et al. 2020 (arXiv 2004.11823), after
    Kim et al. 2016 (CVPR workshops), is described with; the code that its authors
    published does not hold it, so they are not checked. Padding is open (same here).
    """
    from keras import layers

    body: list[Any] = []
    for width, size in ((32, 5), (32, 5), (64, 4)):
        body.append(layers.Conv2D(width, size, padding="same", activation="relu"))
        body += [layers.BatchNormalization(), layers.MaxPooling2D(3, 2)]
    body += [layers.Flatten(), layers.Dense(1024, activation="relu")]
    body += [layers.BatchNormalization(), layers.Dropout(0.3)]
    return sequence("fivelayer", inputs, classes, body)


def sequence(
    name: str, inputs: InputSpec, classes: int, body: list[Any]
) -> keras.Model:
    """`body` between the input of a spec and a softmax in float32."""
    import keras

    head = keras.layers.Dense(
        classes, activation="softmax", name="emotions", dtype="float32"
    )
    entry = keras.Input((inputs.size, inputs.size, inputs.channels))
    return keras.Sequential([entry, *body, head], name=name)
