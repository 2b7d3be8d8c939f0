from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inference.errors import DataError
from inference.training.data import (
    Asked,
    find_csv,
    for_evaluation,
    for_training,
    read_rows,
)
from inference.types import EMOTIONS
from tests.inference.sets import write_csv, write_tree, write_votes
from tests.inference.shared import blobs

FACES = blobs(20)
ANGRY, DISGUST, HAPPY, SAD, SURPRISE, NEUTRAL = 0, 1, 3, 4, 5, 6


def small_csv(folder: Path) -> Path:
    kinds = (ANGRY, HAPPY, NEUTRAL, SAD, SURPRISE)
    rows = [
        (kinds[i % 5], FACES[i], ("Training", "PublicTest", "PrivateTest")[i // 5])
        for i in range(15)
    ]
    return write_csv(folder, rows)


def test_kaggles_numbers_become_our_classes(tmp_path: Path) -> None:
    small_csv(tmp_path)
    part = for_evaluation(tmp_path).parts["test"]
    assert part.labels.tolist() == [0, 1, 2, 3, 4]
    assert (part.images == FACES[10:15]).all()


def test_the_splits_of_the_csv_are_kept(tmp_path: Path) -> None:
    parts = for_training(small_csv(tmp_path)).parts
    assert {name: len(part) for name, part in parts.items()} == {
        "train": 5,
        "validation": 5,
        "test": 5,
    }


@pytest.mark.parametrize("split", ["PublicTest", "validation", "public_test"])
def test_a_split_has_several_names(tmp_path: Path, split: str) -> None:
    assert list(for_evaluation(small_csv(tmp_path), split=split).parts) == [
        "validation"
    ]


def test_the_csv_is_found_below_the_folder_that_unpacking_made(tmp_path: Path) -> None:
    (tmp_path / "fer2013").mkdir()
    path = small_csv(tmp_path / "fer2013")
    (tmp_path / "fer2013" / "train" / "angry").mkdir(parents=True)
    assert (
        find_csv(tmp_path) == find_csv(tmp_path / "fer2013") == find_csv(path) == path
    )


def test_classes_outside_the_five_are_left_out_and_counted(tmp_path: Path) -> None:
    write_csv(
        tmp_path, [(HAPPY, FACES[0], "PrivateTest"), (DISGUST, FACES[1], "PrivateTest")]
    )
    data = for_evaluation(tmp_path)
    assert len(data.parts["test"]) == 1
    assert data.skipped == {"disgust": 1}


def test_training_rows_equal_to_held_out_rows_are_dropped(tmp_path: Path) -> None:
    rows = [
        (HAPPY, FACES[0], "Training"),
        (SAD, FACES[1], "Training"),
        (SAD, FACES[2], "Training"),
        (DISGUST, FACES[1], "PublicTest"),
        (HAPPY, FACES[2], "PrivateTest"),
        (HAPPY, FACES[4], "PublicTest"),
    ]
    data = for_training(write_csv(tmp_path, rows))
    assert len(data.parts["train"]) == 1
    assert data.dropped_duplicates == 2


def test_test_rows_equal_to_training_rows_are_dropped(tmp_path: Path) -> None:
    rows = [
        (DISGUST, FACES[0], "Training"),
        (HAPPY, FACES[0], "PrivateTest"),
        (HAPPY, FACES[1], "PrivateTest"),
    ]
    data = for_evaluation(write_csv(tmp_path, rows))
    assert len(data.parts["test"]) == 1
    assert data.dropped_duplicates == 1


def test_votes_become_shares_of_the_five_classes(tmp_path: Path) -> None:
    write_csv(tmp_path, [(HAPPY, FACES[i], "PrivateTest") for i in range(4)])
    write_votes(
        tmp_path,
        [
            (2, 6, 0, 1, 0, 0, 0, 0, 1, 0),  # single votes are noise
            (5, 5, 0, 0, 0, 0, 0, 0, 0, 0),  # no majority
            (0, 0, 0, 0, 3, 0, 7, 0, 0, 0),  # fear
            (0, 0, 0, 8, 2, 0, 0, 0, 0, 0),
        ],
    )
    part = for_evaluation(tmp_path, "ferplus").parts["test"]
    assert part.labels.tolist() == [EMOTIONS.index("happy"), EMOTIONS.index("sad")]
    assert part.targets[0] == pytest.approx([0, 0.75, 0.25, 0, 0])


def test_rows_of_uncertain_position_are_left_out_of_ferplus_only(
    tmp_path: Path,
) -> None:
    write_csv(tmp_path, [(HAPPY, FACES[i], "PrivateTest") for i in range(2)])
    write_votes(tmp_path, [(0, 10, *[0] * 8)] * 2)
    (tmp_path / "row_exact.txt").write_text("1\n0\n")
    assert len(for_evaluation(tmp_path, "fer").parts["test"]) == 2
    plus = for_evaluation(tmp_path, "ferplus")
    assert len(plus.parts["test"]) == 1
    assert plus.skipped == {"row position not certain": 1}


def test_class_folders_go_by_their_usual_names(tmp_path: Path) -> None:
    names = ("Anger", "joy", "normal", "cry", "surprised")
    write_tree(tmp_path, dict.fromkeys(names, 2) | {"fear": 3, "holiday": 1})
    data = for_evaluation(tmp_path)
    part = data.parts["all"]
    assert sorted(part.labels.tolist()) == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    assert data.skipped == {"fear": 3, "holiday": 1}


@pytest.mark.parametrize(
    "names",
    [("train", "test", "validation"), ("train", "private_test", "public_test")],
)
def test_split_folders_are_recognised(tmp_path: Path, names: tuple[str, ...]) -> None:
    train, test, validation = names
    write_tree(
        tmp_path, {f"{train}/happy": 5, f"{test}/happy": 3, f"{validation}/sadness": 2}
    )
    parts = for_training(tmp_path).parts
    assert [len(parts[n]) for n in ("train", "validation", "test")] == [5, 2, 3]


def test_a_tree_without_splits_is_divided_eight_to_one_to_one(tmp_path: Path) -> None:
    write_tree(tmp_path, {"happy": 40, "sad": 20})
    parts = for_training(tmp_path, Asked(seed=3)).parts
    counts = {n: np.bincount(p.labels, minlength=5).tolist() for n, p in parts.items()}
    assert counts == {
        "train": [0, 32, 0, 16, 0],
        "validation": [0, 4, 0, 2, 0],
        "test": [0, 4, 0, 2, 0],
    }


def test_the_division_depends_on_the_seed_only(tmp_path: Path) -> None:
    write_tree(tmp_path, {"happy": 40, "sad": 20})
    first, same, other = (
        for_training(tmp_path, Asked(seed=seed)).parts["test"].images
        for seed in (1, 1, 2)
    )
    assert (first == same).all()
    assert (first != other).any()


def test_an_unreadable_picture_in_a_folder_is_counted(tmp_path: Path) -> None:
    write_tree(tmp_path, {"happy": 2})
    (tmp_path / "happy" / "broken.png").write_bytes(b"no picture")
    assert for_evaluation(tmp_path).skipped == {"unreadable: not_an_image": 1}


def test_colour_pictures_are_read_as_gray(tmp_path: Path) -> None:
    (tmp_path / "happy").mkdir()
    Image.new("RGB", (90, 120), "red").save(tmp_path / "happy" / "1.jpg")
    assert read_rows(tmp_path).images.shape == (1, 48, 48)


def refusal(path: Path, labels: str = "fer", split: str | None = None) -> str:
    with pytest.raises(DataError) as caught:
        for_evaluation(path, labels, split)
    return str(caught.value)


def test_it_refuses_a_missing_path(tmp_path: Path) -> None:
    assert "does not exist" in refusal(tmp_path / "nowhere")


def test_it_refuses_an_empty_folder(tmp_path: Path) -> None:
    assert "holds no pictures" in refusal(tmp_path)


def test_it_refuses_folders_of_unknown_classes_and_names_them(tmp_path: Path) -> None:
    assert "found cats, dogs" in refusal(write_tree(tmp_path, {"cats": 1, "dogs": 1}))


def test_it_refuses_another_table(tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    assert "emotion,pixels,Usage" in refusal(tmp_path / "other.csv")


@pytest.mark.parametrize(
    "row",
    ["3,1 2 3,Training", "9,{p},Training", "3,{p},Later", "3,{p}", "x,{p},Training"],
)
def test_it_refuses_a_bad_row_and_names_its_line(tmp_path: Path, row: str) -> None:
    good = " ".join(["7"] * 48 * 48)
    lines = ["emotion,pixels,Usage", f"3,{good},Training", row.format(p=good)]
    (tmp_path / "fer2013.csv").write_text("\n".join(lines))
    assert "line 3" in refusal(tmp_path)


def test_it_refuses_ferplus_without_its_votes(tmp_path: Path) -> None:
    assert "fer2013new.csv" in refusal(small_csv(tmp_path), "ferplus")


def test_it_refuses_votes_of_another_length(tmp_path: Path) -> None:
    write_votes(tmp_path, [(10, *[0] * 9)])
    assert "1 rows" in refusal(small_csv(tmp_path), "ferplus")


def test_it_refuses_ferplus_for_folders(tmp_path: Path) -> None:
    assert "fer2013.csv only" in refusal(write_tree(tmp_path, {"sad": 1}), "ferplus")


def test_it_refuses_a_split_that_the_data_lacks(tmp_path: Path) -> None:
    tree = write_tree(tmp_path, {"sad": 1})
    assert "no validation split" in refusal(tree, split="validation")
    assert "unknown split" in refusal(tree, split="holdout")
