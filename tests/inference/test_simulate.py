import json
import shutil
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from inference.errors import DataError
from inference.files import write_json
from inference.quantify import Quantifier
from inference.training.simulate import (
    DIVISIONS,
    Observed,
    Plan,
    clustered,
    simulate,
)
from monitor.scoring import wilson
from tests.faces import draw_face
from tests.inference.sets import write_tree
from tests.inference.test_quantify import SAD_AS_NEUTRAL

KEYS = {
    *("mae_raw", "mae_corrected", "coverage_raw", "coverage_corrected"),
    *("happiness_mae_raw", "happiness_mae_corrected"),
    *("happiness_coverage_raw", "happiness_coverage_corrected"),
    *("staff", "readings", "accuracy", "model", "unusable", "seed", "mae_counting"),
}


def answers(matrix: np.ndarray, per_class: int = 300, seed: int = 0) -> Observed:
    """Sure answers that err as the rows of `matrix` say, all usable."""
    generator = np.random.default_rng(seed)
    labels = np.arange(5).repeat(per_class)
    said = np.array([generator.choice(5, p=matrix[label]) for label in labels])
    every = np.ones(len(labels), bool)
    return Observed(labels, np.eye(5)[said], every, every)


PERFECT = answers(np.eye(5))
BIASED = answers(SAD_AS_NEUTRAL)


def test_a_perfect_model_errs_of_the_mixture_as_far_as_the_draw() -> None:
    found = simulate(PERFECT, Plan(), wilson, PERFECT.quantifier())
    assert found["accuracy"] == 1
    assert found["mae_raw"] == pytest.approx(0)
    assert found["mae_corrected"] == pytest.approx(0, abs=5e-3)
    assert found["mae_raw_mixture"] == pytest.approx(found["mae_sampling"])
    assert 0.01 < found["mae_sampling"] < 0.03
    for name in ("coverage_raw", "happiness_coverage_raw", "coverage_corrected"):
        assert 0.91 <= found[name] <= 0.99


def test_a_known_confusion_biases_the_raw_ratio_and_is_corrected() -> None:
    other = answers(SAD_AS_NEUTRAL, seed=9).quantifier()
    found = simulate(BIASED, Plan(readings=400), wilson, other)
    assert found["mae_raw"] > 0.04
    assert found["coverage_raw"] < 0.6
    assert found["mae_corrected"] < found["mae_raw"] / 1.7
    assert found["coverage_corrected"] > 0.9


def test_readings_without_end_leave_only_the_bias() -> None:
    exact = Quantifier.fit(BIASED.probabilities, BIASED.labels)
    found = simulate(BIASED, Plan(20, 50_000), wilson, exact)
    assert found["mae_corrected"] < 0.01 < found["mae_raw"]


def test_crossing_corrects_with_the_other_half() -> None:
    found = simulate(BIASED, Plan(staff=101), wilson, cross=True)
    assert found["staff"] == 101
    assert found["mae_corrected"] < found["mae_raw"]


def test_divisions_make_the_staff_together() -> None:
    plans = Plan(staff=101).divided()
    assert len(plans) == DIVISIONS
    assert sum(plan.staff for plan in plans) == 101
    assert [len(Plan(staff=n).divided()) for n in (2, 7, 8)] == [1, 1, 2]


def test_people_alike_within_clusters_widen_the_interval() -> None:
    assert clustered([50, 50, 50, 50], [100] * 4) == (0.5, (0.5, 0.5))
    share, bounds = clustered([100, 0, 100, 0], [100] * 4)
    assert (share, bounds) == (0.5, (0.0, 1.0))
    assert clustered([9], [10]) == (0.9, None)


def test_coverage_says_how_sure_it_is() -> None:
    found = simulate(BIASED, Plan(staff=80, readings=40), wilson, cross=True)
    for name in ("coverage_corrected", "happiness_coverage_corrected"):
        low, high = found[f"{name}_interval"]
        assert low < found[name] < high
    alone = simulate(BIASED, Plan(staff=50), wilson, BIASED.quantifier())
    assert alone["coverage_corrected_interval"] is None


