"""Running commands of the product the way a person or a container does."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from config import env

ROOT = env.ROOT


def clean_environment(state: Path, **more: str) -> dict[str, str]:
    """This environment without any variable of the product but STATE_DIR."""
    product = {name + end for name in env.VARIABLES for end in ("", "_FILE")}
    kept = {name: value for name, value in os.environ.items() if name not in product}
    return kept | {"STATE_DIR": str(state)} | more


def run(
    argv: Sequence[str], env: dict[str, str], *, cwd: Path = ROOT, seconds: float = 60
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        argv, env=env, cwd=cwd, capture_output=True, text=True, timeout=seconds
    )


def python(code: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return run([sys.executable, "-c", code], env)


def wait_until(true: Callable[[], bool], *, seconds: float = 30) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.05)
    return False


def alive(pid: int) -> bool:
    """A zombie that nobody has reaped yet does not count."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"
