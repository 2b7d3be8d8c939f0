from __future__ import annotations

import pytest
from pytest_django.fixtures import Settings

# Hooks, which pytest finds here.
from tests.repeated import (  # noqa: F401
    pytest_addoption,
    pytest_collection_modifyitems,
    pytest_configure,
    pytest_fixture_setup,
    pytest_runtest_makereport,
    pytest_runtest_protocol,
    pytest_sessionfinish,
    pytest_terminal_summary,
    pytest_testnodedown,
)


@pytest.fixture(autouse=True)
def plain_static(settings: Settings) -> None:
    """No manifest: tests need no collected files."""
    storage = "django.contrib.staticfiles.storage.StaticFilesStorage"
    settings.STORAGES = settings.STORAGES | {"staticfiles": {"BACKEND": storage}}
