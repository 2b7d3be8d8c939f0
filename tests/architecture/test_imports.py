"""Imports point one way: dashboard -> monitor -> inference, capture."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.architecture.sources import ROOT, imported, place, python_files

FORBIDDEN = {
    "inference": {
        "monitor",
        "dashboard",
        "config",
        "django",
        "celery",
        "rest_framework",
    },
    "capture": {
        "inference",
        "monitor",
        "dashboard",
        "config",
        "django",
        "celery",
        "rest_framework",
    },
    "monitor": {"dashboard", "config", "tensorflow", "keras"},
    "dashboard": {
        "inference",
        "capture",
        "config",
        "celery",
        "tensorflow",
        "keras",
        "cv2",
    },
}
FOR_TESTS_ONLY = {"tests", "bench", "pytest", "factory", "hypothesis", "playwright"}
HEAVY = ("tensorflow", "keras", "cv2", "ai_edge_litert")
START_WEB = f"""
import sys
from config.wsgi import application
from django.urls import get_resolver

def resolve(resolver):
    for entry in resolver.url_patterns:
        resolve(entry) if hasattr(entry, "url_patterns") else entry.callback

resolve(get_resolver())
print([name for name in {HEAVY} if name in sys.modules])
"""


@pytest.mark.parametrize("package", FORBIDDEN)
def test_imports_point_one_way(package: str) -> None:
    wrong = [
        f"{place(path)} imports {name}"
        for path in python_files(package)
        for name in imported(path)
        if name.split(".")[0] in FORBIDDEN[package] | FOR_TESTS_ONLY
    ]
    assert wrong == []


@pytest.mark.slow
def test_the_web_process_stays_light() -> None:
    """It must start quickly and share its machine with workers that need the memory."""
    argv = [sys.executable, "-c", START_WEB]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "[]\n"
