"""From the shares that a classifier reports to the shares that explain them.

A classifier that takes one sad face in five for neutral reports too little sadness for
everybody. Its mean answer per true class, measured on pictures that it was not trained
on, undoes that bias (quantification: Forman 2008, Data Min. Knowl. Disc. 17, 164-206;
survey: Esuli, Fabris, Moreo and Sebastiani 2023, "Learning to Quantify"). Only NumPy
is needed. Classes are in the order of EMOTIONS throughout.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any, Self, TypeAlias

import numpy as np
import numpy.typing as npt

from inference.types import EMOTIONS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from inference.arrays import Ints

Floats: TypeAlias = npt.NDArray[np.float64]
Flags: TypeAlias = npt.NDArray[np.bool_]

CLASSES = len(EMOTIONS)
# What each emotion counts: monitor.scoring's default weights, and those of happiness.
STRESS: Floats = np.array([1.0, 0.0, 0.0, 1.0, 0.0])
HAPPINESS: Floats = np.array([0.0, 1.0, 0.0, 0.0, 0.0])
# All non-empty sets of classes that a person may show.
SUPPORTS: Flags = np.array(list(product((False, True), repeat=CLASSES))[1:])
RIDGE = 1e-9  # keeps two classes with equal rows solvable
FEASIBLE = -1e-9  # rounding below zero


def mean_probability_matrix(probabilities: npt.ArrayLike, labels: Ints) -> Floats:
    """Mean probabilities (5, 5): one row per true class, each summing to 1.

    probabilities: (n, 5). labels: (n,). The row of a class without a picture is zero.
    """
    rows = np.asarray(probabilities, np.float64)
    sums = np.zeros((CLASSES, CLASSES))
    np.add.at(sums, labels, rows)
    totals = sums.sum(axis=1, keepdims=True)
    np.divide(sums, totals, out=sums, where=totals > 0)
    return sums


def covariances(probabilities: Floats, labels: Ints) -> Floats:
    """Covariances (5, 5, 5) of probabilities (n, 5) around the mean of their class.

    Half a picture as any of the five labels is added to each class, so that few
    pictures that happen to be alike do not count as certainty.
    """
    found = np.empty((CLASSES, CLASSES, CLASSES))
    added = 0.5 * of_labels(np.full((1, CLASSES), 1 / CLASSES))[0]
    for label in range(CLASSES):
        rows = probabilities[labels == label]
        off = rows - rows.mean(axis=0) if len(rows) else rows
        found[label] = (off.T @ off + added) / (max(len(rows) - 1, 0) + 0.5)
    return found


def of_labels(means: Floats) -> Floats:
    """Covariances (m, 5, 5) of one label with probabilities `means` (m, 5)."""
    outer = means[:, :, None] * means[:, None, :]
    result: Floats = means[:, :, None] * np.eye(CLASSES) - outer
    return result


def simplex_least_squares(observed: Floats, matrix: Floats) -> Floats:
    """Shares pi on the simplex with the least |matrix^T pi - observed|^2, exactly.

    observed: (..., s, 5). matrix: (..., 5, 5) with the same leading axes; classes with
    a zero row get no share. For each set of classes the minimum without bounds is an
    affine map of `observed` (its Karush-Kuhn-Tucker system); the best of those minima
    that lie on the simplex is the minimum under the bounds. With 31 sets that is
    exact, and faster for thousands of rows than any iteration.
    """
    known = matrix.any(axis=-1).reshape(-1, CLASSES).all(axis=0)
    best = np.zeros_like(observed)
    lowest = np.full(observed.shape[:-1], np.inf)
    for support in SUPPORTS[~SUPPORTS[:, ~known].any(axis=1)]:
        linear, constant = _unbounded(matrix, support)
        shares = observed @ np.swapaxes(linear, -1, -2) + constant[..., None, :]
        loss = ((shares @ matrix - observed) ** 2).sum(axis=-1)
        better = (shares.min(axis=-1) >= FEASIBLE) & (loss < lowest)
        best = np.where(better[..., None], shares, best)
        lowest = np.where(better, loss, lowest)
    best = np.maximum(best, 0)
    result: Floats = best / best.sum(axis=-1, keepdims=True)
    return result


def _unbounded(matrix: Floats, support: Flags) -> tuple[Floats, Floats]:
    """The map (..., 5, 5) and constant (..., 5) of the minimum within `support`."""
    rows = matrix * support[:, None]
    system = np.zeros((*matrix.shape[:-2], CLASSES + 1, CLASSES + 1))
    system[..., :CLASSES, :CLASSES] = rows @ np.swapaxes(rows, -1, -2)
    system[..., :CLASSES, :CLASSES] += np.diag(np.where(support, RIDGE, 1.0))
    system[..., CLASSES, :CLASSES] = system[..., :CLASSES, CLASSES] = support
    inverse = np.linalg.inv(system)
    return inverse[..., :CLASSES, :CLASSES] @ rows, inverse[..., :CLASSES, CLASSES]


def implied_prior(matrix: Floats) -> Floats:
    """The class shares (5,) under which the classifier's mean answer is right.

    A calibrated classifier's mean answer equals the shares of the population that it
    is calibrated for, so these are the stationary shares of `matrix`: pi = matrix^T pi.
    """
    known = matrix.any(axis=1)
    inner = matrix[np.ix_(known, known)]
    inner = inner / inner.sum(axis=1, keepdims=True)
    system = np.vstack([inner.T - np.eye(len(inner)), np.ones(len(inner))])
    goal = np.append(np.zeros(len(inner)), 1.0)
    prior = np.zeros(CLASSES)
    prior[known] = np.maximum(np.linalg.lstsq(system, goal, rcond=None)[0], 1e-6)
    prior /= prior.sum()
    return prior


def em_shares(
    probabilities: Floats,
    prior: Floats,
    weights: Floats | None = None,
    steps: int = 500,
) -> Floats:
    """Maximum-likelihood shares (..., 5) by expectation-maximisation.

    probabilities: (..., n, 5), calibrated for a population of shares `prior` (5,).
    weights: (..., n), 0 for a reading that does not count. Saerens, Latinne and
    Decaestecker 2002, Neural Computation 14(1), 21-41, equation 2.9.
    """
    ratios = np.divide(
        probabilities, prior, out=np.zeros_like(probabilities), where=prior > 0
    )
    if weights is None:
        weights = np.ones(probabilities.shape[:-1])
    mass = (weights / weights.sum(axis=-1, keepdims=True))[..., None, :]
    shares: Floats = np.broadcast_to(prior, (*probabilities.shape[:-2], CLASSES))
    for _ in range(steps):
        joint = ratios * shares[..., None, :]
        joint /= np.maximum(joint.sum(axis=-1, keepdims=True), 1e-300)
        update = (mass @ joint)[..., 0, :]
        settled = np.abs(update - shares).max() < 1e-6
        shares = update
        if settled:
            break
    result: Floats = shares / shares.sum(axis=-1, keepdims=True)
    return result


@dataclass(frozen=True)
class Quantifier:
    """How a model errs, and the way back from its answers to true shares.

    matrix: (5, 5) mean probabilities of usable readings by true class. counts: (5,)
    usable readings behind each row. usable: (5,) share of each class's pictures that
    is usable: a class that is doubtful more often is counted less often. squares: (5,)
    mean of the squared length of the probabilities, 1 if each were sure of one class;
    tells how far means of them scatter. within: (5, 5, 5) covariances of the
    probabilities of each class, which tell it exactly; None for a matrix that was
    measured before they were.
    """

    matrix: Floats
    counts: Floats
    usable: Floats
    squares: Floats
    within: Floats | None = None

    def __post_init__(self) -> None:
        if self.matrix.shape != (CLASSES, CLASSES):
            raise ValueError(f"the matrix is {self.matrix.shape}, not 5 x 5")
        if {self.counts.shape, self.usable.shape, self.squares.shape} != {(CLASSES,)}:
            raise ValueError("counts, usable and squares need one number per class")
        known = self.counts > 0
        sums = np.where(known, 1.0, 0.0)
        fits = np.allclose(self.matrix.sum(axis=1), sums, atol=1e-3)
        if not fits or not known.any() or (self.matrix < 0).any():
            raise ValueError("each row with counts must be probabilities that sum to 1")
        if not ((self.usable[known] > 0) & (self.usable[known] <= 1)).all():
            raise ValueError("usable must lie above 0 and at most at 1")
        if not ((self.squares > 0) & (self.squares <= 1)).all():
            raise ValueError("squares must lie above 0 and at most at 1")
        if self.within is not None and not _are_covariances(self.within):
            raise ValueError("within must be a covariance matrix for each class")

    @classmethod
    def fit(
        cls, probabilities: npt.ArrayLike, labels: Ints, usable: Flags | None = None
    ) -> Self:
        """Measure a model on held-out pictures: (n, 5), (n,), (n,).

        `usable`: which readings the product would count; default: all of them.
        """
        labels = np.asarray(labels)
        chosen = np.ones(len(labels), bool) if usable is None else usable
        seen = np.bincount(labels, minlength=CLASSES)
        counts = np.bincount(labels[chosen], minlength=CLASSES).astype(np.float64)
        rows = np.asarray(probabilities, np.float64)[chosen]
        lengths = np.bincount(labels[chosen], (rows**2).sum(axis=1), CLASSES)
        size = np.maximum(counts, 1)
        return cls(
            matrix=mean_probability_matrix(rows, labels[chosen]),
            counts=counts,
            usable=np.where(counts > 0, counts / np.maximum(seen, 1), 1.0),
            squares=np.where(counts > 0, np.minimum(lengths / size, 1.0), 1.0),
            within=covariances(rows, labels[chosen]),
        )

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """From `as_dict`, where "usable", "squares" and "within" may be absent.

        Raises ValueError, KeyError or TypeError for anything else.
        """
        ones = [1.0] * CLASSES
        return cls(
            matrix=np.array(values["matrix"], np.float64),
            counts=np.array(values["counts"], np.float64),
            usable=np.array(values.get("usable", ones), np.float64),
            squares=np.array(values.get("squares", ones), np.float64),
            within=np.array(values["within"], np.float64)
            if "within" in values
            else None,
        )

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready: what a model's spec stores as `quantification`."""
        within = (
            {} if self.within is None else {"within": self.within.round(6).tolist()}
        )
        return {
            "matrix": self.matrix.round(6).tolist(),
            "counts": self.counts.round(3).tolist(),
            "usable": self.usable.round(6).tolist(),
            "squares": self.squares.round(6).tolist(),
            **within,
        }

    def shares(self, observed: Floats) -> Floats:
        """Corrected shares (s, 5) of mean probabilities (s, 5) of usable readings."""
        return per_picture(simplex_least_squares(observed, self.matrix), self.usable)

    def em(self, probabilities: Floats, weights: Floats | None = None) -> Floats:
        """As `shares`, by `em_shares` from the single readings (..., n, 5)."""
        shares = em_shares(probabilities, implied_prior(self.matrix), weights)
        return per_picture(shares, self.usable)

    def draws(
        self,
        observed: Floats,
        n_eff: Floats,
        generator: np.random.Generator,
        number: int = 500,
    ) -> Floats:
        """Corrected shares (number, s, 5), scattered as far as they are uncertain.

        A parametric bootstrap: rows of the matrix, usable shares and `observed` (s, 5)
        are drawn anew from Dirichlet (beta) distributions. Each has the concentration
        of as many labels as would scatter like the probabilities that it rests on;
        `n_eff` (s,), independent readings behind `observed`, need not be whole.
        """
        counts = self.counts / _scatter(self.squares, self.matrix)
        matrix = _dirichlet(generator, self.matrix * counts[:, None], number)
        squares = simplex_least_squares(observed, self.matrix) @ self.squares
        n = n_eff / _scatter(squares, observed)
        shares = _dirichlet(generator, observed * n[:, None], number)
        rates = self.usable_draws(generator, number)
        return per_picture(simplex_least_squares(shares, matrix), rates[:, None])

    def usable_draws(self, generator: np.random.Generator, number: int) -> Floats:
        """Draws (number, 5) of `usable`, as uncertain as so many pictures leave it."""
        refused = self.counts / self.usable - self.counts
        rates = generator.beta(self.counts + 0.5, refused + 0.5, (number, CLASSES))
        return np.where(refused > 0, rates, 1.0)


