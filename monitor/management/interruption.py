"""Ending long work between two pieces of it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from operator import length_hint
from types import FrameType
from typing import Any, TypeVar

from django.core.management.base import CommandError

T = TypeVar("T")
SIGNALS = (signal.SIGINT, signal.SIGTERM)


def interruptible(pieces: Iterable[T], advice: str) -> Iterator[T]:
    """The pieces, until Ctrl-C or SIGTERM; the one at hand is done first.

    Then raises CommandError with the advice and the exit status of a shell, 130 or
    143, unless nothing was left to do. A second signal does not wait.
    """
    work, stopped = iter(pieces), False
    with _noted() as received:
        try:
            for piece in work:
                yield piece
                if received:
                    # Lists know what is left; other work is asked for no more of it.
                    stopped = length_hint(work, 1) > 0
                    break
        except KeyboardInterrupt:
            received.append(signal.SIGINT)
            stopped = True
    if stopped:
        raise CommandError(f"stopped; {advice}", returncode=128 + received[0])


@contextmanager
def _noted() -> Iterator[list[int]]:
    """The signals that came."""
    received: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield received  # signals go to the main thread, which has its own ways
        return
    found = {number: signal.getsignal(number) for number in SIGNALS}
    # Whoever started this in the background may have had Ctrl-C ignored.
    before: dict[int, Any] = {
        number: handler
        for number, handler in found.items()
        if handler is not signal.SIG_IGN
    }

    def note(number: int, _: FrameType | None) -> None:
        received.append(number)
        signal.signal(number, before[number])

    for number in before:
        signal.signal(number, note)
    try:
        yield received
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
