from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from config.supervisor import Command, Supervisor
from tests.ops.processes import ROOT, alive, wait_until

pytestmark = pytest.mark.slow

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a supervisor over shell commands and wait until it is ready."""
    started: list[subprocess.Popen[str]] = []

    def begin(*children: str, ready: bool = True) -> subprocess.Popen[str]:
        argv = [sys.executable, "-m", "tests.ops.family", str(tmp_path), *children]
        process = subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        started.append(process)
        if ready:
            assert process.stdout is not None
            assert process.stdout.readline() == "READY\n"
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def pids(folder: Path, *names: str) -> list[int]:
    files = [folder / f"{name}.pid" for name in names]
    assert wait_until(lambda: all(f.exists() and f.read_text() for f in files))
    return [int(file.read_text()) for file in files]


def note_pid(folder: Path, name: str) -> str:
    return f"echo $$ > {folder}/{name}.pid"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_stops_all_and_counts_as_success(
    start: Start, tmp_path: Path, number: signal.Signals
) -> None:
    process = start(
        f"web={note_pid(tmp_path, 'web')}; exec sleep 60",
        f"worker={note_pid(tmp_path, 'worker')}; exec sleep 60",
    )
    children = pids(tmp_path, "web", "worker")
    process.send_signal(number)
    assert process.wait(10) == 0
    assert not any(alive(pid) for pid in children)


def test_it_says_which_child_ended_and_why_and_stops_the_others(
    start: Start, tmp_path: Path
) -> None:
    process = start(
        f"web={note_pid(tmp_path, 'web')}; exec sleep 60",
        "worker=sleep 1; echo the model is damaged; exit 3",
    )
    [web] = pids(tmp_path, "web")
    said, _ = process.communicate(timeout=15)
    assert process.returncode == 1
    assert "The worker ended with exit status 3" in said
    assert "the model is damaged" in said
    assert not alive(web)


def test_it_names_the_signal_that_killed_a_child(start: Start, tmp_path: Path) -> None:
    process = start(f"web={note_pid(tmp_path, 'web')}; exec sleep 60")
    os.kill(pids(tmp_path, "web")[0], signal.SIGKILL)
    said, _ = process.communicate(timeout=10)
    assert "The web was killed by SIGKILL" in said


def test_last_lines_are_those_of_this_run(start: Start, tmp_path: Path) -> None:
    (tmp_path / "web.log").write_text("from yesterday\n")
    process = start("web=echo from today; exit 1", ready=False)
    said, _ = process.communicate(timeout=10)
    assert "from today" in said
    assert "from yesterday" not in said


def test_children_of_children_go_too(start: Start, tmp_path: Path) -> None:
    grandchild = f"sh -c '{note_pid(tmp_path, 'grandchild')}; exec sleep 60' & "
    process = start(f"worker={grandchild} sleep 1; exit 1", ready=False)
    pid = pids(tmp_path, "grandchild")[0]
    process.communicate(timeout=15)
    assert not alive(pid)


def test_a_child_that_does_not_listen_is_killed(start: Start, tmp_path: Path) -> None:
    deaf = f"trap '' TERM; {note_pid(tmp_path, 'web')}; while :; do sleep 1; done"
    process = start(f"web={deaf}")
    [web] = pids(tmp_path, "web")
    process.terminate()
    assert process.wait(10) == 0
    assert not alive(web)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can do this")
def test_children_follow_a_supervisor_that_was_killed(
    start: Start, tmp_path: Path
) -> None:
    process = start(f"web={note_pid(tmp_path, 'web')}; exec sleep 60")
    [web] = pids(tmp_path, "web")
    process.kill()
    assert wait_until(lambda: not alive(web), seconds=10)


def test_a_child_that_never_gets_ready_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    handlers = {
        number: signal.getsignal(number)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    }
    never = Command("web", ("sleep", "60"), ready=lambda: False)
    supervisor = Supervisor([never], logs=tmp_path, env=dict(os.environ))
    try:
        assert supervisor.run(ready_within=0.5, on_ready=pytest.fail) == 1
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    assert "The web was not ready after 0.5 s" in capsys.readouterr().out
