from pathlib import Path

import numpy as np
import pytest

from inference.classes import ALL_CLASSES, CLASS_SETS, restrict
from inference.errors import DataError
from inference.training.data import Asked, Source, for_evaluation, for_training
from inference.types import EMOTIONS
from tests.inference.sets import write_csv, write_tree, write_votes
from tests.inference.shared import blobs

FACES = blobs(20)
ANGRY, DISGUST, FEAR, HAPPY = range(4)


def test_every_class_set_begins_with_the_five_or_a_part_of_them() -> None:
    for size, names in CLASS_SETS.items():
        assert len(names) == size
        assert names[:5] == EMOTIONS[: min(size, 5)]


def test_restricting_renormalises_and_tells_the_mass_on_others() -> None:
    every = np.array([[0.1, 0.2, 0.1, 0.1, 0, 0.3, 0.2, 0]], np.float32)
    five, other = restrict(every)
    assert five[0] == pytest.approx([0.2, 0.4, 0.2, 0.2, 0])
    assert other == pytest.approx([0.5])


def test_a_class_that_the_network_lacks_has_no_mass() -> None:
    five, other = restrict(np.full((2, 4), 0.25, np.float32), CLASS_SETS[4])
    assert five[0] == pytest.approx([0.25, 0.25, 0.25, 0.25, 0])
    assert other == pytest.approx([0, 0])


def some_csv(folder: Path) -> Path:
    rows = [
        (kind, FACES[8 * part + kind], usage)
        for part, usage in enumerate(("Training", "PublicTest"))
        for kind in (ANGRY, DISGUST, FEAR, HAPPY)
    ]
    return write_csv(folder, rows)


@pytest.mark.parametrize(("classes", "n"), [(4, 2), (5, 2), (7, 4), (8, 4)])
def test_the_class_set_decides_which_rows_are_used(
    tmp_path: Path, classes: int, n: int
) -> None:
    train = for_training(some_csv(tmp_path), Asked(classes=classes)).parts["train"]
    assert train.targets.shape == (n, classes)
    assert train.targets.sum(axis=1) == pytest.approx(1)


def test_fear_is_a_class_of_seven(tmp_path: Path) -> None:
    data = for_evaluation(some_csv(tmp_path), split="validation", classes=CLASS_SETS[7])
    labels = data.parts["validation"].labels.tolist()
    names = [ALL_CLASSES[label] for label in labels]
    assert names == ["angry", "disgust", "fear", "happy"]


def test_the_fer_share_blends_training_targets_only(tmp_path: Path) -> None:
    some_csv(tmp_path)
    write_votes(tmp_path, [(10, *[0] * 9)] * 8)  # everybody says neutral
    asked = Asked("ferplus", classes=8, fer_share=0.25)
    parts = for_training(tmp_path, asked).parts
    assert parts["train"].targets[0] == pytest.approx([0.25, 0, 0.75, 0, 0, 0, 0, 0])
    assert parts["validation"].targets[0] == pytest.approx([0, 0, 1, 0, 0, 0, 0, 0])


def test_an_auxiliary_source_joins_the_training_part_with_its_weight(
    tmp_path: Path,
) -> None:
    (tmp_path / "csv").mkdir()
    extra = write_tree(tmp_path / "more", {"sad": 3, "fear": 2})
    asked = Asked(extra=(Source(str(extra), 0.5),))
    data = for_training(some_csv(tmp_path / "csv"), asked)
    assert data.parts["train"].weights.tolist() == [1, 1, 0.5, 0.5, 0.5]
    assert len(data.parts["validation"]) == 2
    assert "3 x 0.5 of folder more" in data.source


def test_auxiliary_pictures_that_are_held_out_are_dropped(tmp_path: Path) -> None:
    from PIL import Image

    (tmp_path / "csv").mkdir()
    held_out = FACES[8 + HAPPY]
    extra = write_tree(tmp_path / "more", {"happy": 1})
    Image.fromarray(held_out).save(extra / "happy" / "leak.png")
    asked = Asked(extra=(Source(str(extra)),))
    data = for_training(some_csv(tmp_path / "csv"), asked)
    assert len(data.parts["train"]) == 3
    assert data.dropped_duplicates == 1


def test_an_auxiliary_source_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    asked = Asked(extra=(Source(str(tmp_path / "nowhere")),))
    with pytest.raises(DataError, match="does not exist"):
        for_training(some_csv(tmp_path), asked)
