"""docker-compose.yml, read the way Compose reads it."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Any

import yaml

from tests.ops.processes import ROOT

FILE = ROOT / "docker-compose.yml"


@functools.cache
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(FILE.read_text())
    return loaded


def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = compose()["services"]
    return found


def ours() -> dict[str, dict[str, Any]]:
    """The services that run our image."""
    return {name: each for name, each in services().items() if "build" in each}


def environment(service: dict[str, Any], folder: Path) -> dict[str, str]:
    """Its variables, with the places inside of the container moved below `folder`."""
    moved = {"/run/secrets": f"{folder}/secrets", "/state": f"{folder}/state"}
    pattern = re.compile("|".join(moved))
    return {
        name: pattern.sub(lambda hit: moved[hit.group()], str(value))
        for name, value in service["environment"].items()
    }
