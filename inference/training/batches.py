"""Batches for training and prediction."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from tqdm import tqdm

from inference.preprocess import to_tensor
from inference.training.augment import augment

if TYPE_CHECKING:
    from collections.abc import Iterator

    import keras

    from inference.arrays import Gray, Tensor
    from inference.preprocess import InputSpec
    from inference.training.data import Part
    from inference.training.fit import FitConfig


def epoch_batches(
    part: Part, weights: Tensor, inputs: InputSpec, config: FitConfig, epoch: int
) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Augmented (x, targets, row weights) of one epoch, in a fresh order.

    The draws depend on the seed and the epoch only, so that a resumed run goes on
    with the pictures that an uninterrupted one would have seen.
    """
    generator = np.random.default_rng((config.seed, epoch))
    order = generator.permutation(len(part))
    label = f"epoch {epoch + 1}/{config.epochs}"
    starts = range(0, len(order), config.batch_size)
    for start in tqdm(starts, desc=label, unit="batch", mininterval=1.0):
        rows = order[start : start + config.batch_size]
        images = augment(part.images[rows], config.augmentation, generator)
        targets = part.targets[rows]
        importance = (targets @ weights) * part.weights[rows]
        yield to_tensor(images, inputs), targets, importance


def predict(
    model: keras.Model, images: Gray, inputs: InputSpec, batch_size: int = 512
) -> Tensor:
    """Class probabilities (n, k) of crops (n, s, s)."""
    chunks = [
        np.asarray(model.predict_on_batch(to_tensor(part, inputs)), np.float32)
        for part in np.array_split(images, max(1, -(-len(images) // batch_size)))
    ]
    return np.concatenate(chunks)
