"""The network that a run begins or goes on with, and which of its layers learn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inference.errors import DataError
from inference.spec import KERAS_FILE, model_folder
from inference.training.architectures import architecture
from inference.training.backbones import is_weights_file, load_pretrained, own_layers
from inference.training.schedule import phase_of

if TYPE_CHECKING:
    from pathlib import Path

    import keras

    from inference.training.fit import FitConfig

LAST = "last.keras"
IMAGENET = "imagenet"


def is_pretrained(weights: str) -> bool:
    """Whether the option names weights of a backbone."""
    return weights == IMAGENET or is_weights_file(weights)


def check_weights(config: FitConfig) -> None:
    """Raises DataError for a backbone's weights where there is no backbone."""
    if is_pretrained(config.weights) and not architecture(config.arch).pretrained:
        raise DataError(
            f"{config.arch} has no pretrained backbone: use --weights none or a model "
            "folder of the same architecture"
        )


def first_model(config: FitConfig) -> keras.Model:
    """A compiled network before its first epoch. Raises DataError."""
    import keras

    check_weights(config)
    keras.config.set_dtype_policy(config.precision)
    try:
        model = architecture(config.arch).build(config.inputs, config.classes)
    except ValueError as error:  # a size that its strides or windows do not fit
        raise DataError(
            f"{config.arch} cannot be built for pictures of {config.inputs.size} "
            f"pixels ({error}): give another --size"
        ) from error
    finally:
        keras.config.set_dtype_policy("float32")
    if is_pretrained(config.weights):
        load_pretrained(model, config.weights)
    elif config.weights != "none":
        warm_start(model, model_folder(config.weights))
    _compile(model, config)
    return model


def _compile(model: keras.Model, config: FitConfig) -> None:
    import keras

    model.compile(
        optimizer=architecture(config.arch).optimizer(config.learning_rate),
        loss=keras.losses.CategoricalCrossentropy(label_smoothing=config.smoothing),
        metrics=["accuracy"],
    )


def load_last(run: Path) -> keras.Model:
    """The network as the last finished epoch left it, with the optimizer's state."""
    import keras

    return keras.models.load_model(run / LAST)


def warm_start(model: keras.Model, folder: Path) -> None:
    """Take over the weights of a trained model of the same shape.

    A last layer for another number of classes keeps its own random weights. Raises
    DataError when any other layer differs.
    """
    import keras

    source = keras.models.load_model(folder / KERAS_FILE, compile=False)
    theirs, ours = source.get_weights(), model.get_weights()
    fits = [a.shape == b.shape for a, b in zip(theirs, ours, strict=False)]
    if len(theirs) != len(ours) or not all(fits[:-2]):
        raise DataError(f"{folder} has another architecture than {model.name}")
    keep = len(ours) if all(fits) else len(ours) - 2
    model.set_weights([*theirs[:keep], *ours[keep:]])


def enter_phase(model: keras.Model, config: FitConfig, epoch: int) -> None:
    """Freeze what the phase that begins with this epoch wants frozen.

    Within a phase nothing is done: a stored network knows what is frozen.
    """
    phase = phase_of(config.phases, epoch)
    if phase is None or (epoch and phase == phase_of(config.phases, epoch - 1)):
        return
    freeze(model, phase.unfrozen)
    _compile(model, config)


def freeze(model: keras.Model, unfrozen: float) -> None:
    """Let the last share of the backbone's layers learn, and the head.

    Batch normalisation stays as pretrained: statistics of small batches spoil it.
    """
    import keras

    layers = own_layers(model)
    first = len(layers) - round(unfrozen * len(layers))
    for number, layer in enumerate(layers):
        norm = isinstance(layer, keras.layers.BatchNormalization)
        layer.trainable = number >= first and not norm
