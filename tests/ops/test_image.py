from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

from tests.ops.processes import ROOT, clean_environment, run

DOCKERFILE = (ROOT / "Dockerfile").read_text()
LINES = re.sub(r"\\\n\s*", "", DOCKERFILE).splitlines()


def instructions(word: str) -> list[str]:
    return [line.partition(" ")[2] for line in LINES if line.startswith(f"{word} ")]


def copied() -> Iterator[str]:
    """What is taken from the checkout, not from another stage."""
    for arguments in instructions("COPY"):
        if not arguments.startswith("--from="):
            yield from arguments.split()[:-1]


def sent_to_the_builder(name: str) -> bool:
    rules = (ROOT / ".dockerignore").read_text().splitlines()
    kept = False
    for rule in (rule for rule in rules if rule and not rule.startswith("#")):
        pattern = rule.removeprefix("!")
        if fnmatch(name, pattern) or Path(name).parts[0] == pattern:
            kept = rule.startswith("!")
    return kept


def test_it_runs_as_a_user_without_rights() -> None:
    last_stage = DOCKERFILE[DOCKERFILE.rindex("\nFROM ") :]
    assert re.search(r"^USER 10001:10001$", last_stage, re.MULTILINE)
    assert "useradd --system --uid 10001" in DOCKERFILE


@pytest.mark.parametrize("name", sorted(set(copied())))
def test_what_it_copies_is_there(name: str) -> None:
    assert (ROOT / name).exists()
    assert sent_to_the_builder(name)


@pytest.mark.parametrize("name", ["var", ".git", ".env", "tests", "secrets.txt"])
def test_what_is_private_never_reaches_the_builder(name: str) -> None:
    assert not sent_to_the_builder(name)


def test_no_secret_is_kept_in_the_image() -> None:
    kept = instructions("ENV") + instructions("ARG")
    assert not [line for line in kept if re.search("KEY|PASSWORD|SECRET|TOKEN", line)]


def test_every_package_of_the_product_is_in_it() -> None:
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert packages - {"tests", "bench"} <= set(copied())


def test_linters_have_nothing_to_say() -> None:
    lint = shutil.which("hadolint", path=str(Path(sys.executable).parent))
    if not lint:
        pytest.skip("hadolint is not installed on this kind of machine")
    assert run([lint, "Dockerfile"], {}).stdout == ""


@pytest.mark.slow
def test_static_files_are_collected_as_in_the_image(tmp_path: Path) -> None:
    """The command of the Dockerfile, on what the Dockerfile copies and nothing else."""
    for name in copied():
        source, target = ROOT / name, tmp_path / name
        if source.is_dir():
            shutil.copytree(
                source, target, ignore=shutil.ignore_patterns("__pycache__")
            )
        else:
            shutil.copy2(source, target)
    (tmp_path / "node_modules").symlink_to(ROOT / "node_modules")
    [line] = [line for line in instructions("RUN") if "collectstatic" in line]
    line = line.replace("/tmp/state", str(tmp_path / "state"))
    line = line.replace("python", sys.executable)
    done = run(["sh", "-ec", line], clean_environment(tmp_path), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "staticfiles" / "staticfiles.json").exists()
    assert list((tmp_path / "staticfiles" / "vendor").rglob("htmx.min.*.js"))
