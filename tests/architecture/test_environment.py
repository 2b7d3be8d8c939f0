"""The environment is read in config/env.py and nowhere else."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.architecture.sources import PACKAGES, ROOT, place, python_files, tree

READER = ROOT / "config" / "env.py"
NAMES = {"environ", "environb", "getenv", "getenvb"}
FILES = [path for path in python_files(*PACKAGES) if path != READER]


def reads(module: ast.Module) -> list[int]:
    """Lines that name the environment, in each way that Python offers."""
    lines = []
    for node in ast.walk(module):
        match node:
            case ast.Attribute(value=ast.Name(id="os"), attr=attribute):
                found = attribute in NAMES
            case ast.ImportFrom(module="os", names=aliases):
                found = any(alias.name in NAMES for alias in aliases)
            case ast.Import(names=aliases):
                found = any(alias.name == "environ" for alias in aliases)
            case ast.ImportFrom(module="environ"):
                found = True
            case _:
                continue
        if found:
            lines.append(node.lineno)
    return lines


@pytest.mark.parametrize("path", [*FILES, ROOT / "manage.py"], ids=place)
def test_the_environment_is_not_read_here(path: Path) -> None:
    assert reads(tree(path)) == []


@pytest.mark.parametrize(
    "line",
    ["import os; os.environ['A']", "from os import getenv", "import environ"],
)
def test_each_way_of_reading_is_noticed(line: str) -> None:
    assert reads(ast.parse(line)) == [1]