def test_without_a_correction_its_figures_are_none_and_the_raw_ones_the_same() -> None:
    plain = simulate(BIASED, Plan(staff=50), wilson)
    corrected = simulate(BIASED, Plan(staff=50), wilson, BIASED.quantifier())
    assert plain["mae_corrected"] is plain["happiness_coverage_corrected"] is None
    assert plain["mae_raw"] == corrected["mae_raw"]


def test_the_seed_decides() -> None:
    first, same, other = (
        simulate(BIASED, Plan(40, 50, seed), wilson, BIASED.quantifier())
        for seed in (4, 4, 5)
    )
    assert first == same
    assert first["mae_raw"] != other["mae_raw"]


def test_four_classes_are_enough() -> None:
    four = BIASED.take(np.flatnonzero(BIASED.labels != 4))
    found = simulate(four, Plan(staff=60), wilson, four.quantifier())
    assert found["mae_corrected"] < found["mae_raw"]


def test_unusable_pictures_are_drawn_but_not_counted() -> None:
    usable = np.arange(len(PERFECT)) % 4 > 0
    part = Observed(PERFECT.labels, PERFECT.probabilities, PERFECT.found, usable)
    found = simulate(part, Plan(staff=50), wilson)
    assert found["unusable"] == 0.25
    assert found["mae_raw"] > 0
    assert found["mae_raw_mixture"] > found["mae_sampling"]


def test_a_picture_without_a_face_counts_as_wrong() -> None:
    found = np.array([True, False])
    pair = Observed(np.array([0, 0]), np.eye(5)[[0, 0]], found, found)
    assert pair.accuracy == 0.5


def test_it_refuses_a_class_without_a_usable_picture() -> None:
    bad = Observed(
        BIASED.labels, BIASED.probabilities, BIASED.found, BIASED.labels != 3
    )
    with pytest.raises(DataError, match="no usable picture of sad"):
        simulate(bad, Plan(), wilson)


def test_it_refuses_pictures_of_one_emotion() -> None:
    with pytest.raises(DataError, match="at least two"):
        simulate(BIASED.take(np.arange(300)), Plan(), wilson)


@pytest.mark.parametrize("plan", [(1, 200, 1), (400, 0, 1), (400, 200, -1)])
def test_it_refuses_an_impossible_plan(plan: tuple[int, int, int]) -> None:
    with pytest.raises(DataError):
        Plan(*plan)


def run(*words: object, stderr: StringIO | None = None) -> str:
    out = StringIO()
    errors = stderr or StringIO()
    call_command("simulate_ratios", *map(str, words), stdout=out, stderr=errors)
    return out.getvalue()


def copied(model: Path, to: Path, **changes: object) -> Path:
    """The same weights under a changed spec."""
    shutil.copytree(model, to)
    spec = json.loads((to / "spec.json").read_text())
    write_json(to / "spec.json", spec | changes)
    return to


