from __future__ import annotations

import re

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders

from tests.ops.processes import ROOT

TAG = re.compile(r"""{%\s*static\s+['"]([^'"]+)['"]""")
VENDOR = [
    f"{prefix}/{name}"
    for prefix, (_, names) in settings.VENDOR.items()
    for name in names
]


def named_by_templates() -> set[str]:
    pages = (ROOT / "templates").rglob("*.html")
    return {name for page in pages for name in TAG.findall(page.read_text())}


@pytest.mark.parametrize("name", VENDOR)
def test_each_file_of_a_browser_library_is_found(name: str) -> None:
    assert finders.find(name)


@pytest.mark.parametrize("name", sorted(named_by_templates()))
def test_each_file_that_a_page_names_is_found(name: str) -> None:
    assert finders.find(name), f"{name}: is it in settings.VENDOR?"


def test_other_files_of_the_libraries_are_not_served() -> None:
    assert not finders.find("vendor/htmx/htmx.js")
    assert not finders.find("vendor/htmx/../package.json")


def test_libraries_are_not_copied_into_our_own_files() -> None:
    ours = [path.name for path in (ROOT / "static").rglob("*.*s")]
    assert not [name for name in ours if ".min." in name]
