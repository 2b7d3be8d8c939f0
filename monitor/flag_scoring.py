"""How the flags turned out, and what a model takes for what: pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from inference import EMOTIONS
from monitor.scoring import Interval, wilson

# A mistake rarer than this is not worth a reviewer's attention.
WORTH_TELLING = 0.03


class Confusion(NamedTuple):
    """Faces of one emotion and the share of their probability that another one gets.

    interval: 95 % Wilson over the `n` held-out pictures of that emotion.
    """

    shown: str
    read_as: str
    share: float
    interval: Interval
    n: int


@dataclass(frozen=True, slots=True)
class OutcomeShare:
    """How many of the reviewed flags ended so, and their share with its interval."""

    outcome: str
    flags: int
    share: float | None
    interval: Interval | None


def confusions(quantification: Mapping[str, Any], most: int = 3) -> list[Confusion]:
    """The model's most frequent confusions, the worst first.

    quantification: `matrix` (5, 5), mean probabilities by true class, and `counts`
    (5,), as in a model's spec; anything that is absent gives no confusion.
    """
    rows: Sequence[Sequence[float]] = quantification.get("matrix", ())
    counts: Sequence[float] = quantification.get("counts", ())
    found = []
    for shown, row, count in zip(EMOTIONS, rows, counts, strict=False):
        for read_as, share in zip(EMOTIONS, row, strict=True):
            interval = wilson(share, count)
            if shown != read_as and share >= WORTH_TELLING and interval:
                found.append(Confusion(shown, read_as, share, interval, round(count)))
    return sorted(found, key=lambda each: -each.share)[:most]


def outcome_shares(counts: Mapping[str, int]) -> list[OutcomeShare]:
    """Each outcome's share of all reviewed flags; counts: flags by outcome."""
    reviewed = sum(counts.values())
    return [
        OutcomeShare(
            outcome,
            flags,
            flags / reviewed if reviewed else None,
            wilson(flags / reviewed, reviewed) if reviewed else None,
        )
        for outcome, flags in counts.items()
    ]