@pytest.fixture(scope="module")
def sure_model(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network that never doubts, so that every picture counts."""
    return copied(tiny_model, tmp_path_factory.mktemp("sure") / "m", temperature=0.01)


@pytest.fixture(scope="module")
def crops(tmp_path_factory: pytest.TempPathFactory) -> Path:
    names = {"anger": 12, "joy": 12, "neutral": 12, "crying": 12, "fear": 3}
    return write_tree(tmp_path_factory.mktemp("pictures"), names)


SMALL = ("--staff", 10, "--readings", 20)


def test_the_command_prints_one_json_object(crops: Path, sure_model: Path) -> None:
    words = ("--data", crops, "--model", sure_model, "--crops", "--json")
    found = json.loads(run(*words, "-", *SMALL))
    assert set(found) >= KEYS
    assert (found["staff"], found["pictures"], found["split"]) == (10, 48, "all")
    assert json.loads(run(*words, "-", *SMALL)) == found


def test_a_table_and_a_file_with_the_correction_from_other_pictures(
    crops: Path, sure_model: Path, tmp_path: Path
) -> None:
    other = write_tree(tmp_path / "other", {"angry": 9, "happy": 9, "sad": 9})
    out = tmp_path / "found.json"
    words = ("--data", crops, "--model", sure_model, "--crops", "--json", out, *SMALL)
    text = run(*words, "--calibration", other)
    assert "from: calibration" in text
    assert json.loads(out.read_text())["mae_corrected"] >= 0


def test_a_model_that_knows_its_errors_is_corrected_by_them(
    sure_model: Path, crops: Path, tmp_path: Path
) -> None:
    known = {"matrix": np.eye(5).tolist(), "counts": [9000] * 5}
    model = copied(sure_model, tmp_path / "m", quantification=known)
    words = ("--data", crops, "--crops", "--model", model, "--json", "-", *SMALL)
    assert json.loads(run(*words))["shipped"]["mae_corrected"] >= 0
    found = json.loads(run(*words, "--shipped"))
    assert found["correction"] == "shipped"
    assert found["mae_pacc"] == pytest.approx(found["mae_raw"], abs=1e-3)
    assert found["mae_corrected"] == pytest.approx(found["mae_raw"], abs=0.03)


def test_a_bare_json_option_prints(crops: Path, sure_model: Path) -> None:
    words = ("--data", crops, "--model", sure_model, "--crops", *SMALL, "--json")
    found = json.loads(run(*words))
    assert found["correction"] == "cross"
    assert set(found["shipped"]) >= {"mae_corrected", "happiness_coverage_corrected"}


def test_sources_of_the_correction_are_pooled(
    crops: Path, sure_model: Path, tmp_path: Path
) -> None:
    names = ("angry", "happy", "neutral", "sad")
    sizes = {"one": 9, "two": 12}
    trees = [
        write_tree(tmp_path / t, dict.fromkeys(names, n)) for t, n in sizes.items()
    ]
    words = ("--data", crops, "--model", sure_model, "--crops", *SMALL)
    found = json.loads(run(*words, "--json", "-", "--calibration", *trees))
    assert found["mae_corrected"] >= 0


def test_damaged_knowledge_is_refused(
    sure_model: Path, crops: Path, tmp_path: Path
) -> None:
    model = copied(sure_model, tmp_path / "m", quantification={"matrix": 1})
    with pytest.raises(CommandError, match="quantification is damaged"):
        run("--data", crops, "--crops", "--model", model, *SMALL)


def test_without_knowledge_it_says_how_to_correct(
    sure_model: Path, tiny_csv: Path, tmp_path: Path
) -> None:
    out, model = StringIO(), copied(sure_model, tmp_path / "m", quantification={})
    words = ("--data", tiny_csv, "--model", model, "--shipped", "--json", *SMALL)
    found = json.loads(run(*words, stderr=out))
    assert found["mae_corrected"] is None
    assert found["split"] == "test"
    assert "--calibration" in out.getvalue()


@pytest.mark.model
@pytest.mark.django_db
def test_photographs_without_a_face_are_refused_with_advice(crops: Path) -> None:
    with pytest.raises(CommandError, match="--crops"):
        run("--data", crops, *SMALL)


def test_photographs_go_through_the_detector(sure_model: Path, tmp_path: Path) -> None:
    for name in ("happy", "sad"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "face.jpg").write_bytes(draw_face())
    (tmp_path / "sad" / "broken.jpg").write_bytes(b"text")
    words = ("--data", tmp_path, "--model", sure_model, "--json", "-", *SMALL)
    assert json.loads(run(*words))["not_found"] == pytest.approx(1 / 3)


@pytest.mark.model
@pytest.mark.django_db
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--data", "nowhere"), "does not exist"),
        (("--data", "{crops}", "--staff", "1"), "at least 2 people"),
        (("--data", "{crops}", "--labels", "ferplus"), "FER\\+"),
        (("--data", "{crops}", "--split", "test"), "no test split"),
        (("--data", "{crops}", "--model", "nobody"), "no model"),
        (("--data", "{crops}", "--crops", "--calibration", "{crops}"), "other pict"),
    ],
)
def test_it_refuses_with_one_line(
    crops: Path, words: tuple[str, ...], message: str
) -> None:
    with pytest.raises(CommandError, match=message):
        run(*(word.format(crops=crops) for word in words))
