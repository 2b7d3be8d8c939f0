import dataclasses
import json
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from inference.errors import DataError
from inference.preprocess import InputSpec
from inference.spec import load_spec
from inference.training import batches, fit
from inference.training.architectures import architecture
from inference.training.augment import Augmentation, augment
from inference.training.budget import Budget
from inference.training.data import Dataset, Part, for_training
from inference.training.export import adjust_logits
from inference.training.options import command_line
from inference.training.train import config_for, train
from tests.inference.conftest import TINY
from tests.inference.shared import blobs

# Tracing would take longer than the tests, and inference.training is not measured.
pytestmark = pytest.mark.no_cover


def test_augmentation_changes_pictures_but_depends_on_the_seed_only() -> None:
    images = blobs(6)
    one, two = (
        augment(images, Augmentation(), np.random.default_rng(5)) for _ in range(2)
    )
    assert (one == two).all()
    assert (one != images).any(axis=(1, 2)).all()


def test_augmentation_of_no_range_only_mirrors() -> None:
    still = Augmentation(0, (1, 1), 0, 1, 0, 1, mirror=1)
    images = blobs(4)
    changed = augment(images, still, np.random.default_rng(0))
    assert (changed == images[:, :, ::-1]).all()


STILL = Augmentation(0, (1, 1), 0, 1, 0, 1, mirror=0)


def test_erasing_leaves_a_rectangle_of_one_gray() -> None:
    images = blobs(4)
    options = dataclasses.replace(STILL, erase=1)
    changed = augment(images, options, np.random.default_rng(0))
    for before, after in zip(images, changed, strict=True):
        share = (before != after).mean()
        assert 0 < share <= 0.21
        assert len(np.unique(after[before != after])) == 1


def test_a_coarse_picture_loses_its_detail() -> None:
    images = np.random.default_rng(1).integers(0, 255, (4, 48, 48), dtype=np.uint8)
    options = dataclasses.replace(STILL, coarse=1, coarse_side=(16, 17))
    changed = augment(images, options, np.random.default_rng(0))
    assert (changed.std(axis=(1, 2)) < images.std(axis=(1, 2)) / 2).all()


def test_class_weights_lift_rare_classes_and_average_one() -> None:
    targets = np.eye(5, dtype=np.float32)[[0, 1, 1, 1, 1, 2, 2, 3, 4]]
    part = Part(blobs(9), targets)
    weights = fit.class_weights(part, 1.0)
    assert weights[0] == pytest.approx(4 * weights[1])
    assert (targets @ weights).mean() == pytest.approx(1)
    assert fit.class_weights(part, 0.0) == pytest.approx(1)


def test_training_writes_a_folder_that_serving_reads(tiny_model: Path) -> None:
    spec = load_spec(tiny_model)
    assert spec.name == "tiny-1"
    assert spec.data["sizes"] == {"train": 40, "validation": 40, "test": 40}
    assert spec.figures["validation"]["n"] == 40
    card = (tiny_model / "card.md").read_text()
    assert "manage.py train --arch dcnn" in card
    assert "research data set" in card


def test_the_record_has_every_epoch(tiny_model: Path) -> None:
    record = json.loads((tiny_model / "record.json").read_text())
    assert [row["epoch"] for row in record["history"]] == [1]
    assert record["temperature"] > 0


class Interrupted(Exception):
    pass


