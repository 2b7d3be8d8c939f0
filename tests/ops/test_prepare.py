from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management import call_command
from pytest_django import Settings

from config import prepare


@pytest.fixture
def no_keys_in_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SECRET_KEY", "IMAGE_KEYS"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(f"{name}_FILE", raising=False)


@pytest.mark.usefixtures("no_keys_in_environment")
def test_keys_are_made_once_and_for_the_owner_only(tmp_path: Path) -> None:
    state = tmp_path / "state"
    assert prepare.make_keys(state) == ["secret_key", "image_keys"]
    before = {path.name: path.read_text() for path in state.iterdir()}
    assert prepare.make_keys(state) == []
    assert {path.name: path.read_text() for path in state.iterdir()} == before
    assert {path.stat().st_mode & 0o777 for path in state.iterdir()} == {0o600}
    assert state.stat().st_mode & 0o777 == 0o700


@pytest.mark.usefixtures("no_keys_in_environment")
def test_an_interrupted_write_leaves_no_half_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(_descriptor: int) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", interrupt)
        with pytest.raises(KeyboardInterrupt):
            prepare.make_keys(tmp_path)
    assert not (tmp_path / "secret_key").exists()
    assert prepare.make_keys(tmp_path) == ["secret_key", "image_keys"]


def test_a_key_from_the_environment_is_not_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_KEY", "from elsewhere")
    assert "secret_key" not in prepare.make_keys(tmp_path)


@pytest.mark.django_db
def test_a_migrated_database_is_left_alone() -> None:
    assert prepare.migrate() == "up to date"


@pytest.mark.django_db(transaction=True)
def test_what_is_missing_is_migrated() -> None:
    call_command("migrate", "authtoken", "zero", verbosity=0)
    try:
        assert "migrations applied" in prepare.migrate()
    finally:
        call_command("migrate", verbosity=0)


def test_static_files_are_collected_when_one_changed(
    tmp_path: Path, settings: Settings
) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "a.css").write_text("a {}")
    settings.STATIC_ROOT = tmp_path / "collected"
    settings.STATICFILES_DIRS = [source]
    settings.STATICFILES_FINDERS = [
        "django.contrib.staticfiles.finders.FileSystemFinder"
    ]
    assert prepare.collect_static() == "1 files collected"
    assert prepare.collect_static() == "up to date"
    (source / "a.css").write_text("a { color: red }")
    assert prepare.collect_static() == "1 files collected"
