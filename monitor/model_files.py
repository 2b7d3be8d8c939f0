"""A model on its way between a folder, the database and a worker's cache.

Only what serving needs travels: the Keras file stays where the model was trained, and
the spec that travels does not mention it.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inference import ModelError
from inference.errors import CorruptModel, IncompatibleModel, MissingModel
from inference.runtime import check_serving
from inference.spec import KERAS_FILE, SERVING_FILE, SPEC_FILE, load_spec, model_folder

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")
LARGEST = 100 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Package:
    """A checked model: its spec and the bytes of the files that serving needs.

    digest: SHA-256 of the spec, which holds the hash of each file.
    """

    name: str
    version: str
    sha256: str
    digest: str
    spec: dict[str, Any]
    metrics: dict[str, Any]
    files: dict[str, bytes]


def package(model: str) -> Package:
    """Read a model's folder, or a shipped model's name; raises ModelError.

    Spec and hashes are checked, and the model must answer on a blank face from a copy
    of its own, as it later will in a worker.
    """
    folder = model_folder(model)
    checked = load_spec(folder)
    spec, spec_digest = travelling(folder)
    hashes: dict[str, str] = spec["sha256"]
    files = {name: _read(folder, name, digest) for name, digest in hashes.items()}
    if not NAME.fullmatch(checked.name):
        raise IncompatibleModel(
            f"the model's name {checked.name!r} cannot be used: letters, digits, dot, "
            "dash and underscore, 60 at most; export it under another one"
        )
    made = Package(
        name=checked.name,
        version=checked.version,
        sha256=hashes[SERVING_FILE],
        digest=spec_digest,
        spec=spec,
        metrics=checked.figures,
        files=files,
    )
    with tempfile.TemporaryDirectory() as name:
        check_serving(unpack(Path(name), made.digest, spec, files.items()))
    return made


def travelling(folder: Path) -> tuple[dict[str, Any], str]:
    """The folder's spec as it travels, and its SHA-256. Raises CorruptModel."""
    spec = _raw(folder / SPEC_FILE)
    spec["sha256"] = {k: v for k, v in spec["sha256"].items() if k != KERAS_FILE}
    return spec, _digest(json.dumps(spec, sort_keys=True).encode())


def unpack(
    cache: Path, digest: str, spec: dict[str, Any], files: Iterable[tuple[str, bytes]]
) -> Path:
    """The model's folder in `cache`: written elsewhere, then renamed.

    Hashes are compared on the way, so a folder that is there is whole. When another
    process was faster, its folder is used. Raises CorruptModel and OSError.
    """
    target = cache / digest
    if target.is_dir():
        return target
    cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    writing = Path(tempfile.mkdtemp(prefix=".writing-", dir=cache))
    try:
        for name, content in files:
            if _digest(content) != spec["sha256"][name]:
                raise CorruptModel(
                    f"{name} in the database is damaged (sha256 differs): delete this "
                    "version and import the model again"
                )
            (writing / name).write_bytes(content)
        (writing / SPEC_FILE).write_text(json.dumps(spec), encoding="utf-8")
        try:
            writing.rename(target)
        except OSError:
            if not target.is_dir():
                raise
    finally:
        shutil.rmtree(writing, ignore_errors=True)
    return target


def discard(cache: Path, digest: str) -> None:
    """Forget a folder of the cache, so that it is written anew."""
    shutil.rmtree(cache / digest, ignore_errors=True)


def _raw(path: Path) -> dict[str, Any]:
    """The spec as it is written; numbers that JSON does not know are refused."""

    def refuse(word: str) -> None:
        raise ValueError(f"{word} is no number")

    try:
        values: dict[str, Any] = json.loads(
            path.read_text(encoding="utf-8"), parse_constant=refuse
        )
    except ValueError as error:
        raise CorruptModel(f"{path} is damaged ({error}): export it again") from error
    return values


def _read(folder: Path, name: str, digest: str) -> bytes:
    path = folder / name
    if not NAME.fullmatch(name) or name == SPEC_FILE:
        raise CorruptModel(f"the spec names {name!r}, which is no plain file name")
    if not path.is_file():
        raise MissingModel(f"{path} does not exist: export the model again")
    if path.stat().st_size > LARGEST:
        raise ModelError(
            f"{path} is larger than {LARGEST // 1024 // 1024} MB, too large to be "
            "handed to every worker through the database"
        )
    content = path.read_bytes()
    if _digest(content) != digest:
        raise CorruptModel(
            f"{path} is not the file that its spec describes (sha256 differs): "
            "copy or export the model again"
        )
    return content


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
