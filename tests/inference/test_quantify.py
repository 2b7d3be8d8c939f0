import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.quantify import (
    HAPPINESS,
    STRESS,
    Quantifier,
    covariances,
    em_shares,
    implied_prior,
    interval,
    mean_probability_matrix,
    pool,
    simplex_least_squares,
)

# A model that calls one sad face in three neutral.
SAD_AS_NEUTRAL = np.array(
    [
        [0.80, 0.02, 0.10, 0.05, 0.03],
        [0.01, 0.92, 0.04, 0.01, 0.02],
        [0.03, 0.03, 0.84, 0.08, 0.02],
        [0.05, 0.02, 0.33, 0.58, 0.02],
        [0.05, 0.05, 0.08, 0.02, 0.80],
    ]
)
MANY = np.full(5, 1e6)
ONES = np.ones(5)
shares_of_five = st.lists(st.integers(0, 20), min_size=5, max_size=5).filter(any)


def biased(counts: np.ndarray = MANY, usable: np.ndarray = ONES) -> Quantifier:
    return Quantifier(SAD_AS_NEUTRAL, counts, usable, ONES)


@settings(deadline=None)  # a busy machine is no failure
@given(shares_of_five)
def test_known_confusion_is_undone_exactly(counts: list[int]) -> None:
    truth = np.array([counts]) / sum(counts)
    found = simplex_least_squares(truth @ SAD_AS_NEUTRAL, SAD_AS_NEUTRAL)
    assert found == pytest.approx(truth, abs=1e-6)


@settings(deadline=None)
@given(shares_of_five)
def test_no_point_of_the_simplex_explains_better(counts: list[int]) -> None:
    observed = np.array([counts]) / sum(counts)
    found = simplex_least_squares(observed, SAD_AS_NEUTRAL)
    others = np.random.default_rng(3).dirichlet(np.full(5, 0.4), 2000)
    losses = ((others @ SAD_AS_NEUTRAL - observed) ** 2).sum(axis=1)
    assert found.min() >= 0
    assert found.sum() == pytest.approx(1)
    assert ((found @ SAD_AS_NEUTRAL - observed) ** 2).sum() <= losses.min() + 1e-9


def test_two_classes_that_look_alike_still_give_shares() -> None:
    matrix = SAD_AS_NEUTRAL.copy()
    matrix[3] = matrix[2]
    found = simplex_least_squares(matrix[2:3], matrix)[0]
    assert found[2] + found[3] == pytest.approx(1, abs=1e-6)


def test_a_class_that_was_never_measured_gets_no_share() -> None:
    matrix = SAD_AS_NEUTRAL.copy()
    matrix[4] = 0
    assert simplex_least_squares(np.full((1, 5), 0.2), matrix)[0, 4] == 0


def test_the_matrix_has_a_row_per_true_class() -> None:
    rows = np.array([[0.6, 0.4, 0, 0, 0], [1, 0, 0, 0, 0], [0, 0, 0, 1, 0]])
    found = mean_probability_matrix(rows, np.array([0, 0, 3]))
    assert found[0] == pytest.approx([0.8, 0.2, 0, 0, 0])
    assert found[3] == pytest.approx([0, 0, 0, 1, 0])
    assert found[[1, 2, 4]].sum() == 0


def test_the_implied_prior_is_what_the_model_reports_of_it() -> None:
    prior = implied_prior(SAD_AS_NEUTRAL)
    assert prior @ SAD_AS_NEUTRAL == pytest.approx(prior, abs=1e-9)


def test_em_finds_the_shares_behind_calibrated_probabilities() -> None:
    """One symbol per class, drawn by SAD_AS_NEUTRAL, with its posterior under PRIOR."""
    generator = np.random.default_rng(5)
    prior = np.array([0.1, 0.3, 0.4, 0.1, 0.1])
    posterior = (SAD_AS_NEUTRAL * prior[:, None]).T
    posterior /= posterior.sum(axis=1, keepdims=True)
    truth = np.array([0.2, 0.1, 0.3, 0.4, 0.0])
    symbols = generator.choice(5, 40_000, p=truth @ SAD_AS_NEUTRAL)
    assert em_shares(posterior[symbols], prior) == pytest.approx(truth, abs=0.02)


def test_em_leaves_out_readings_without_weight() -> None:
    rows = np.array([[0.9, 0.1, 0, 0, 0], [0, 0, 0, 0, 1.0]])
    found = em_shares(rows, np.full(5, 0.2), np.array([1.0, 0.0]))
    assert found[4] == pytest.approx(0, abs=1e-6)


def test_a_class_that_is_often_unusable_is_counted_up() -> None:
    usable = np.array([1, 1, 1, 0.5, 1])
    truth = np.array([[0.0, 0.0, 0.5, 0.5, 0.0]])
    counted = truth * usable / (truth * usable).sum()
    found = biased(usable=usable).shares(counted @ SAD_AS_NEUTRAL)
    assert found == pytest.approx(truth, abs=1e-6)