def pool(quantifiers: Sequence[Quantifier]) -> Quantifier:
    """One from several populations of pictures (or of annotators), all alike in weight.

    Where they disagree about how the model errs, a further population will disagree as
    much, however many pictures were seen: the counts of a row are lowered until draws
    of it scatter as far as the populations do (method of moments).
    """
    if len(quantifiers) < 2:
        raise ValueError("pooling needs at least two populations")
    matrices = np.stack([one.matrix for one in quantifiers])
    matrix = matrices.mean(axis=0)
    squares = np.mean([one.squares for one in quantifiers], axis=0)
    inside = [one.within for one in quantifiers if one.within is not None]
    between = matrices.var(axis=0, ddof=1).sum(axis=1)
    spread = 1 - (matrix**2).sum(axis=1)
    alike = np.maximum(spread / np.maximum(between, 1e-9) - 1, 1.0)
    seen = np.sum([one.counts for one in quantifiers], axis=0)
    return Quantifier(
        matrix=matrix,
        counts=np.minimum(seen, alike * _scatter(squares, matrix)),
        usable=np.mean([one.usable for one in quantifiers], axis=0),
        squares=squares,
        within=np.mean(inside, axis=0) if len(inside) == len(quantifiers) else None,
    )


def interval(draws: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Bounds (s,) and (s,) of the central 95 % of a share over draws (b, s, 5)."""
    low, high = np.quantile(draws @ weights, [0.025, 0.975], axis=0)
    return low, high


def per_picture(shares: Floats, usable: Floats) -> Floats:
    """From shares of the usable readings to shares of all pictures."""
    scaled = shares / usable
    result: Floats = scaled / scaled.sum(axis=-1, keepdims=True)
    return result


def _are_covariances(within: Floats) -> bool:
    """Whether these are (5, 5, 5), symmetrical and without a negative variance."""
    if within.shape != (CLASSES, CLASSES, CLASSES) or not np.isfinite(within).all():
        return False
    alike = np.allclose(within, np.swapaxes(within, 1, 2), atol=1e-5)
    return alike and bool(np.linalg.eigvalsh(within).min() >= -1e-5)


def _scatter(squares: Floats, means: Floats) -> Floats:
    """Variance of probabilities as a part of that of labels with the same means.

    squares: (m,), mean squared length of the probabilities. means: (m, 5).
    """
    own = (means**2).sum(axis=1)
    share = (squares - own) / np.maximum(1 - own, 1e-9)
    result: Floats = np.clip(share, 0.05, 1.0)
    return result


def _dirichlet(generator: np.random.Generator, counts: Floats, number: int) -> Floats:
    """Draws (number, ..., 5) from Dirichlet distributions; zero counts stay zero."""
    gammas = generator.standard_gamma(counts, (number, *counts.shape))
    totals = gammas.sum(axis=-1, keepdims=True)
    result: Floats = np.divide(gammas, totals, out=gammas, where=totals > 0)
    return result
