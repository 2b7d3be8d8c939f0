"""QuaPy (Moreo, Esuli and Sebastiani 2021, CIKM) as the reference of our ACC, PACC, EM.

Both are given the same answers of a classifier to the same pictures.
"""

from __future__ import annotations

import numpy as np
import pytest
from quapy.method.aggregative import ACC, EMQ, PACC
from sklearn.base import BaseEstimator

from inference.quantify import (
    Quantifier,
    em_shares,
    mean_probability_matrix,
    simplex_least_squares,
)

SEEDS = range(8)


class Answers(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """A classifier whose answers are the pictures themselves."""

    classes_ = np.arange(5)

    def fit(self, rows: np.ndarray, labels: np.ndarray) -> Answers:
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def predict_proba(self, rows: np.ndarray) -> np.ndarray:
        return rows


def answers(labels: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Probabilities (n, 5) that lean to the label and err as classifiers do."""
    lean = generator.dirichlet(np.full(5, 0.7), 5) * 2 + np.eye(5) * 3 + 0.2
    gammas = generator.standard_gamma(lean[labels])
    return np.asarray(gammas / gammas.sum(axis=1, keepdims=True))


def case(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Held-out answers (400, 5) and labels (400,), and answers (200, 5) of a person."""
    generator = np.random.default_rng(seed)
    labels = np.concatenate([np.arange(5), generator.integers(0, 5, 395)])
    mixture = generator.dirichlet(np.array([0.6, 1.5, 3.0, 0.8, 0.5]))
    shown = generator.choice(5, 200, p=mixture)
    # The same leanings for both: one model.
    rows = answers(np.concatenate([labels, shown]), generator)
    return rows[:400], labels, rows[400:]


def residual(shares: np.ndarray, matrix: np.ndarray, observed: np.ndarray) -> float:
    return float(((shares @ matrix - observed) ** 2).sum())


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("hard", [False, True], ids=["PACC", "ACC"])
def test_least_squares_agree_with_quapy(seed: int, hard: bool) -> None:
    """Within 0.0005, and ours never explains the readings worse: QuaPy's minimiser
    stops a little before the minimum."""
    held, labels, shown = case(seed)
    method = (ACC if hard else PACC)(Answers(), fit_classifier=False, val_split=None)
    said, seen = (held.argmax(axis=1), shown.argmax(axis=1)) if hard else (held, shown)
    method.aggregation_fit(said, labels)
    reference = method.aggregate(seen)
    ours, mine = (np.eye(5)[said], np.eye(5)[seen]) if hard else (held, shown)
    matrix, observed = mean_probability_matrix(ours, labels), mine.mean(axis=0)
    found = simplex_least_squares(observed[None], matrix)[0]
    assert found == pytest.approx(reference, abs=5e-4)
    assert (
        residual(found, matrix, observed)
        <= residual(reference, matrix, observed) + 1e-12
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_a_quantifier_that_refuses_nothing_is_quapys_pacc(seed: int) -> None:
    held, labels, shown = case(seed)
    method = PACC(Answers(), fit_classifier=False, val_split=None)
    method.aggregation_fit(held, labels)
    found = Quantifier.fit(held, labels).shares(shown.mean(axis=0)[None])[0]
    assert found == pytest.approx(method.aggregate(shown), abs=5e-4)


@pytest.mark.parametrize("seed", SEEDS)
def test_em_agrees_with_quapy(seed: int) -> None:
    """Within 0.0001: ours stops when a step changes less than a millionth."""
    held, labels, shown = case(seed)
    method = EMQ(Answers(), fit_classifier=False, val_split=None)
    method.train_prevalence = np.bincount(labels) / len(labels)
    reference = method.aggregate(shown, epsilon=1e-8)
    found = em_shares(shown, method.train_prevalence, steps=5000)
    assert found == pytest.approx(reference, abs=1e-4)
    assert np.abs(found - shown.mean(axis=0)).max() > 0.01
