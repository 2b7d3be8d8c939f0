import dataclasses
import functools
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from inference.errors import DataError
from inference.training import batches, schedule, start
from inference.training.architectures import ARCHITECTURES, architecture
from inference.training.backbones import (
    backbone,
    load_pretrained,
    own_layers,
    se_resnet50,
)
from inference.training.data import for_training
from inference.training.fit import RUN, FitConfig, fit, learning_rate
from inference.training.train import config_for, train
from tests.inference.shared import blobs

# Tracing would take longer than the tests, and inference.training is not measured.
pytestmark = pytest.mark.no_cover

SMALL = 48  # backbones are built at this size here: the shape of their weights is own

# Trainable and other weights as published, with the number of classes they are for;
# of backbones those of keras.applications without the top.
PARAMETERS = {"lenet": (10, 61_706), "manuelnet": (4, 3_747_200 + 9216 * 4 + 4)}
BACKBONES = {
    "vgg16": 14_714_688,
    "mobilenet": 3_228_864,
    "resnet50": 23_587_712,
    "resnet50v2": 23_564_800,
}
BLOCK = ["Conv2D", "BatchNormalization"]


def config_of(name: str) -> FitConfig:
    return config_for(name, size=SMALL if architecture(name).pretrained else None)


@functools.cache
def built(name: str) -> Any:
    config = config_of(name)
    return architecture(name).build(config.inputs, config.classes)


def kinds(name: str) -> list[str]:
    return [type(layer).__name__ for layer in built(name).layers]


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_its_answers_sum_to_one(name: str) -> None:
    config = config_of(name)
    out = batches.predict(built(name), blobs(2), config.inputs)
    assert out.shape == (2, architecture(name).classes)
    assert out.sum(axis=1) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_it_names_its_source(name: str) -> None:
    assert len(architecture(name).source) > 10


def test_the_dcnn_is_the_papers_network() -> None:
    block = ["Conv2D", "MaxPooling2D", "Dropout"]
    assert kinds("dcnn") == [*block, *block, "Flatten", "Dense", "Dense"]


def test_the_dcnn_takes_32_by_32_colour_and_answers_five_classes() -> None:
    model = built("dcnn")
    assert model.input_shape == (None, 32, 32, 3)
    assert model.output_shape == (None, 5)
    assert model.count_params() * 4 < 3.2e6


def test_the_seresnet_is_small() -> None:
    assert built("seresnet").count_params() == pytest.approx(0.7e6, rel=0.05)


def test_an_unknown_architecture_names_the_known_ones() -> None:
    with pytest.raises(DataError, match="known: .*dcnn"):
        architecture("hal-9000")


@pytest.mark.parametrize("name", PARAMETERS)
def test_it_has_the_published_number_of_parameters(name: str) -> None:
    classes, count = PARAMETERS[name]
    arch = architecture(name)
    assert arch.build(arch.inputs, classes).count_params() == count


@pytest.mark.parametrize("name", BACKBONES)
def test_its_backbone_is_the_published_one(name: str) -> None:
    layers = own_layers(built(name))
    assert sum(layer.count_params() for layer in layers) == BACKBONES[name]


def test_the_senet50_is_the_published_one() -> None:
    model = se_resnet50(keras.Input((SMALL, SMALL, 3)))
    trainable = sum(int(np.prod(w.shape)) for w in model.trainable_weights)
    assert trainable + 2048 * 1000 + 1000 == 28_088_024


def test_manuelnet_is_the_listed_sequence() -> None:
    model = built("manuelnet")
    assert model.input_shape == (None, 227, 227, 3)
    convs = [one for one in model.layers if isinstance(one, keras.layers.Conv2D)]
    assert [(c.filters, c.kernel_size[0], c.strides[0]) for c in convs] == [
        (96, 11, 4),
        (256, 5, 1),
        (384, 3, 1),
        (384, 3, 1),
        (256, 3, 1),
    ]
    assert kinds("manuelnet")[-4:] == ["MaxPooling2D", "Dropout", "Flatten", "Dense"]


def test_deepfer_is_the_listed_sequence() -> None:
    stage = [*BLOCK, *BLOCK, "MaxPooling2D", "Dropout"]
    head = ["Flatten", "Dense", "BatchNormalization", "Dropout", "Dense"]
    assert kinds("deepfer") == [*stage * 3, *head]
    convs = [one for one in built("deepfer").layers if hasattr(one, "kernel_size")]
    assert [conv.filters for conv in convs] == [32, 64, 128, 128, 256, 256]
    assert config_of("deepfer").learning_rate == 1e-4


def test_the_baseline_is_the_listed_sequence() -> None:
    stage = [*BLOCK, *BLOCK, "MaxPooling2D"]
    assert kinds("baseline")[:10] == [*stage, *stage]
    convs = [one for one in built("baseline").layers if hasattr(one, "kernel_size")]
    assert [conv.filters for conv in convs] == [32] * 4


