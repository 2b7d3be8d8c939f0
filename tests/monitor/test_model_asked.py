"""Commands beside the workers follow the model in use, with a database or without."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError
from pytest_django.fixtures import Settings

from inference.errors import ModelError
from inference.spec import active_name, load_spec, model_folder
from inference.training.explain import Explainer
from monitor.services import serving, versions
from tests.inference.sets import write_tree
from tests.monitor.models_of import AUTHOR, twin

pytestmark = [pytest.mark.django_db, pytest.mark.model]


@pytest.fixture(autouse=True)
def cache(settings: Settings, tmp_path: Path) -> Path:
    settings.MODEL_CACHE = tmp_path / "cache"
    settings.EMOTION_MODEL = ""
    return tmp_path / "cache"


@pytest.fixture
def active(tmp_path: Path) -> Path:
    """The folder of a model that was imported and activated."""
    folder = twin(tmp_path / "models")
    version, _ = versions.version_import(model=str(folder), author=AUTHOR)
    versions.version_activate(version=version, author=AUTHOR)
    return folder


@pytest.fixture
def no_database(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused() -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr(serving, "in_use", refused)


def test_the_version_that_the_database_has_activated_is_used(
    active: Path, cache: Path
) -> None:
    folder, why = serving.at_hand("")
    assert folder.parent == cache
    assert load_spec(folder).version == "twin-1@3f4a3e57"
    assert why == "active in the database"


def test_the_folder_it_came_from_is_used_while_it_is_unchanged(
    active: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "MODELS", active.parent)
    assert serving.at_hand("")[0] == active
    spec = active / "spec.json"
    spec.write_text(spec.read_text().replace('"temperature": ', '"temperature": 1'))
    assert serving.at_hand("")[0].parent == cache


def test_before_any_activation_it_is_the_files_model() -> None:
    assert serving.at_hand("") == (
        model_folder(active_name()),
        "named in inference/models/active",
    )


def test_without_a_database_it_is_the_files_model(no_database: None) -> None:
    assert serving.at_hand("")[0] == model_folder(active_name())


def test_a_pinned_model_is_used_without_a_database(
    no_database: None, settings: Settings
) -> None:
    settings.EMOTION_MODEL = "dcnn-1"
    assert serving.at_hand("") == (model_folder("dcnn-1"), "pinned by MODEL")


def test_a_model_that_is_asked_for_needs_no_database(no_database: None) -> None:
    assert serving.at_hand("dcnn-1")[0] == model_folder("dcnn-1")


def test_it_refuses_where_the_model_cannot_be_unpacked(
    active: Path, settings: Settings, tmp_path: Path
) -> None:
    settings.MODEL_CACHE = tmp_path / "file" / "cache"
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(ModelError, match="cannot be unpacked"):
        serving.at_hand("")


def test_one_name_is_compared_with_the_model_in_use(
    active: Path, tmp_path: Path
) -> None:
    tree = write_tree(tmp_path / "set", {"happy": 3, "sad": 3})
    out, errors = StringIO(), StringIO()
    words = ["dcnn-1", "--data", str(tree), "--crops"]
    call_command("compare", *words, stdout=out, stderr=errors)
    assert "twin-1 → dcnn-1" in out.getvalue()
    assert errors.getvalue() == "model twin-1@3f4a3e57, active in the database\n"


def test_a_card_is_not_written_into_the_cache(active: Path, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="name its folder with --model"):
        call_command("evaluate", "--data", str(tmp_path), "--record", "ours")


def test_without_a_keras_file_occlusion_explains_alone(active: Path) -> None:
    folder, _ = serving.at_hand("")
    assert Explainer(folder)._gradcam is None
    with pytest.raises(ModelError, match="use --method occlusion"):
        Explainer(folder, ("gradcam",))