def test_an_interrupted_training_resumes_where_it_was(
    tiny_csv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = dataclasses.replace(TINY, epochs=3)
    real, epochs = batches.epoch_batches, []

    def stop_in_the_second_epoch(*args: object) -> object:
        epochs.append(args[-1])
        if len(epochs) == 2:
            raise Interrupted
        return real(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(batches, "epoch_batches", stop_in_the_second_epoch)
    with pytest.raises(Interrupted):
        train(tiny_csv, tmp_path / "m", config)
    trained = train(tiny_csv, tmp_path / "m", config, resume=True)
    assert epochs == [0, 1, 1, 2]
    assert [row["epoch"] for row in trained.progress.history] == [1, 2, 3]


def tiny_dataset(tiny_csv: Path) -> Dataset:
    return for_training(tiny_csv)


def test_a_finished_training_is_not_repeated(tiny_csv: Path, tmp_path: Path) -> None:
    data = tiny_dataset(tiny_csv)
    first = fit.fit(data, tmp_path, TINY)
    assert fit.fit(data, tmp_path, TINY, resume=True) == first


def test_it_refuses_to_overwrite_a_run(tiny_csv: Path, tmp_path: Path) -> None:
    data = tiny_dataset(tiny_csv)
    fit.fit(data, tmp_path, TINY)
    with pytest.raises(DataError, match="--resume"):
        fit.fit(data, tmp_path, TINY)
    with pytest.raises(DataError, match="other options"):
        fit.fit(data, tmp_path, dataclasses.replace(TINY, seed=8), resume=True)


def test_training_stops_when_validation_gets_no_better() -> None:
    progress = fit.Progress({}, {}, epoch=12, best_epoch=2)
    assert progress.stale(10)
    assert not progress.stale(11)


def test_the_learning_rate_falls_to_a_hundredth() -> None:
    config = fit.FitConfig(epochs=10)
    rates = [fit.learning_rate(config, epoch) for epoch in range(10)]
    assert rates == sorted(rates, reverse=True)
    assert rates[0] == config.learning_rate
    assert fit.learning_rate(config, 10) == pytest.approx(config.learning_rate / 100)


def test_the_recorded_command_names_no_folder_of_this_machine(tmp_path: Path) -> None:
    line = command_line(tmp_path / "fer" / "fer2013.csv", Path("models/a"), TINY)
    assert "--data fer/fer2013.csv" in line
    assert "--out models/a" in line
    assert str(tmp_path) not in line


def test_adjusting_lifts_the_logits_of_rare_classes() -> None:
    dcnn = architecture("dcnn")
    model = dcnn.build(dcnn.inputs, 5)
    targets = np.eye(5, dtype=np.float32)[[0, 1, 1, 1, 1, 2, 3, 4]]
    config = fit.FitConfig(balance=0.0, adjust=1.0)
    before = batches.predict(model, blobs(3), dcnn.inputs)
    adjust_logits(model, Part(blobs(8), targets), config)
    after = batches.predict(model, blobs(3), dcnn.inputs)
    odds = (after[:, 0] / after[:, 1]) / (before[:, 0] / before[:, 1])
    assert odds == pytest.approx(4, rel=1e-3)


def test_the_adjustment_may_change_without_training_again(
    tiny_csv: Path, tmp_path: Path
) -> None:
    data = tiny_dataset(tiny_csv)
    first = fit.fit(data, tmp_path, TINY)
    again = fit.fit(data, tmp_path, dataclasses.replace(TINY, adjust=0.5), resume=True)
    assert again.history == first.history
    assert again.config["adjust"] == 0.5


def test_a_run_of_a_version_with_fewer_options_goes_on(
    tiny_csv: Path, tmp_path: Path
) -> None:
    data = tiny_dataset(tiny_csv)
    fit.fit(data, tmp_path, TINY)
    state = tmp_path / fit.RUN / fit.STATE
    stored = json.loads(state.read_text())
    for name in ("size", "colour", "equalise", "scale"):
        del stored["config"][name]
    state.write_text(json.dumps(stored))
    assert fit.fit(data, tmp_path, TINY, resume=True).finished
    with pytest.raises(DataError, match="other options"):
        fit.fit(data, tmp_path, dataclasses.replace(TINY, size=40), resume=True)


def test_the_history_is_drawn_after_each_epoch(tiny_model: Path) -> None:
    drawn = ElementTree.parse(tiny_model / fit.HISTORY).getroot()
    assert drawn.tag.endswith("svg")
    dots = drawn.findall("{*}circle")
    assert [dot.get("class") for dot in dots] == ["a", "b", "a", "b"]


def test_the_record_says_what_it_cost_and_what_it_ran_on(tiny_model: Path) -> None:
    record = json.loads((tiny_model / "record.json").read_text())
    assert 0 <= record["history"][0]["accuracy"] <= 1
    assert record["seconds_per_epoch"] > 0
    assert record["pictures_per_second"] > 0
    assert record["parameters"] == 714_917
    assert record["versions"].keys() >= {"python", "keras", "numpy"}
    assert record["inputs"]["size"] == 32


def test_a_budget_ends_a_run_within_an_epoch(tiny_csv: Path, tmp_path: Path) -> None:
    budget = Budget(seconds=1e-9)
    progress = fit.fit(tiny_dataset(tiny_csv), tmp_path, TINY, budget=budget)
    assert progress.finished
    assert budget.over
    row = progress.history[0]
    assert row["pictures_per_second"] * row["seconds"] == pytest.approx(32)


def test_a_budget_counts_all_but_the_first_batch_of_a_run(
    tiny_csv: Path, tmp_path: Path
) -> None:
    budget = Budget(seconds=1e-9)
    config = dataclasses.replace(TINY, epochs=99, batch_size=64, patience=99)
    progress = fit.fit(tiny_dataset(tiny_csv), tmp_path, config, budget=budget)
    assert progress.epoch == 2


def test_what_is_not_asked_for_is_the_architectures_own() -> None:
    config = config_for("deepfer", epochs=3, classes=None)
    assert (config.classes, config.learning_rate, config.epochs) == (7, 1e-4, 3)


def test_preprocessing_that_is_asked_for_replaces_the_architectures() -> None:
    config = config_for("dcnn", size=40, colour="rgb", equalise="clahe", scale="fixed")
    assert config.inputs == InputSpec(
        size=40, colour="rgb", equalise="clahe", standardise="fixed"
    )
    line = command_line(Path("a"), Path("b"), config)
    assert "--size 40 --colour rgb --equalise clahe --scale fixed" in line


def test_it_refuses_a_size_that_no_network_has() -> None:
    with pytest.raises(DataError, match="--size"):
        config_for("dcnn", size=5)
