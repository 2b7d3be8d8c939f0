"""A training that ends when its share of the processor is spent."""

from __future__ import annotations

import time
from dataclasses import dataclass, field


@dataclass
class Budget:
    """Seconds of training on `threads` threads, by the processor's clock.

    A busy machine makes a run longer but takes nothing from its budget. What happens
    before the first call of `spend` is not counted: the first batch compiles.
    """

    seconds: float
    threads: int = 2
    spent: float = 0.0
    _mark: float | None = field(default=None, repr=False)

    @property
    def over(self) -> bool:
        return self.spent >= self.seconds

    @property
    def share(self) -> float:
        """How much is spent, 0 to 1."""
        return min(self.spent / self.seconds, 1.0)

    def spend(self) -> bool:
        """Count what was used since the last call; True when nothing is left."""
        now = time.process_time()
        if self._mark is not None:
            self.spent += (now - self._mark) / self.threads
        self._mark = now
        return self.over

    def go_on(self) -> None:
        """Leave out what was used since the last call of `spend`."""
        if self._mark is not None:
            self._mark = time.process_time()
