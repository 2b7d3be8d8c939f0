from __future__ import annotations

import re

import pytest

from config import env
from tests.ops.processes import ROOT

GUIDE = (ROOT / "docs" / "operations.md").read_text()


@pytest.mark.parametrize("name", env.VARIABLES)
def test_every_variable_is_in_the_guide(name: str) -> None:
    assert f"| `{name}` |" in GUIDE


def test_the_guide_names_no_variable_that_is_not_there() -> None:
    rows = re.findall(r"^\| `([A-Z_]+)` \|", GUIDE, re.MULTILINE)
    assert sorted(rows) == sorted(env.VARIABLES)
