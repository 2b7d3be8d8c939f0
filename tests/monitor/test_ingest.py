"""manage.py ingest: a folder of pictures of one person."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from zipfile import (
    ZIP_BZIP2,
    ZIP_DEFLATED,
    ZIP_LZMA,
    ZIP_STORED,
    ZipFile,
    ZipInfo,
)
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command

from monitor.models import Person, Snapshot
from monitor.pictures import MAX_BYTES
from monitor.services.folder import Item, archive_items, folder_items, taken_at
from tests import images

BERLIN = ZoneInfo("Europe/Berlin")


def ingest(folder: Path, person: str | None = "P001") -> str:
    out = io.StringIO()
    call_command("ingest", str(folder), person=person, stdout=out, stderr=io.StringIO())
    return out.getvalue().strip()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "deeper").mkdir()
    (tmp_path / "2026-01-05_10-00-00.jpg").write_bytes(images.jpeg(1))
    (tmp_path / "deeper" / "IMG_20260105_110000.JPG").write_bytes(images.jpeg(2))
    (tmp_path / "notes.txt").write_text("no picture")
    return tmp_path


def test_all_pictures_below_the_folder_are_taken_in(
    person: Person, folder: Path
) -> None:
    assert ingest(folder) == "2 taken in, 0 were in already, 0 refused"
    hours = [row.taken_at.hour for row in Snapshot.objects.order_by("taken_at")]
    assert hours == [9, 10]
    assert set(Snapshot.objects.values_list("source", flat=True)) == {"folder"}


def test_a_second_run_goes_on_behind_the_first(person: Person, folder: Path) -> None:
    ingest(folder)
    (folder / "new.jpg").write_bytes(images.jpeg(3))
    assert ingest(folder) == "1 taken in, 2 were in already, 0 refused"


def test_a_bad_file_is_named_and_stops_nothing(person: Person, folder: Path) -> None:
    (folder / "aaa.jpg").write_bytes(b"text")
    with pytest.raises(SystemExit):
        ingest(folder)
    assert Snapshot.objects.count() == 2


@pytest.mark.parametrize(
    ("name", "message"),
    [("missing", "is not a folder"), ("", "There is no person")],
)
def test_it_says_what_is_wrong(
    organisation: object, folder: Path, name: str, message: str
) -> None:
    with pytest.raises(CommandError, match=message):
        ingest(folder / name if name else folder, person="nobody")


def test_an_empty_folder_is_said_to_be_empty(person: Person, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="holds no"):
        ingest(tmp_path)


@pytest.mark.parametrize(
    "name",
    [
        "2026-03-04_10-11-12.jpg",
        "IMG_20260304_101112.jpg",
        "2026-03-04 10.11.12.jpg",
        "cam1-20260304T101112.jpg",
    ],
)
def test_the_time_is_read_from_the_name(name: str) -> None:
    moment = taken_at(item(name), images.jpeg(), BERLIN)
    assert moment == datetime(2026, 3, 4, 10, 11, 12, tzinfo=BERLIN)


def test_exif_goes_before_the_name() -> None:
    moment = taken_at(item("2020-01-01_00-00-00.jpg"), images.with_exif(), BERLIN)
    assert moment == datetime(2026, 3, 4, 10, 11, 12, tzinfo=BERLIN)


def test_without_both_the_files_own_time_counts(tmp_path: Path) -> None:
    path = tmp_path / "99999999_999999.jpg"
    path.write_bytes(images.jpeg())
    written = datetime.fromtimestamp(path.stat().st_mtime, tz=UTC)
    assert taken_at(folder_items(tmp_path)[0], images.jpeg(), BERLIN) == written


def item(name: str) -> Item:
    return Item(PurePosixPath(name), datetime(2020, 5, 5, tzinfo=UTC), images.jpeg)


def test_folders_may_be_named_by_people(person: Person, tmp_path: Path) -> None:
    for place in ("P001/monday", "P999", "."):
        (tmp_path / place).mkdir(parents=True, exist_ok=True)
        (tmp_path / place / "a.jpg").write_bytes(images.jpeg(1))
    out, err = io.StringIO(), io.StringIO()
    with pytest.raises(SystemExit):
        call_command("ingest", str(tmp_path), stdout=out, stderr=err)
    assert out.getvalue().strip() == "1 taken in, 0 were in already, 2 refused"
    assert "P999/a.jpg: there is no person with number P999" in err.getvalue()
    assert "a.jpg: lies in no folder named by a personnel number" in err.getvalue()


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "pictures.zip"
    with ZipFile(path, "w") as made:
        made.writestr("P001/2026-01-05_10-00-00.jpg", images.jpeg(1))
        made.writestr(ZipInfo("P001/b.jpg", (2026, 1, 5, 11, 0, 0)), images.jpeg(2))
        made.writestr("P001/notes.txt", "no picture")
    return path


def test_an_archive_is_a_folder(person: Person, archive: Path) -> None:
    assert ingest(archive, person=None) == "2 taken in, 0 were in already, 0 refused"
    assert ingest(archive, person=None) == "0 taken in, 2 were in already, 0 refused"
    hours = [row.taken_at.hour for row in Snapshot.objects.order_by("taken_at")]
    assert hours == [9, 10]


def test_a_bomb_in_an_archive_is_not_unpacked(person: Person, tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    with ZipFile(path, "w", ZIP_DEFLATED) as made:
        made.writestr("P001/a.jpg", bytes(50 * 1024 * 1024))
    with ZipFile(path) as opened:
        read = archive_items(opened, BERLIN)[0].read()
    assert len(read) == MAX_BYTES + 1
    with pytest.raises(SystemExit):
        ingest(path)


def test_a_damaged_member_is_named_and_stops_nothing(
    person: Person, archive: Path
) -> None:
    data = archive.read_bytes()
    at = data.index(images.jpeg(1)[200:300])
    archive.write_bytes(data[:at] + b"damaged" + data[at + 7 :])
    with pytest.raises(SystemExit):
        ingest(archive)
    assert Snapshot.objects.count() == 1


def test_links_pipes_and_folders_are_no_pictures(
    person: Person, tmp_path: Path, folder: Path
) -> None:
    other = tmp_path.parent / "other.jpg"
    other.write_bytes(images.jpeg(9))
    (folder / "link.jpg").symlink_to(other)
    (folder / "folder.jpg").mkdir()
    os.mkfifo(folder / "pipe.jpg")
    with pytest.raises(SystemExit):
        ingest(folder)
    assert Snapshot.objects.count() == 2


def test_a_huge_file_is_not_read_to_its_end(tmp_path: Path) -> None:
    with (tmp_path / "huge.jpg").open("wb") as file:
        file.truncate(50 * 1024**3)  # holes, which take no place on the disk
    (item,) = folder_items(tmp_path)
    assert len(item.read()) == MAX_BYTES + 1


def said(name: str, value: int) -> Callable[[bytes, ZipInfo], bytes]:
    """The list at the end of the archive says this of its member."""

    def damage(data: bytes, info: ZipInfo) -> bytes:
        setattr(info, name, value)
        return data

    return damage


@pytest.mark.parametrize(
    ("kind", "damage"),
    [
        (ZIP_LZMA, lambda data, _info: data[:80] + bytes(40) + data[120:]),
        (ZIP_BZIP2, lambda data, _info: data[:80] + bytes(40) + data[120:]),
        (ZIP_STORED, said("compress_size", 9**9)),
        (ZIP_STORED, said("header_offset", 9**9)),
        (ZIP_STORED, said("flag_bits", 1)),
    ],
)
def test_every_damage_of_a_member_is_an_error_of_reading(
    kind: int, damage: Callable[[bytes, ZipInfo], bytes]
) -> None:
    file = io.BytesIO()
    with ZipFile(file, "w", kind) as made:
        made.writestr("a.jpg", images.jpeg(1))
    with ZipFile(file) as opened:
        info = opened.infolist()[0]
        info.file_size = 9**9
        data = damage(file.getvalue(), info)
        file.seek(0)
        file.write(data)
        with pytest.raises(OSError, match="."):
            archive_items(opened, BERLIN)[0].read()


def test_a_name_in_an_archive_moves_no_cursor(person: Person, tmp_path: Path) -> None:
    path, err = tmp_path / "names.zip", io.StringIO()
    with ZipFile(path, "w") as made:
        made.writestr("P001/\x1b[2Ja.jpg", b"no picture")
    with pytest.raises(SystemExit):
        call_command("ingest", str(path), stdout=io.StringIO(), stderr=err)
    assert "a.jpg" in err.getvalue()
    assert "\x1b[2J" not in err.getvalue()
