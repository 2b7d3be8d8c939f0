"""What every reader of a data set returns."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from inference.classes import ALL_CLASSES

if TYPE_CHECKING:
    import numpy.typing as npt

    from inference.arrays import Gray, Tensor

KEPT_MASS = 0.5  # a row is used when its classes hold at least this share of its votes


@dataclass(frozen=True)
class Rows:
    """A data set as read, rows of unused classes included.

    images: (n, s, s) uint8, or (n, s, s, 3) in colour. targets: (n, k) over
    ALL_CLASSES as read, over a class set after `only`; rows sum to 1, to less where
    votes went to no class, to 0 where the row is not used. certain: rows that count
    in an evaluation.
    splits: (n,) of "train", "validation", "test" or "" where the source has none.
    reasons: (n,) why a row is not used, "" where it is. unread: files that never
    became rows, by reason.
    """

    images: Gray
    targets: Tensor
    certain: npt.NDArray[np.bool_]
    splits: npt.NDArray[np.str_]
    reasons: npt.NDArray[np.str_]
    unread: dict[str, int]
    source: str

    def only(self, classes: tuple[str, ...]) -> Rows:
        """The same rows with targets (n, k) over `classes`, renormalised.

        A row is not used when most of its mass lies on other classes.
        """
        columns = [ALL_CLASSES.index(name) for name in classes]
        own = self.targets[:, columns]
        mass = own.sum(axis=1, keepdims=True)
        used = mass[:, 0] >= KEPT_MASS
        targets = np.where(used[:, None], own / np.maximum(mass, 1e-6), 0)
        best = np.array(ALL_CLASSES)[self.targets.argmax(axis=1)]
        inside = np.isin(best, classes)
        reasons = np.where((self.reasons == "") & ~inside, best, self.reasons)
        return replace(
            self,
            targets=targets.astype(np.float32),
            certain=self.certain & used & inside,
            reasons=reasons,
        )

    def skipped(self, chosen: npt.NDArray[np.bool_]) -> dict[str, int]:
        """Number of unused rows among the chosen ones, and of unread files."""
        counts = Counter(self.reasons[chosen].tolist())
        if unclear := counts.pop("", 0):
            counts["no majority"] += unclear
        return {**counts, **self.unread}
