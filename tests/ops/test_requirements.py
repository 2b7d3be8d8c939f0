from __future__ import annotations

import importlib.metadata
import json
import re

import pytest

from tests.ops.processes import ROOT

FILES = ["requirements.txt", "requirements-no-deps.txt", "requirements-dev.txt"]


def pins(name: str) -> dict[str, str]:
    lines = (ROOT / name).read_text().splitlines()
    wanted = [line for line in lines if line and not line.startswith("#")]
    parts = [re.split("==|;", line) for line in wanted]
    return {part[0].lower().replace("_", "-"): part[1].strip() for part in parts}


@pytest.mark.parametrize("name", [*FILES, "constraints.txt"])
def test_every_version_is_pinned(name: str) -> None:
    for line in (ROOT / name).read_text().splitlines():
        assert not line or re.match(r"#|[\w.-]+==[\w.]+(; .+)?$", line), line


def test_nothing_is_pinned_twice() -> None:
    named = [name for file in [*FILES, "constraints.txt"] for name in pins(file)]
    assert sorted(named) == sorted(set(named))


def test_whatever_is_installed_with_them_is_pinned_too() -> None:
    pinned = {name for file in [*FILES, "constraints.txt"] for name in pins(file)}
    needed = {
        re.split(r"[ ;<>=!~\[(]", requirement)[0].lower().replace("_", "-")
        for file in ("requirements.txt", "requirements-dev.txt")
        for name in pins(file)
        for requirement in requirements_of(name)
    }
    assert needed - pinned == set()


def requirements_of(name: str) -> list[str]:
    try:
        found = importlib.metadata.requires(name) or []
    except importlib.metadata.PackageNotFoundError:
        return []  # of another kind of machine
    return [
        line for line in found if not re.search("extra|python_version|platform", line)
    ]


def test_browser_libraries_are_locked_without_addresses() -> None:
    wanted = json.loads((ROOT / "package.json").read_text())["dependencies"]
    lock = json.loads((ROOT / "package-lock.json").read_text())
    for name, version in wanted.items():
        assert lock["packages"][f"node_modules/{name}"]["version"] == version
    for name, package in lock["packages"].items():
        assert "resolved" not in package
        assert not name or package["integrity"].startswith("sha512-")


def test_npm_will_not_write_addresses() -> None:
    npmrc = (ROOT / ".npmrc").read_text()
    assert "omit-lockfile-registry-resolved=true" in npmrc
