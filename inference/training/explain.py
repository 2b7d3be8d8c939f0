"""Where a network looks: Grad-CAM and occlusion maps of one face."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from inference.classifier import Classifier
from inference.crop import cut, whole
from inference.decode import decode
from inference.errors import DataError, MissingModel
from inference.preprocess import resize, to_tensor
from inference.spec import KERAS_FILE, load_spec, model_folder
from inference.types import EMOTIONS

if TYPE_CHECKING:
    from pathlib import Path

    import keras

    from inference.arrays import Gray, Rgb, Tensor
    from inference.spec import ModelSpec

METHODS = ("gradcam", "occlusion")
MAP_SIDE = 96
PATCH = 24  # pixels of MAP_SIDE that are covered at once: about an eye or a mouth
STEP = 8


@dataclass(frozen=True)
class Explanation:
    """A face, what the network says and where that comes from.

    crop: (96, 96[, 3]). maps: per method (96, 96), 0 to 1; "gradcam" is relative,
    "occlusion" is the drop in probability. confusion: a sentence about the mistakes
    behind this label, "" when the model has no figures.
    """

    crop: Gray | Rgb
    label: str
    probability: float
    maps: dict[str, Tensor]
    confusion: str


def face_crop(data: bytes, spec: ModelSpec) -> Gray | Rgb | None:
    """The largest face of a picture file as serving cuts it; None without a face.

    Raises UnreadableImage.
    """
    from inference.light import serving_detector

    rgb = decode(data).rgb
    faces = serving_detector().detect(rgb)
    if not faces:
        return None
    largest = max(faces, key=lambda face: face.box[2] * face.box[3])
    return cut(rgb, largest, spec.crop, colour=spec.inputs.is_colour)


def crop_file(path: Path, spec: ModelSpec, *, is_crop: bool) -> Gray | Rgb:
    """The face to explain in a picture file. Raises DataError and UnreadableImage."""
    if not path.is_file():
        raise DataError(f"{path} is not a file")
    data = path.read_bytes()
    if is_crop:
        return whole(decode(data).rgb, MAP_SIDE, colour=spec.inputs.is_colour)
    crop = face_crop(data, spec)
    if crop is None:
        raise DataError(
            f"{path}: no face found; add --crop if the picture is a face crop"
        )
    return crop


class Explainer:
    """Explains faces with one model; the Keras network is loaded once.

    methods: those of METHODS, by default all that the model's files allow.
    """

    def __init__(
        self, model: str | Path, methods: tuple[str, ...] | None = None
    ) -> None:
        folder = model_folder(model)
        if methods is None:
            has_keras = (folder / KERAS_FILE).is_file()
            methods = METHODS if has_keras else ("occlusion",)
        self.spec = load_spec(folder)
        self._classifier = Classifier(folder)
        self._gradcam = GradCam(folder, self.spec) if "gradcam" in methods else None
        self._occlusion = "occlusion" in methods

    def __call__(self, crop: Gray | Rgb) -> Explanation:
        """Explain the most probable class of a face crop (s, s[, 3])."""
        shown = resize(crop[None], MAP_SIDE)
        scores = self._classifier(shown)[0]
        label = int(scores.argmax())
        maps = {}
        if self._gradcam is not None:
            maps["gradcam"] = self._gradcam(shown[0], EMOTIONS[label])
        if self._occlusion:
            maps["occlusion"] = occlusion_map(self._classifier, shown[0], label)
        return Explanation(
            crop=shown[0],
            label=EMOTIONS[label],
            probability=float(scores[label]),
            maps=maps,
            confusion=confusion_caption(self.spec.figures, EMOTIONS[label]),
        )


def occlusion_map(classifier: Classifier, crop: Gray | Rgb, label: int) -> Tensor:
    """How far the probability of `label` falls when a spot is covered, 0 to 1.

    crop: (96, 96[, 3]). A gray square slides over it (Zeiler and Fergus 2014, arXiv
    1311.2901, section 4.2), through serving itself; each pixel gets the mean drop of
    the squares that covered it, rises count as 0.
    """
    places = range(0, MAP_SIDE - PATCH + 1, STEP)
    spots = [(y, x) for y in places for x in places]
    covered = np.repeat(crop[None], len(spots), axis=0)
    for picture, (y, x) in zip(covered, spots, strict=True):
        picture[y : y + PATCH, x : x + PATCH] = round(float(crop.mean()))
    before = classifier(crop[None])[0, label]
    drops = before - classifier(covered)[:, label]
    total, times = np.zeros((2, MAP_SIDE, MAP_SIDE), np.float32)
    for (y, x), drop in zip(spots, drops, strict=True):
        total[y : y + PATCH, x : x + PATCH] += drop
        times[y : y + PATCH, x : x + PATCH] += 1
    mean: Tensor = np.maximum(total / np.maximum(times, 1), 0)
    return mean


class GradCam:
    """Grad-CAM (Selvaraju et al. 2017, arXiv 1610.02391) of a model.keras.

    The last feature map (h, w, c) with h and w above 1 is weighted by the mean
    gradient of the class's score, summed over channels and cut at 0. That of an
    ensemble is the mean of its members' maps, each relative to its own largest value.
    """

    def __init__(self, folder: Path, spec: ModelSpec) -> None:
        import keras

        path = folder / KERAS_FILE
        if not path.is_file():
            raise MissingModel(f"Grad-CAM needs {path}; use --method occlusion")
        self._spec = spec
        model = keras.models.load_model(path, compile=False)
        members = [one for one in model.layers if isinstance(one, keras.Model)]
        self._networks = [_Network(one) for one in members or [model]]

    def __call__(self, crop: Gray | Rgb, emotion: str) -> Tensor:
        """The map (96, 96) of a crop (s, s[, 3]), its largest value 1 (or all 0)."""
        from inference.training.ensemble import as_member_takes

        label = self._spec.classes.index(emotion)
        tensor = to_tensor(crop[None], self._spec.inputs)
        heats = [
            one.heat(as_member_takes(tensor, *one.shape), label)
            for one in self._networks
        ]
        return _relative(np.mean(heats, axis=0))


class _Network:
    """One network, cut in two at its last feature map."""

    def __init__(self, network: keras.Model) -> None:
        import keras

        model = as_graph(network)
        self.shape: tuple[int, int] = model.input_shape[2:]
        self._head = model.layers[-1]
        self._linear = _is_dense_softmax(self._head)
        features = feature_map(model)
        self._before = keras.Model(model.inputs[0], features)
        last = self._head.input if self._linear else model.output
        self._after = keras.Model(features, last)

    def heat(self, tensor: Any, label: int) -> Tensor:
        """Grad-CAM (96, 96) of a prepared picture (1, s, s, c), largest value 1."""
        import cv2
        import tensorflow as tf

        features = self._before(tensor, training=False)
        with tf.GradientTape() as tape:
            tape.watch(features)
            score = self._score(self._after(features, training=False), label)
        gradient = tape.gradient(score, features)
        weights = tf.reduce_mean(gradient, axis=(1, 2), keepdims=True)
        heat = tf.nn.relu(tf.reduce_sum(weights * features, axis=-1))[0].numpy()
        side = (MAP_SIDE, MAP_SIDE)
        return _relative(cv2.resize(heat, side, interpolation=cv2.INTER_CUBIC))

    def _score(self, last: Any, label: int) -> Any:
        """The class's logit, or the logarithm of its probability."""
        import tensorflow as tf

        if self._linear:
            kernel, bias = self._head.kernel, self._head.bias
            return tf.tensordot(last, kernel[:, label], axes=1) + bias[label]
        return tf.math.log(last[:, label] + 1e-12)


