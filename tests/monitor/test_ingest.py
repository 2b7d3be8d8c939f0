"""manage.py ingest: a folder of pictures of one person."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command

from monitor.models import Person, Snapshot
from monitor.services.folder import taken_at
from tests import images

BERLIN = ZoneInfo("Europe/Berlin")


def ingest(folder: Path, person: str = "P001") -> str:
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
def test_the_time_is_read_from_the_name(tmp_path: Path, name: str) -> None:
    moment = taken_at(tmp_path / name, images.jpeg(), BERLIN)
    assert moment == datetime(2026, 3, 4, 10, 11, 12, tzinfo=BERLIN)


def test_exif_goes_before_the_name(tmp_path: Path) -> None:
    moment = taken_at(tmp_path / "2020-01-01_00-00-00.jpg", images.with_exif(), BERLIN)
    assert moment == datetime(2026, 3, 4, 10, 11, 12, tzinfo=BERLIN)


def test_without_both_the_files_own_time_counts(tmp_path: Path) -> None:
    path = tmp_path / "99999999_999999.jpg"
    path.write_bytes(images.jpeg())
    written = datetime.fromtimestamp(path.stat().st_mtime, tz=UTC)
    assert taken_at(path, images.jpeg(), BERLIN) == written
