"""The whole of `manage.py analyse`: paths in, one entry per file out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inference.errors import UnreadableImage
from inference.pictures import SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from inference.engine import Engine
    from inference.types import FaceReading, FrameReading

BATCH = 32
BATCH_BYTES = 64 * 2**20  # a batch of large files must not fill the memory


@dataclass(frozen=True, slots=True)
class Entry:
    """The outcome of one file; `error` is "" or a message for people."""

    file: str
    faces: tuple[FaceReading, ...] = ()
    error: str = ""

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready: {file, error} or {file, faces}."""
        if self.error:
            return {"file": self.file, "error": self.error}
        return {"file": self.file, "faces": [_face(face) for face in self.faces]}


def _face(face: FaceReading) -> dict[str, Any]:
    return {
        "box": face.box.as_list(),
        "label": face.label,
        "probabilities": {
            name: round(value, 4)
            for name, value in face.probabilities.as_dict().items()
        },
        "usable": face.usable,
        "reason": face.reason,
    }


def expand(paths: Iterable[Path]) -> Iterator[Path]:
    """Files as they are, folders as the pictures under them, in order of name."""
    for path in paths:
        if path.is_dir():
            yield from sorted(
                file
                for file in path.rglob("*")
                if file.suffix.lower() in SUFFIXES and file.is_file()
            )
        else:
            yield path


def scan(
    paths: Iterable[Path], engine: Engine, *, crops: bool = False
) -> Iterator[Entry]:
    """One entry per file, in order; memory stays bounded whatever the number."""
    names: list[Path] = []
    contents: list[bytes | str] = []
    size = 0
    for path in expand(paths):
        content = _read(path)
        names.append(path)
        contents.append(content)
        size += len(content)
        if len(names) == BATCH or size >= BATCH_BYTES:
            yield from _entries(names, contents, engine, crops)
            names, contents, size = [], [], 0
    yield from _entries(names, contents, engine, crops)


def _read(path: Path) -> bytes | str:
    """The file's bytes, or a message that says why there are none."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return "The file does not exist."
    except OSError as error:
        return f"The file cannot be read: {error.strerror}."


def _entries(
    names: Sequence[Path], contents: Sequence[bytes | str], engine: Engine, crops: bool
) -> Iterator[Entry]:
    images = [content for content in contents if isinstance(content, bytes)]
    analyse = engine.analyse_crops if crops else engine.analyse
    readings = iter(analyse(images))
    for name, content in zip(names, contents, strict=True):
        if isinstance(content, str):
            yield Entry(str(name), error=content)
        else:
            yield _entry(name, next(readings))


def _entry(name: Path, reading: FrameReading) -> Entry:
    if reading.error:
        message = UnreadableImage.MESSAGES[reading.error]
        return Entry(str(name), error=f"{reading.error}: {message}")
    return Entry(str(name), faces=reading.faces)


HEADER = f"{'file':40} {'box (x y w h)':20} {'emotion':9} {'p':>5}  usable"


def lines(entry: Entry) -> list[str]:
    """The entry's rows of the table under `HEADER`, one per face."""
    if entry.error:
        return [f"{entry.file:40} {entry.error}"]
    if not entry.faces:
        return [f"{entry.file:40} no face"]
    return [
        f"{entry.file:40} {' '.join(map(str, face.box.as_list())):20} "
        f"{face.label:9} {face.probabilities.confidence:5.2f}  {face.reason or 'yes'}"
        for face in entry.faces
    ]
