"""Networks on a backbone that others trained on ImageNet, and its weights.

Without pretrained weights they train from nothing, all layers from the first epoch.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from inference.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable

    import keras

    from inference.preprocess import InputSpec

HEAD = "head_"  # what the names of layers on top of a backbone start with
LAST = "emotions"
WEIGHT_FILES = (".h5", ".keras")
# The applications' 0.99 wants thousands of batches before its means are right.
NORM_MOMENTUM = 0.9


def build_vgg16(inputs: InputSpec, classes: int = 7) -> keras.Model:
    """VGG16 (Simonyan, Zisserman 2015, arXiv 1409.1556) as Sheth et al. use it.

    The head that Sheth et al. put on it is not known to us. Dense 4096 and 1024 with
    50 % dropout is that of the notebooks of Khanzada et al. 2020 (arXiv 2004.11823),
    which drop out before the first one, too, and flatten the maps averaged here.
    """
    return _network("vgg16", inputs, _wide_head(classes))


def build_mobilenet(inputs: InputSpec, classes: int = 7) -> keras.Model:
    """MobileNet (Howard et al. 2017, arXiv 1704.04861) as Sheth et al. use it.

    The papers leave its head open; here dropout and softmax on the averaged maps.
    """
    return _network("mobilenet", inputs, _narrow_head(classes))


def build_resnet50(inputs: InputSpec, classes: int = 7) -> keras.Model:
    """ResNet50 (He et al. 2016, arXiv 1512.03385) as Sheth et al. use it.

    With the head of `vgg16`, as in the notebooks of Khanzada et al. 2020, which start
    from weights of faces (keras-vggface) at 197 x 197 pixels.
    """
    return _network("resnet50", inputs, _wide_head(classes))


def build_senet50(inputs: InputSpec, classes: int = 7) -> keras.Model:
    """SE-ResNet50 (Hu et al. 2018, arXiv 1709.01507) with the head of `resnet50`."""
    return _network("senet50", inputs, _wide_head(classes))


def build_resnet50v2(inputs: InputSpec, classes: int = 7) -> keras.Model:
    """ResNet50V2 (He et al. 2016, arXiv 1603.05027) as in Varghese, "DeepFER".

    Global average pooling, dense with batch normalisation and dropout, softmax. Open
    in the paper: the width (256) and the dropout (0.5), here those of its own CNN.
    """
    from keras import layers

    body = [
        layers.Dense(256, activation="relu", name=f"{HEAD}dense"),
        layers.BatchNormalization(name=f"{HEAD}norm", momentum=NORM_MOMENTUM),
        layers.Dropout(0.5, name=f"{HEAD}dropout"),
        _softmax(classes),
    ]
    return _network("resnet50v2", inputs, body)


def _wide_head(classes: int) -> list[Any]:
    from keras import layers

    body: list[Any] = []
    for number, width in enumerate((4096, 1024), start=1):
        name = f"{HEAD}{number}"
        body.append(layers.Dense(width, activation="relu", name=f"{name}_dense"))
        body.append(layers.Dropout(0.5, name=f"{name}_dropout"))
    return [*body, _softmax(classes)]


def _narrow_head(classes: int) -> list[Any]:
    from keras import layers

    return [layers.Dropout(0.5, name=f"{HEAD}dropout"), _softmax(classes)]


def _softmax(classes: int) -> Any:
    from keras import layers

    return layers.Dense(classes, activation="softmax", name=LAST, dtype="float32")


def _network(name: str, inputs: InputSpec, head: list[Any]) -> keras.Model:
    """Backbone, mean over its maps, head; one graph without inner models."""
    import keras

    entry = keras.Input((inputs.size, inputs.size, inputs.channels))
    body = backbone(name, entry)
    for layer in body.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = NORM_MOMENTUM
    out = keras.layers.GlobalAveragePooling2D(name=f"{HEAD}mean")(body.output)
    for layer in head:
        out = layer(out)
    return keras.Model(entry, out, name=name)


def backbone(name: str, entry: Any) -> keras.Model:
    """The convolutions of `name` on the tensor `entry`, with random weights."""
    from keras import applications

    if name == "senet50":
        return se_resnet50(entry)
    known: dict[str, Callable[..., keras.Model]] = {
        "vgg16": applications.VGG16,
        "mobilenet": applications.MobileNet,
        "resnet50": applications.ResNet50,
        "resnet50v2": applications.ResNet50V2,
    }
    return known[name](include_top=False, weights=None, input_tensor=entry)


def se_resnet50(entry: Any) -> keras.Model:
    """ResNet-50 with squeeze-and-excitation of ratio 16 in each block.

    With its usual 1000-class top it has the published 28,088,024 trainable weights.
    """
    import keras
    from keras import layers

    x = layers.ReLU()(_norm_conv(entry, 64, 7, 2))
    x = layers.MaxPooling2D(3, 2, padding="same")(x)
    for stage, (width, blocks) in enumerate(((64, 3), (128, 4), (256, 6), (512, 3))):
        for block in range(blocks):
            x = _se_bottleneck(x, width, 2 if stage and not block else 1)
    return keras.Model(entry, x, name="senet50")


def _norm_conv(x: Any, width: int, size: int, stride: int = 1) -> Any:
    from keras import layers

    x = layers.Conv2D(width, size, stride, padding="same", use_bias=False)(x)
    return layers.BatchNormalization()(x)


def _se_bottleneck(x: Any, width: int, stride: int) -> Any:
    from keras import layers

    branch = layers.ReLU()(_norm_conv(x, width, 1))
    branch = layers.ReLU()(_norm_conv(branch, width, 3, stride))
    branch = _norm_conv(branch, 4 * width, 1)
    weights = layers.GlobalAveragePooling2D(keepdims=True)(branch)
    weights = layers.Conv2D(width // 4, 1, activation="relu")(weights)
    weights = layers.Conv2D(4 * width, 1, activation="sigmoid")(weights)
    branch = layers.Multiply()([branch, weights])
    if stride != 1 or x.shape[-1] != 4 * width:
        x = _norm_conv(x, 4 * width, 1, stride)
    return layers.ReLU()(layers.Add()([x, branch]))


def own_layers(model: keras.Model) -> list[Any]:
    """The layers of the backbone inside a network built here, first to last."""
    return [layer for layer in model.layers if not layer.name.startswith((HEAD, LAST))]


def is_weights_file(weights: str) -> bool:
    return weights.endswith(WEIGHT_FILES)


def load_pretrained(model: keras.Model, weights: str) -> None:
    """Give the backbone inside `model` its weights of ImageNet or of a file.

    weights: "imagenet", or the path of an .h5 or .keras file of the same backbone
    without its top. Raises DataError when they cannot be had.
    """
    theirs = _imagenet(model) if weights == "imagenet" else _of_file(model, weights)
    ours = [weight for layer in own_layers(model) for weight in layer.weights]
    if [tuple(w.shape) for w in ours] != [w.shape for w in theirs]:
        raise DataError(f"{weights} are no weights of {model.name} without its top")
    for weight, value in zip(ours, theirs, strict=True):
        weight.assign(value)


def _imagenet(model: keras.Model) -> list[Any]:
    from keras import applications

    known = {
        "vgg16": applications.VGG16,
        "mobilenet": applications.MobileNet,
        "resnet50": applications.ResNet50,
        "resnet50v2": applications.ResNet50V2,
    }
    how = f"give --weights PATH of an .h5 or .keras file of {model.name} without top"
    if model.name not in known:
        raise DataError(f"keras.applications has no ImageNet weights of it: {how}")
    try:
        source = known[model.name](
            include_top=False, weights="imagenet", input_shape=model.input_shape[1:]
        )
    except Exception as error:  # Keras itself raises nothing more special
        raise DataError(
            f"the ImageNet weights of {model.name} cannot be had ({error}): "
            f"connect to the network once, or {how}"
        ) from error
    weights: list[Any] = source.get_weights()
    return weights


def _of_file(model: keras.Model, weights: str) -> list[Any]:
    """The file's weights, read into a backbone of its own."""
    import keras

    if not Path(weights).is_file():
        raise DataError(f"--weights {weights}: there is no such file")
    try:
        if weights.endswith(".keras"):
            source = keras.models.load_model(weights, compile=False)
        else:
            source = backbone(model.name, keras.Input(model.input_shape[1:]))
            source.load_weights(weights)
    except (ValueError, OSError, KeyError, TypeError) as error:
        raise DataError(
            f"--weights {weights} does not fit {model.name} without its top ({error}):"
            " download the file that ends in notop"
        ) from error
    values: list[Any] = source.get_weights()
    return values
