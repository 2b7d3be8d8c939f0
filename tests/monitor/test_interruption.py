"""Long work that ends between two pieces when it is told to."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator

import pytest
from django.core.management import CommandError

from monitor.management.interruption import interruptible


@pytest.fixture(autouse=True)
def listening() -> Iterator[None]:
    """A shell that runs tests in the background has them ignore Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def pieces(done: list[int], number: int) -> Iterator[int]:
    """Four, and a signal in the midst of the second."""
    for n in range(4):
        if n == 1:
            os.kill(os.getpid(), number)
        done.append(n)
        yield n


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)]
)
def test_the_piece_at_hand_is_done_and_the_status_is_that_of_a_shell(
    number: int, status: int
) -> None:
    before, done = signal.getsignal(number), list[int]()
    with pytest.raises(CommandError, match="stopped; go on") as found:
        list(interruptible(pieces(done, number), "go on"))
    assert (done, found.value.returncode) == ([0, 1], status)
    assert signal.getsignal(number) == before


def test_a_second_ctrl_c_does_not_wait() -> None:
    def endless() -> Iterator[int]:
        yield 1
        while True:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(CommandError, match="stopped"):
        list(interruptible(endless(), "go on"))


def test_a_signal_that_was_ignored_before_is_ignored_still() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    done = list[int]()
    assert list(interruptible(pieces(done, signal.SIGINT), "go on")) == done
    assert len(done) == 4


def test_work_that_ends_first_is_all_done() -> None:
    assert list(interruptible(range(3), "go on")) == [0, 1, 2]


def test_a_signal_behind_the_last_piece_comes_too_late() -> None:
    """Whoever works on after the last piece has ended all when it is over."""

    def noted() -> Iterator[int]:
        yield 1
        os.kill(os.getpid(), signal.SIGTERM)
        done.append(True)

    done = list[bool]()
    assert list(interruptible(noted(), "go on")) == [1]
    assert done == [True]


def test_a_signal_in_the_last_of_a_list_leaves_nothing() -> None:
    done = []
    for n in interruptible([1, 2], "go on"):
        if n == 2:
            os.kill(os.getpid(), signal.SIGTERM)
        done.append(n)
    assert done == [1, 2]


def test_beside_the_main_thread_signals_are_left_alone() -> None:
    found: list[int] = []
    work = threading.Thread(target=lambda: found.extend(interruptible([1, 2], "")))
    work.start()
    work.join()
    assert found == [1, 2]
