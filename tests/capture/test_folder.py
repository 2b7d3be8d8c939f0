"""The newest picture of a folder, and nothing from outside of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from capture import CaptureError, Code, Kind, Limits, Shot, Source
from capture.folder import _found, fetch
from tests.capture.cameras import jpeg


def put(folder: Path, name: str, data: bytes, at: int) -> None:
    path = folder / name
    path.write_bytes(data)
    os.utime(path, (at, at))


def shot(folder: Path, after: str = "") -> Shot:
    return fetch(Source(Kind.FOLDER, str(folder), after=after), Limits(bytes=50_000))


def code_of(folder: Path, after: str = "") -> Code:
    with pytest.raises(CaptureError) as caught:
        shot(folder, after)
    return caught.value.code


def test_the_newest_picture_is_given_once(tmp_path: Path) -> None:
    put(tmp_path, "b.jpg", jpeg(10), 1000)
    put(tmp_path, "a.JPG", jpeg(20), 2000)
    first = shot(tmp_path)
    assert (first.data, first.taken_at.timestamp()) == (jpeg(20), 2000)
    assert code_of(tmp_path, first.mark) == Code.EMPTY
    put(tmp_path, "c.jpg", jpeg(30), 3000)
    assert shot(tmp_path, first.mark).data == jpeg(30)


def test_links_folders_and_pipes_are_no_pictures(tmp_path: Path) -> None:
    outside, folder = tmp_path / "outside.jpg", tmp_path / "folder"
    outside.write_bytes(jpeg())
    folder.mkdir()
    (folder / "link.jpg").symlink_to(outside)
    (folder / "folder.jpg").mkdir()
    os.mkfifo(folder / "pipe.jpg")
    put(folder, ".hidden.jpg", jpeg(), 1000)
    put(folder, "notes.txt", jpeg(), 1000)
    assert code_of(folder) == Code.EMPTY


def test_a_file_that_is_being_written_waits(tmp_path: Path) -> None:
    put(tmp_path, "old.jpg", jpeg(10), 1000)
    (tmp_path / "new.jpg").write_bytes(jpeg(20)[:-50])
    assert shot(tmp_path).data == jpeg(10)
    put(tmp_path, "new.jpg", jpeg(20)[:-50], 2000)
    assert code_of(tmp_path) == Code.NOT_A_PICTURE


def test_each_trouble_has_its_state(tmp_path: Path) -> None:
    assert code_of(tmp_path / "none") == Code.NOT_FOUND
    assert code_of(tmp_path) == Code.EMPTY
    put(tmp_path, "large.jpg", jpeg() + bytes(60_000), 1000)
    assert code_of(tmp_path) == Code.TOO_LARGE
    put(tmp_path, "text.jpg", b"no picture", 2000)
    assert code_of(tmp_path) == Code.NOT_A_PICTURE


def test_a_file_that_is_deleted_meanwhile_is_passed_over(tmp_path: Path) -> None:
    """A recorder that makes room must not look like a folder that is gone."""
    put(tmp_path, "old.jpg", jpeg(10), 1000)
    with os.scandir(tmp_path) as entries:
        (entry,) = entries
    (tmp_path / "old.jpg").unlink()
    assert entry.is_file(follow_symlinks=False)  # as it was listed
    assert _found(entry) is None
