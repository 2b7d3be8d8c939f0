"""The time, corrected by what the server says it is."""

from __future__ import annotations

import logging
import time

log = logging.getLogger(__name__)

# Answers take a while and name whole seconds; less than this is no wrong clock.
NOTICED_SECONDS = 30


class Clock:
    """`ahead`: by how many seconds this machine's clock is ahead of the server's."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def now(self) -> float:
        return self.corrected(time.time())

    def corrected(self, moment: float) -> float:
        """The true time of a moment of this machine's clock."""
        return moment - self.ahead

    def learn(self, server_time: float) -> bool:
        """Take over what an answer said just now; True when that changes the time."""
        ahead = time.time() - server_time
        ahead = ahead if abs(ahead) > NOTICED_SECONDS else 0.0
        if abs(ahead - self.ahead) <= NOTICED_SECONDS:
            return False
        self.ahead = ahead
        log.warning("this machine's clock is ahead by %.0f s; corrected for", ahead)
        return True
