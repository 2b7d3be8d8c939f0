from __future__ import annotations

import socket
from pathlib import Path

import pytest

from config import demo


@pytest.mark.parametrize("arguments", [["8001"], ["--port", "8001"], ["--port=8001"]])
def test_the_port_is_an_argument(arguments: list[str]) -> None:
    assert demo.parse(arguments).port == 8001


def test_a_port_out_of_range_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        demo.parse(["70000"])
    assert "70000 is no port" in capsys.readouterr().err


def test_a_taken_port_is_named_with_a_way_out() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SystemExit, match=f"Port {port} .* --port {port + 1}"):
            demo.check_port(port)


def test_a_second_demo_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    refusal = pytest.raises(SystemExit, match="already runs .* port 8000")
    with demo.take_lock(tmp_path / "demo.pid", 8000), refusal:
        demo.take_lock(tmp_path / "demo.pid", 8001)
    demo.take_lock(tmp_path / "demo.pid", 8001).close()


def test_web_worker_scheduler_and_capture_run_under_it() -> None:
    commands = {command.name: command.argv for command in demo.commands(8001, "")}
    assert list(commands) == ["web", "worker", "scheduler", "capture"]
    assert "--bind=127.0.0.1:8001" in commands["web"]
