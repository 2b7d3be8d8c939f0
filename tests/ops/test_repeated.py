"""Which tests are repeated on other servers, and that none is left out wrongly."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from config.prepare import make_keys
from tests.ops.processes import clean_environment, run
from tests.workers import own_folder, own_redis

pytestmark = pytest.mark.slow

CONFTEST = "from tests.conftest import *\n"
TESTS = """
import subprocess
from pathlib import Path

import pytest
from django.conf import settings

@pytest.mark.django_db
def test_asks():
    pass

def test_asks_by_a_fixture(client, db):
    pass

@pytest.mark.slow
def test_says_that_it_starts_processes():
    subprocess.run(["true"])

def test_computes():
    assert Path(__file__).read_text()

def test_starts_a_process():
    subprocess.run(["true"])

def test_uses_the_broker():
    Path(settings.BROKER_DIR, "x").write_text("")

def test_asks_while_it_runs(request):
    request.getfixturevalue("db")
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "state").mkdir()
    make_keys(tmp_path / "state")
    (tmp_path / "some").mkdir()
    (tmp_path / "some" / "conftest.py").write_text(CONFTEST)
    (tmp_path / "some" / "test_some.py").write_text(TESTS)
    return tmp_path


def some(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "pytest", str(folder / "some"), "-n", "2"]
    argv += ["-p", "tests.workers", "-p", "no:cacheprovider", "--color=no"]
    argv += [f"--rootdir={folder}", "--ds=config.settings", "--no-migrations", "-rE"]
    argv += [
        "-c",
        "/dev/null",
        "--import-mode=importlib",
        "-o",
        "markers=slow",
        *options,
    ]
    return run(argv, clean_environment(folder / "state"), seconds=300)


def test_whoever_is_left_out_wrongly_is_named(folder: Path) -> None:
    done = some(folder)
    assert done.returncode == 1, done.stdout + done.stderr
    assert re.search(r"7 passed.*3 errors", done.stdout), done.stdout
    wrong = set(re.findall(r"^ERROR .*::(\w+)", done.stdout, re.MULTILINE))
    names = ("starts_a_process", "uses_the_broker", "asks_while_it_runs")
    assert wrong == {f"test_{name}" for name in names}
    assert "name the fixture `db`, or mark it slow" in done.stdout


def test_those_that_nothing_could_change_are_left_out_and_counted(folder: Path) -> None:
    done = some(folder, "--repeat")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 passed" in done.stdout
    assert "4 tests left out" in done.stdout


def test_a_run_without_any_test_does_not_pass(folder: Path) -> None:
    assert some(folder, "-k", "nobody").returncode == 5


def test_processes_share_neither_files_nor_a_redis(tmp_path: Path) -> None:
    (tmp_path / "secret_key").write_text("secret")
    one, two = own_folder(tmp_path, "gw0"), own_folder(tmp_path, "gw1")
    assert one != two
    assert (one / "secret_key").read_text() == (two / "secret_key").read_text()
    urls = [own_redis("redis://host:1/0", worker) for worker in ("gw0", "gw1")]
    assert urls == ["redis://host:1/0", "redis://host:1/16"]
