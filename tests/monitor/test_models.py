"""Bringing models in, choosing one, and the way back."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import IntegrityError
from django.test import Client
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from inference.errors import CorruptModel
from inference.runtime import get_engine
from inference.spec import SERVING_FILE, active_name
from monitor.checks import pinned_model
from monitor.models import ModelEvent, ModelFile, ModelVersion, Reading
from monitor.services import analysis, serving, versions
from tests.faces import draw_face
from tests.monitor.conftest import Waiting
from tests.monitor.models_of import AUTHOR, twin, version_row, with_weights

pytestmark = [pytest.mark.django_db, pytest.mark.model]
State = ModelVersion.State


@pytest.fixture(autouse=True)
def cache(settings: Settings, tmp_path: Path) -> Path:
    settings.MODEL_CACHE = tmp_path / "cache"
    settings.EMOTION_MODEL = ""
    return tmp_path / "cache"


def models(*args: object) -> str:
    out = StringIO()
    call_command("models", *map(str, args), stdout=out)
    return out.getvalue()


def states() -> dict[str, str]:
    return dict(ModelVersion.objects.values_list("name", "state"))


def test_an_imported_model_is_in_but_not_in_use(tmp_path: Path) -> None:
    assert "twin-1@3f4a3e57 is in\n" in models("import", twin(tmp_path))
    row = ModelVersion.objects.get()
    assert (row.state, row.activated_at) == (State.IMPORTED, None)
    assert row.metrics == row.spec["figures"] != {}
    assert [file.name for file in row.files.all()] == [SERVING_FILE]
    assert serving.in_use().live == active_name()


def test_a_second_import_changes_nothing(tmp_path: Path) -> None:
    folder = twin(tmp_path)
    models("import", folder)
    assert "is in already" in models("import", folder)
    assert ModelEvent.objects.count() == ModelFile.objects.count() == 1


def test_a_shipped_model_is_imported_by_its_name() -> None:
    models("import", "dcnn-1")
    assert states() == {"dcnn-1": State.IMPORTED}


def spoil(folder: Path) -> None:
    (folder / SERVING_FILE).write_bytes(b"spoiled")


def cut_spec(folder: Path) -> None:
    (folder / "spec.json").write_text('{"format": 1, "name": ')


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (spoil, "sha256 differs"),
        (lambda folder: (folder / SERVING_FILE).unlink(), "does not exist"),
        (cut_spec, "damaged"),
        (lambda folder: with_weights(folder, b"no network"), "cannot be loaded"),
    ],
)
def test_a_damaged_model_is_refused(
    tmp_path: Path, damage: Callable[[Path], Any], message: str
) -> None:
    folder = twin(tmp_path)
    damage(folder)
    with pytest.raises(CommandError, match=message):
        models("import", folder)
    assert not ModelVersion.objects.exists()


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"name": "../up"}, "cannot be used"),
        ({"figures": {"accuracy": float("nan")}}, "NaN is no number"),
        ({"sha256": {"../key": "0" * 64, SERVING_FILE: "0" * 64}}, "no plain file"),
    ],
)
def test_a_spec_that_makes_no_sense_is_refused(
    tmp_path: Path, spec: dict[str, Any], message: str
) -> None:
    folder = twin(tmp_path, "odd", **spec)
    with pytest.raises(CommandError, match=message):
        models("import", folder)
    assert not ModelVersion.objects.exists()


def test_the_same_weights_with_another_spec_need_another_name(tmp_path: Path) -> None:
    models("import", twin(tmp_path / "a"))
    with pytest.raises(CommandError, match="under another name"):
        models("import", twin(tmp_path / "b", temperature=2.0))


def test_activating_brings_in_what_was_in_use_so_that_there_is_a_way_back(
    tmp_path: Path,
) -> None:
    models("import", twin(tmp_path))
    models("activate", "twin-1")
    assert states() == {"twin-1": State.ACTIVE, active_name(): State.RETIRED}
    models("rollback")
    assert states() == {"twin-1": State.RETIRED, active_name(): State.ACTIVE}


def test_every_change_is_a_row(tmp_path: Path) -> None:
    models("import", twin(tmp_path))
    models("activate", "twin-1")
    changes = list(ModelEvent.objects.values_list("version__name", "old", "new"))
    assert changes == [
        ("twin-1", "", "imported"),
        (active_name(), "", "imported"),
        (active_name(), "imported", "active"),
        (active_name(), "active", "retired"),
        ("twin-1", "imported", "active"),
    ]
    assert all("command line" in event.by for event in ModelEvent.objects.all())


def test_a_rollback_never_goes_to_what_was_left_by_a_rollback(tmp_path: Path) -> None:
    for name in ("one", "two"):
        models("import", twin(tmp_path, name))
        models("activate", name)
    models("rollback")
    assert states()["one"] == State.ACTIVE
    models("rollback")
    assert states()[active_name()] == State.ACTIVE
    with pytest.raises(CommandError, match="no model was active before"):
        models("rollback")


def test_activating_the_active_one_changes_nothing(tmp_path: Path) -> None:
    models("import", twin(tmp_path))
    models("activate", "twin-1")
    before = ModelEvent.objects.count()
    models("activate", "twin-1")
    assert ModelEvent.objects.count() == before


@pytest.mark.parametrize("state", [State.ACTIVE, State.SHADOW])
def test_the_database_allows_one_of_a_kind(state: str) -> None:
    version_row("one", state)
    with pytest.raises(IntegrityError):
        version_row("two", state)


def test_an_unknown_version_is_refused_with_a_way_on() -> None:
    with pytest.raises(CommandError, match="models import"):
        models("activate", "nobody")


def test_a_pinned_model_cannot_be_changed_behind_its_back(
    tmp_path: Path, settings: Settings
) -> None:
    models("import", twin(tmp_path))
    settings.EMOTION_MODEL = "dcnn-1"
    with pytest.raises(CommandError, match="MODEL=dcnn-1 pins"):
        models("activate", "twin-1")
    assert states() == {"twin-1": State.IMPORTED}


def test_a_version_that_is_damaged_in_the_database_is_not_activated(
    tmp_path: Path,
) -> None:
    models("import", twin(tmp_path))
    ModelFile.objects.update(content=b"spoiled")
    with pytest.raises(CommandError, match="import the model again"):
        models("activate", "twin-1")
    assert states() == {"twin-1": State.IMPORTED}


def test_the_environment_wins_over_the_database_and_that_over_the_file(
    settings: Settings, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    assert serving.in_use().live == active_name()
    row = version_row("one", State.ACTIVE)
    with django_assert_num_queries(1):
        use = serving.in_use()
    assert isinstance(use.live, serving.Stored)
    assert (use.live.pk, use.version) == (row.pk, row.version)
    settings.EMOTION_MODEL = "dcnn-1"
    assert serving.in_use().live == "dcnn-1"


def test_a_pin_against_the_database_is_a_warning_where_databases_are_checked(
    settings: Settings, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    version_row("one", State.ACTIVE)
    assert pinned_model(["default"]) == []
    settings.EMOTION_MODEL = "dcnn-1"
    assert [row.id for row in pinned_model(["default"])] == ["monitor.W001"]
    with django_assert_num_queries(0):
        assert pinned_model() == []


def stored(folder: Path) -> serving.Stored:
    row, _ = versions.version_import(model=str(folder), author=AUTHOR)
    return versions.stored(row)


def test_a_worker_fetches_the_files_once(
    tmp_path: Path, cache: Path, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    version = stored(twin(tmp_path))
    folder = serving.folder_of(version)
    with django_assert_num_queries(0):
        assert serving.folder_of(version) == folder
    assert [path.name for path in cache.iterdir()] == [version.digest]


def test_a_damaged_copy_is_fetched_again(tmp_path: Path) -> None:
    version = stored(twin(tmp_path))
    spoil(serving.folder_of(version))
    assert serving.load(version, get_engine).model_version == version.version


def test_a_copy_that_cannot_be_made_leaves_nothing_behind(
    tmp_path: Path, cache: Path
) -> None:
    version = stored(twin(tmp_path))
    ModelFile.objects.update(content=b"spoiled")
    with pytest.raises(CorruptModel):
        serving.folder_of(version)
    assert list(cache.iterdir()) == []


def test_pictures_claimed_after_an_activation_are_read_by_the_new_model(
    tmp_path: Path, waiting: Waiting
) -> None:
    models("import", twin(tmp_path))
    for change in ((), ("activate", "twin-1"), ("rollback",)):
        if change:
            models(*change)
        waiting(draw_face())
        analysis.analyse_waiting()
    rows = Reading.objects.order_by("pk").values_list("model", flat=True)
    names = [model.partition("@")[0] for model in rows]
    assert names == [active_name(), "twin-1", active_name()]


def test_the_list_names_what_is_in_use(tmp_path: Path) -> None:
    assert f"named {active_name()}" in models("list")
    models("import", twin(tmp_path))
    models("activate", "twin-1")
    assert "in use: twin-1@3f4a3e57 (stored)" in models("list")


def test_the_admin_shows_versions_and_changes_none(admin: User) -> None:
    row = version_row("one")
    client = Client()
    client.force_login(admin)
    assert client.get("/admin/monitor/modelversion/").status_code == 200
    url = f"/admin/monitor/modelversion/{row.pk}"
    assert client.get(f"{url}/change/").status_code == 200
    assert client.post(f"{url}/change/", {"name": "two"}).status_code == 403
    assert client.post(f"{url}/delete/", {"post": "yes"}).status_code == 403