def test_fit_counts_usable_readings_only() -> None:
    rows = np.eye(5)[[0, 1, 2, 3, 3, 3]]
    usable = np.array([True, True, True, True, True, False])
    found = Quantifier.fit(rows, np.array([0, 1, 2, 3, 3, 3]), usable)
    assert found.counts.tolist() == [1, 1, 1, 2, 0]
    assert found.usable.tolist() == pytest.approx([1, 1, 1, 2 / 3, 1])
    assert found.squares.tolist() == [1, 1, 1, 1, 1]


def width(quantifier: Quantifier, n: float) -> float:
    observed = np.full((1, 5), 0.2)
    draws = quantifier.draws(observed, np.array([n]), np.random.default_rng(1))
    low, high = interval(draws, STRESS)
    return float(high[0] - low[0])


def test_fewer_readings_and_fewer_held_out_pictures_widen_the_interval() -> None:
    few_pictures = biased(np.full(5, 40.0))
    assert width(biased(), 1000) < width(biased(), 50.5)
    assert width(biased(), 1000) < width(few_pictures, 1000)


def test_probabilities_that_scatter_less_than_labels_narrow_it() -> None:
    soft = Quantifier(SAD_AS_NEUTRAL, MANY, ONES, np.full(5, 0.8))
    assert width(soft, 200) < width(biased(), 200)


def test_the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    generator = np.random.default_rng(2)
    truth = generator.dirichlet(np.array([0.6, 1.5, 3.0, 0.8, 0.5]), 400)
    seen = generator.multinomial(200, truth @ SAD_AS_NEUTRAL) / 200
    draws = biased().draws(seen, np.full(400, 200.0), generator)
    for what in (STRESS, HAPPINESS):
        low, high = interval(draws, what)
        inside = (low <= truth @ what) & (truth @ what <= high)
        assert 0.90 <= inside.mean() <= 0.99


def test_populations_that_agree_add_up() -> None:
    found = pool([biased(np.full(5, 300.0))] * 2)
    assert found.counts.tolist() == [600] * 5
    assert found.matrix == pytest.approx(SAD_AS_NEUTRAL)


def test_populations_that_disagree_count_for_little() -> None:
    other = Quantifier(np.eye(5), MANY, ONES, ONES)
    found = pool([biased(), other])
    assert found.counts[3] < 10 < found.counts[1]
    assert width(found, 1000) > width(biased(), 1000)


def test_one_population_cannot_be_pooled() -> None:
    with pytest.raises(ValueError, match="at least two"):
        pool([biased()])


def test_a_quantifier_survives_json() -> None:
    stored = json.loads(json.dumps(biased(np.full(5, 300.0)).as_dict()))
    found = Quantifier.from_dict(stored)
    assert found.matrix == pytest.approx(SAD_AS_NEUTRAL)
    assert found.counts.tolist() == [300] * 5


def test_covariances_of_a_class_survive_json_and_are_those_of_its_pictures() -> None:
    rows = np.random.default_rng(3).dirichlet(np.ones(5), 4000)
    labels = np.arange(4000) % 5
    stored = json.loads(json.dumps(Quantifier.fit(rows, labels).as_dict()))
    found = Quantifier.from_dict(stored).within
    assert found is not None
    for label in range(5):
        own = np.cov(rows[labels == label].T)
        assert found[label] == pytest.approx(own, abs=1e-3)


def test_pictures_that_happen_to_be_alike_are_no_certainty() -> None:
    alike = covariances(np.tile(np.eye(5)[2], (3, 1)), np.array([0, 0, 0]))
    assert (np.diagonal(alike, axis1=1, axis2=2) > 0.01).all()


def test_matrix_and_counts_alone_are_enough() -> None:
    stored = {"matrix": SAD_AS_NEUTRAL.tolist(), "counts": [50] * 5}
    assert Quantifier.from_dict(stored).usable.tolist() == [1] * 5


@pytest.mark.parametrize(
    "wrong",
    [
        {"matrix": np.eye(4).tolist()},
        {"matrix": (np.eye(5) * 2).tolist()},
        {"matrix": (np.eye(5) * np.nan).tolist()},
        {"counts": [0, 0, 0, 0, 0]},
        {"counts": [1, 2]},
        {"usable": [0, 1, 1, 1, 1]},
        {"squares": [2, 1, 1, 1, 1]},
        {"within": np.eye(5).tolist()},
        {"within": (-np.ones((5, 1, 1)) * np.eye(5)).tolist()},
        {"within": np.triu(np.ones((5, 5, 5))).tolist()},
    ],
)
def test_it_refuses_what_cannot_be_a_model(wrong: dict[str, object]) -> None:
    good = {"matrix": np.eye(5).tolist(), "counts": [9] * 5}
    with pytest.raises(ValueError, match=r"must|not|need"):
        Quantifier.from_dict(good | wrong)
