"""Which readings count under a threshold: pure functions."""

from __future__ import annotations

from monitor.scoring import Five

# The reason of a reading that passed every gate but the one on its largest probability.
UNCERTAIN = "uncertain"


def is_counted(
    scores: Five, *, counted: bool, reason: str, least: float | None
) -> bool:
    """Whether a reading of the largest face counts where `least` is asked of max p.

    Only readings that were counted or refused for max p alone are decided anew; what
    the quality gate refused stays refused. None leaves all as it was when read.
    """
    if least is None:
        return counted
    return (counted or reason == UNCERTAIN) and max(scores) >= least
