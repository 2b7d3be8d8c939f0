"""What every reader of a data set returns."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from inference.arrays import Gray, Tensor


@dataclass(frozen=True)
class Rows:
    """A data set as read, rows of unused classes included.

    images: (n, s, s) uint8. targets: (n, 5), rows sum to 1, or to 0 where the row's
    class is not one of the five. certain: rows that count in an evaluation.
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

    def skipped(self, chosen: npt.NDArray[np.bool_]) -> dict[str, int]:
        """Number of unused rows among the chosen ones, and of unread files."""
        counts = Counter(self.reasons[chosen].tolist())
        del counts[""]
        return {**counts, **self.unread}
