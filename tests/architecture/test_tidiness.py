"""What must never be committed, and how long things may get."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.sources import (
    PACKAGES,
    place,
    python_files,
    texts,
    tree,
)

LONGEST_FILE = 400
LONGEST_FUNCTION = 40
# Put together here, so that this file does not match itself.
REGISTRIES = ("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("ghcr", "io")
FORBIDDEN = {
    "the name of a package registry": "|".join(r"\.".join(host) for host in REGISTRIES),
    "a path of one machine": r"(?<![\w.}])/(?:ro{2}t|hom[e]/\w+|User[s]/\w+|wor[k])/",
    "a private key": "-----BEGIN [A-Z ]*PRIVATE " + "KEY",
}


@pytest.mark.slow
@pytest.mark.parametrize("what", FORBIDDEN)
def test_it_is_not_committed(what: str) -> None:
    pattern = re.compile(FORBIDDEN[what])
    found = [
        f"{place(path)}:{number}: {line.strip()[:80]}"
        for path, text in texts()
        for number, line in enumerate(text.splitlines(), start=1)
        if pattern.search(line)
    ]
    assert found == []


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def test_files_stay_short() -> None:
    lengths = {
        place(path): len(path.read_text().splitlines())
        for path in python_files(*PACKAGES, "bench", "tests")
        if "migrations" not in path.parts
    }
    assert {name: n for name, n in lengths.items() if n > LONGEST_FILE} == {}


def test_functions_stay_short() -> None:
    lengths = {
        f"{place(path)}:{node.lineno} {node.name}": length(node)
        for path in python_files(*PACKAGES, "bench", "tests")
        for node in functions(path)
    }
    assert {name: n for name, n in lengths.items() if n > LONGEST_FUNCTION} == {}
