"""Which model reads: decided here and nowhere else.

1. MODEL in the environment pins a model on the hosts where it is set;
2. otherwise the version that is active in the database;
3. otherwise the file inference/models/active.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from django.conf import settings
from django.db import Error as DatabaseProblem

from inference.errors import ModelError
from inference.runtime import active_spec
from inference.spec import (
    MODELS,
    SPEC_FILE,
    active_name,
    check_weights,
    load_spec,
    model_folder,
)
from monitor.model_files import discard, travelling, unpack
from monitor.models import ModelFile, ModelVersion

Loaded = TypeVar("Loaded")
State = ModelVersion.State


@dataclass(frozen=True, slots=True)
class Stored:
    """A version of the database; `digest` names its folder in the cache."""

    pk: int
    version: str
    digest: str


@dataclass(frozen=True, slots=True)
class InUse:
    """The model that counts (stored, or a folder's name), and the one beside it."""

    live: Stored | str
    shadow: Stored | None = None

    @property
    def version(self) -> str:
        """Of the model that counts. Raises ModelError."""
        if isinstance(self.live, Stored):
            return self.live.version
        return active_spec(self.live).version


def in_use() -> InUse:
    """One query. To be asked after a claim: then whoever activates a model knows that
    every picture claimed from now on is read by it. Raises ModelError."""
    rows = ModelVersion.objects.filter(state__in=ModelVersion.IN_USE).order_by()
    stored = {
        state: Stored(pk, version, digest)
        for state, pk, version, digest in rows.values_list(
            "state", "pk", "version", "digest"
        )
    }
    shadow = stored.get(State.SHADOW)
    if settings.EMOTION_MODEL:
        return InUse(settings.EMOTION_MODEL, shadow)
    return InUse(stored.get(State.ACTIVE) or active_name(), shadow)


def load(model: Stored | str, how: Callable[[str | Path], Loaded]) -> Loaded:
    """`how` applied to the model's folder, which is written anew once if it fails.

    Raises ModelError, and OSError when the cache cannot be written.
    """
    if isinstance(model, str):
        return how(model)
    try:
        return how(folder_of(model))
    except ModelError:
        discard(settings.MODEL_CACHE, model.digest)
        return how(folder_of(model))


def at_hand(asked: str) -> tuple[Path, str]:
    """A model's folder for work beside the workers, and who chose it.

    asked: a name or folder, or "" for the one in use; where no database answers, that
    is the file's. Raises ModelError.
    """
    if asked:
        return model_folder(asked), "as asked"
    try:
        live = in_use().live
        if isinstance(live, Stored):
            return _trained_here(live) or load(live, _checked), "active in the database"
    except DatabaseProblem:
        live = settings.EMOTION_MODEL or active_name()
    except OSError as error:
        raise ModelError(f"the model in use cannot be unpacked: {error}") from error
    pinned = (
        "pinned by MODEL"
        if settings.EMOTION_MODEL
        else "named in inference/models/active"
    )
    return model_folder(live), pinned


def _trained_here(live: Stored) -> Path | None:
    """The folder that the version was imported from, if it is as it was then.

    Beside what the database holds it has the Keras file, which Grad-CAM needs.
    """
    folder = MODELS / live.version.rpartition("@")[0]
    if not (folder / SPEC_FILE).is_file():
        return None
    return folder if travelling(folder)[1] == live.digest else None


def _checked(model: str | Path) -> Path:
    folder = model_folder(model)
    check_weights(folder, load_spec(folder))
    return folder


def folder_of(model: Stored | str) -> Path:
    """The folder that holds the model on this host, from the database if need be."""
    if isinstance(model, str):
        return model_folder(model)
    folder: Path = settings.MODEL_CACHE / model.digest
    if folder.is_dir():
        return folder
    spec = ModelVersion.objects.values_list("spec", flat=True).get(pk=model.pk)
    files = ModelFile.objects.filter(version=model.pk).values_list("name", "content")
    return unpack(
        settings.MODEL_CACHE,
        model.digest,
        spec,
        ((name, bytes(content)) for name, content in files.iterator()),
    )
