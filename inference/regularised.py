"""Corrected shares that leave the raw ones only as far as the readings tell.

Least squares trusts a matrix from thirty pictures as it does one from thirty thousand,
and where two classes look alike it divides them by chance. Here each deviation is
weighed by what it may be by chance, in the readings and in the matrix (generalised
least squares: Aitken 1936, Proc. R. Soc. Edinb. 55, 42-48), and of what they leave open
the shares with the least bias are taken (ridge: Hoerl and Kennard 1970, Technometrics
12, 55-67). In other words: a normal prior on the bias, which is how far expected
readings C^T pi lie from true shares pi; midway between the likeliest shares and the
mean of the posterior. NumPy only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from inference.quantify import (
    CLASSES,
    RIDGE,
    of_labels,
    per_picture,
    simplex_least_squares,
)

if TYPE_CHECKING:
    from inference.quantify import Flags, Floats, Quantifier

# Standard deviation of the bias of each share before anything is known about the model:
# the raw ratios err by 0.05 to 0.08 on average in the sets of docs/ratios.md.
PRIOR = 0.2
# Readings added to each class when the scatter is computed, so that a class not seen
# has one, too: z^2 / 2 for happiness and as much for all that is not happiness (Agresti
# and Coull 1998, Am. Stat. 52, 119-126), a quarter of it for each of the four.
ADDED: Floats = 1.96**2 / 2 * np.array([0.25, 1, 0.25, 0.25, 0.25])
# The faces of a site are a sample as those are that the matrix was measured on; two
# samples of one population differ by twice the variance of each.
SAMPLES = 2
# 95 % of chi-squared with four degrees of freedom.
LARGEST_MISFIT = 9.488
DRAWS = 500
# An orthonormal basis (4, 5) of the changes that leave the sum of shares as it is.
PLANE: Floats = np.linalg.svd(np.ones((1, CLASSES)))[2][1:]


@dataclass(frozen=True)
class Corrected:
    """Corrected shares (s, 5), draws of them (b, s, 5), and whether they can be.

    mode: (s, 5), the likeliest shares of the usable readings. fits: (s,), False where
    not even these explain the readings but by more than chance: then the matrix is not
    one of this population, and nothing here counts.
    """

    shares: Floats
    draws: Floats
    mode: Floats
    fits: Flags


def correct(
    quantifier: Quantifier,
    observed: Floats,
    n_eff: Floats,
    generator: np.random.Generator,
    number: int = DRAWS,
) -> Corrected:
    """From mean probabilities (s, 5) of `n_eff` (s,) > 0 independent readings each.

    The draws carry the scatter of the readings, of the matrix and of the usable rates;
    those off the simplex are moved onto it. Classes of which no picture was measured
    get no share.
    """
    never = np.diag(np.where(quantifier.counts > 0, 0, 1 / RIDGE))
    noise = PLANE @ scatter(quantifier, observed, n_eff) @ PLANE.T
    root = np.linalg.cholesky(noise + RIDGE * np.eye(CLASSES - 1))
    design = np.linalg.solve(root, PLANE @ quantifier.matrix.T)
    seen = np.linalg.solve(root, (observed @ PLANE.T)[..., None])
    turned = np.swapaxes(design, -1, -2)
    bias = (np.eye(CLASSES) - quantifier.matrix.T) / PRIOR
    # The ones change nothing on the simplex, where they add the same everywhere.
    precision = turned @ design + bias.T @ bias + never + 1
    pull = (turned @ seen)[..., 0] + 1
    free = np.linalg.inv(PLANE @ precision @ PLANE.T)
    slope = pull - (precision @ observed[..., None])[..., 0]
    centre = observed + _times(PLANE.T @ free @ PLANE, slope)
    mode = _on_simplex(centre, precision, pull)
    misfit = ((_times(design, mode) - seen[..., 0]) ** 2).sum(axis=-1)
    steps = PLANE.T @ np.linalg.cholesky(free)
    normals = generator.standard_normal((number, CLASSES - 1))
    draws = np.maximum(centre + np.moveaxis(steps @ normals.T, -1, 0), 0)
    usable = quantifier.usable_draws(generator, number)
    draws = per_picture(draws, usable[:, None])
    fits = misfit <= LARGEST_MISFIT
    # With few readings the mean of draws lies too far from the edges of the simplex,
    # because none lies beyond them, and the likeliest shares too often on one.
    likeliest = per_picture(mode, quantifier.usable)
    return Corrected((likeliest + draws.mean(axis=0)) / 2, draws, mode, fits)


def scatter(quantifier: Quantifier, observed: Floats, n_eff: Floats) -> Floats:
    """Covariances (s, 5, 5) of mean probabilities around what the matrix expects.

    Within a class probabilities scatter as they were measured to (`within`); where that
    is not known, as `squares` say, in the shape that labels would have.
    """
    matrix, within = quantifier.matrix, quantifier.within
    if within is None:
        within = _like_labels(quantifier)
    outer = matrix[:, :, None] * matrix[:, None, :]
    n = n_eff[:, None]
    shares = (n * observed + ADDED) / (n + ADDED.sum())
    means = shares @ matrix
    readings = np.tensordot(shares, within + outer, 1)
    readings -= means[:, :, None] * means[:, None, :]
    rows = SAMPLES * within / np.maximum(quantifier.counts, 1)[:, None, None]
    result: Floats = readings / n[..., None] + np.tensordot(shares**2, rows, 1)
    return result


def _like_labels(quantifier: Quantifier) -> Floats:
    """Covariances (5, 5, 5) of labels, made smaller until `squares` are right.

    Half a label of each class is added (Jeffreys' prior): no row is certain.
    """
    matrix = quantifier.matrix
    own = (matrix**2).sum(axis=1)
    sure = np.clip((quantifier.squares - own) / np.maximum(1 - own, RIDGE), 0.02, 1)
    counts = quantifier.counts[:, None] * matrix + 0.5
    shape = of_labels(counts / counts.sum(axis=1, keepdims=True))
    result: Floats = sure[:, None, None] * shape
    return result


def _on_simplex(centre: Floats, precision: Floats, pull: Floats) -> Floats:
    """Where pi' precision pi / 2 - pull' pi is least on the simplex: (s, 5)."""
    shares = centre.copy()
    outside = centre.min(axis=-1) < 0
    if outside.any():
        root = np.linalg.cholesky(precision[outside])
        goal = np.linalg.solve(root, pull[outside][..., None])
        shares[outside] = simplex_least_squares(goal[..., 0][:, None], root)[:, 0]
    return shares


def _times(matrices: Floats, vectors: Floats) -> Floats:
    """Products (s, m) of matrices (s, m, 5) and vectors (s, 5)."""
    result: Floats = (matrices @ vectors[..., None])[..., 0]
    return result
