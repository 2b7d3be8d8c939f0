"""Model folders and rows for tests of the roll-out."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

from django.utils import timezone

from inference.spec import KERAS_FILE, SERVING_FILE, SPEC_FILE, model_folder
from monitor.models import ModelVersion
from monitor.services.versions import Author

AUTHOR = Author(by="test")


def twin(folder: Path, called: str = "twin-1", **spec: Any) -> Path:
    """The shipped paper's network under another name, with changes of its spec."""
    source, target = model_folder("dcnn-1"), folder / called
    target.mkdir(parents=True)
    shutil.copy(source / SERVING_FILE, target)
    values = json.loads((source / SPEC_FILE).read_text())
    values["sha256"].pop(KERAS_FILE)
    write_spec(target, values | {"name": called} | spec)
    return target


def write_spec(folder: Path, values: dict[str, Any]) -> None:
    (folder / SPEC_FILE).write_text(json.dumps(values))


def with_weights(folder: Path, weights: bytes) -> Path:
    """Other weights, rightly described by the spec."""
    (folder / SERVING_FILE).write_bytes(weights)
    values = json.loads((folder / SPEC_FILE).read_text())
    values["sha256"] = {SERVING_FILE: hashlib.sha256(weights).hexdigest()}
    write_spec(folder, values)
    return folder


def version_row(name: str, state: str = ModelVersion.State.IMPORTED) -> ModelVersion:
    """A version without files, for tests that load nothing."""
    return ModelVersion.objects.create(
        name=name,
        version=f"{name}@00000000",
        sha256="0" * 64,
        digest=hashlib.sha256(name.encode()).hexdigest(),
        spec={},
        source=name,
        state=state,
        imported_at=timezone.now(),
    )
