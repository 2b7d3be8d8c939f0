"""A model's answers to pictures whose truth is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from inference.arrays import Ints, Tensor


@dataclass(frozen=True)
class Scored:
    """Answers to n pictures in k classes.

    labels: (n,) true classes. probabilities: (n, k), rows of zeros where no face was
    found; such a picture is wrong, has no confidence and is in no calibration figure.
    """

    labels: Ints
    probabilities: Tensor

    def __post_init__(self) -> None:
        if self.probabilities.ndim != 2 or len(self.labels) != len(self.probabilities):
            raise ValueError(
                f"{len(self.labels)} labels do not fit probabilities of shape "
                f"{self.probabilities.shape}"
            )

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def classes(self) -> int:
        return int(self.probabilities.shape[1])

    @property
    def confidence(self) -> Tensor:
        """Largest probability (n,), 0 where no face was found."""
        highest: Tensor = self.probabilities.max(axis=1)
        return highest

    @property
    def found(self) -> npt.NDArray[np.bool_]:
        return np.asarray(self.confidence > 0)

    @property
    def predicted(self) -> Ints:
        """Most probable class (n,), -1 where no face was found."""
        return np.where(self.found, self.probabilities.argmax(axis=1), -1)

    @property
    def right(self) -> npt.NDArray[np.bool_]:
        return np.asarray(self.predicted == self.labels)

    def where(self, chosen: npt.NDArray[np.bool_]) -> Scored:
        return Scored(self.labels[chosen], self.probabilities[chosen])