def test_a_resnet50_of_eight_classes_is_to_be_had_by_name_or_by_option() -> None:
    assert config_for("resnet50-8").classes == 8
    assert config_for("resnet50", classes=8).classes == 8


def test_the_plateau_lowers_the_rate_after_eight_epochs_without_a_better_loss() -> None:
    assert schedule.plateau([1.0, *[2.0] * 7]) == 1.0
    assert schedule.plateau([1.0, *[2.0] * 8]) == 0.8
    assert schedule.plateau([1.0, *[2.0] * 8, 0.5, *[1.0] * 8]) == pytest.approx(0.64)
    assert schedule.plateau([1.0] * 500) == schedule.LOWEST


def test_the_schedule_is_the_architectures() -> None:
    still = FitConfig(arch="baseline", epochs=10, learning_rate=1.0)
    assert learning_rate(still, 9, [1.0] * 9) == 1.0
    assert learning_rate(config_for("deepfer"), 9, [1.0] * 9) == pytest.approx(0.8e-4)


def test_the_head_learns_first_then_ever_more_of_the_backbone() -> None:
    phases = architecture("mobilenet").phases
    found = [schedule.phase_of(phases, epoch) for epoch in (0, 4, 5, 10, 15, 99)]
    shares = [phase.unfrozen for phase in found if phase]
    assert shares == [0.0, 0.0, 0.25, 0.5, 1.0, 1.0]
    assert found[0].rate > found[2].rate > found[5].rate  # type: ignore[union-attr]
    assert schedule.phase_of((), 3) is None


def trainable(model: Any) -> int:
    """How many layers of the backbone have weights that learn."""
    return sum(bool(layer.trainable_weights) for layer in own_layers(model))


def test_freezing_leaves_the_head_and_the_share_asked_for() -> None:
    config = config_of("mobilenet")
    model = architecture("mobilenet").build(config.inputs, config.classes)
    start.freeze(model, 0.0)
    assert trainable(model) == 0
    assert model.layers[-1].trainable
    start.freeze(model, 0.5)
    assert 0 < trainable(model) <= len(own_layers(model)) / 2


@pytest.fixture(scope="module")
def pretrained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of MobileNet weights without top, as one downloads it."""
    path = tmp_path_factory.mktemp("weights") / "mobilenet_no_top.weights.h5"
    keras.utils.set_random_seed(5)
    backbone("mobilenet", keras.Input((SMALL, SMALL, 3))).save_weights(path)
    return path


def test_a_weights_file_fills_the_backbone(pretrained: Path) -> None:
    config = config_of("mobilenet")
    models = [
        architecture("mobilenet").build(config.inputs, config.classes) for _ in "ab"
    ]
    for model in models:
        load_pretrained(model, str(pretrained))
    one, two = (own_layers(model)[1].get_weights()[0] for model in models)
    assert (one == two).all()


def test_a_pretrained_training_keeps_what_is_frozen_when_it_goes_on(
    pretrained: Path, tiny_csv: Path, tmp_path: Path
) -> None:
    config = config_for(
        "mobilenet", size=SMALL, weights=str(pretrained), epochs=1, batch_size=20
    )
    data = for_training(tiny_csv, config.asked)
    fit(data, tmp_path, config)
    more = dataclasses.replace(config, epochs=2)
    assert fit(data, tmp_path, more, resume=True).epoch == 2
    last = start.load_last(tmp_path / RUN)
    assert trainable(last) == 0
    source = backbone("mobilenet", keras.Input((SMALL, SMALL, 3)))
    source.load_weights(pretrained)
    kept = own_layers(last)[1].get_weights()[0]
    assert (kept == source.layers[1].get_weights()[0]).all()


def test_weights_of_another_backbone_are_refused(pretrained: Path) -> None:
    with pytest.raises(DataError, match="vgg16 without its top"):
        load_pretrained(built("vgg16"), str(pretrained))


def test_a_missing_weights_file_is_named() -> None:
    with pytest.raises(DataError, match="no such file"):
        load_pretrained(built("mobilenet"), "nowhere.h5")


def test_imagenet_weights_that_cannot_be_had_say_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def offline(*args: object, **kwargs: object) -> None:
        raise Exception("URL fetch failure")

    monkeypatch.setattr(keras.applications, "MobileNet", offline)
    with pytest.raises(DataError, match="--weights PATH"):
        load_pretrained(built("mobilenet"), "imagenet")


def test_only_backbones_take_imagenet_weights(tiny_csv: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no pretrained backbone"):
        train(tiny_csv, tmp_path / "m", config_for("dcnn", weights="imagenet"))
    assert not (tmp_path / "m").exists()