def _relative(heat: Tensor) -> Tensor:
    """Cut at 0, the largest value 1 (or all 0)."""
    relative: Tensor = np.clip(heat / max(float(heat.max()), 1e-9), 0, 1)
    return relative


def _is_dense_softmax(layer: Any) -> bool:
    import keras

    return (
        isinstance(layer, keras.layers.Dense)
        and layer.activation is keras.activations.softmax
        and layer.use_bias
    )


def as_graph(model: keras.Model) -> keras.Model:
    """A sequential model as a functional one; its layers know of several graphs."""
    import keras

    if not isinstance(model, keras.Sequential):
        return model
    copies = [layer.__class__.from_config(layer.get_config()) for layer in model.layers]
    entry = out = keras.Input(model.input_shape[1:])
    for layer in copies:
        out = layer(out)
    graph = keras.Model(entry, out)
    graph.set_weights(model.get_weights())
    return graph


def feature_map(model: keras.Model) -> Any:
    """The output of the last layer with several rows and columns.

    Raises MissingModel for a network without one.
    """
    for layer in reversed(model.layers[1:]):
        shape: tuple[Any, ...] = getattr(getattr(layer, "output", None), "shape", ())
        if len(shape) == 4 and (shape[1] or 0) > 1 and (shape[2] or 0) > 1:
            return layer.output
    raise MissingModel("this network has no feature map; use --method occlusion")


def confusion_caption(figures: dict[str, Any], label: str) -> str:
    """What pictures that the model calls `label` wrongly show most often.

    Taken from the largest measurement in the model's spec, from the one that chose
    it (validation) only where there is no other.
    """
    measured = {
        t: one for t, one in figures.items() if label in one.get("per_class", ())
    }
    if not measured:
        return ""
    title = max(measured, key=lambda t: (t != "validation", measured[t]["n"]))
    names = list(measured[title]["per_class"])
    called = np.array(measured[title]["confusion"], float)[:, names.index(label)]
    if called.sum() == 0:
        return ""
    shares = called / called.sum()
    own = names.index(label)
    others = np.where(np.arange(len(names)) == own, -1, shares)
    other = int(others.argmax())
    return (
        f'of 100 faces called "{label}", {round(100 * shares[own])} were; '
        f"{round(100 * shares[other])} were {names[other]} ({title})"
    )
