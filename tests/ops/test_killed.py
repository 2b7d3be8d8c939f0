"""Long work of `manage.py` that is killed while it is at it, and begun again."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from bench.stack import Stack, query
from tests import images
from tests.faces import draw_face
from tests.films import film
from tests.ops.killed import Work, installation, is_writing
from tests.ops.processes import wait_until

pytestmark = pytest.mark.slow

PICTURES, PEOPLE, DAYS, KEPT, ROWS = 240, 200, 4, 60, 1200
SECONDS = 90
SETUP = f"""
from monitor.models import Organisation, Team
from tests.factories import PersonFactory, reading_series
Organisation.objects.create(name="Works")
team = Team.objects.create(name="Post")
PersonFactory.create(number="1", team=team)
for person in PersonFactory.create_batch({PEOPLE}, team=team):
    stress = [(person.pk * 7 + n) % 10 / 10 for n in range({DAYS})]
    reading_series(person, stress=stress, per_day=2)
result = None
"""
SNAPSHOTS = """
from monitor import vault
from monitor.models import Person, Snapshot, SnapshotImage
rows = Snapshot.objects.filter(person__number="1", source=%r)
images = SnapshotImage.objects.filter(snapshot__in=rows)
times = rows.values_list("taken_at", flat=True)
result = {
    "taken_at": sorted(time.isoformat() for time in times),
    "whole": sum(bool(vault.unseal(bytes(image.sealed))) for image in images),
}
"""
SPOIL = """
from monitor.models import DailySummary
from tests.ops.killed import plain
names = [f.attname for f in DailySummary._meta.concrete_fields]
names = [name for name in names if name not in ("id", "updated_at")]
rows = DailySummary.objects.order_by("person", "day", "model")
result = [[plain(value) for value in row] for row in rows.values_list(*names)]
DailySummary.objects.update(bins=999, counted=999, sad_sum=999)
"""
KEEP = """
from pathlib import Path
from django.utils import timezone
from monitor import vault
from monitor.models import Person, Snapshot, SnapshotImage
person, now = Person.objects.get(number="1"), timezone.now()
for path in sorted(Path(%r).iterdir()):
    row = Snapshot.objects.create(
        person=person, source="api", taken_at=now, received_at=now, status="done")
    SnapshotImage.objects.create(snapshot=row, sealed=vault.seal(path.read_bytes()))
result = None
"""
READ = """
from monitor.models import DailySummary, Reading
rows = Reading.objects.filter(person__number="1", face_index=0)
days = DailySummary.objects.filter(person__number="1")
result = {
    "readings": rows.count(), "snapshots": rows.values("snapshot").distinct().count(),
    "summed": sum(day.counted + day.unsure for day in days),
}
"""


@pytest.fixture(scope="module")
def running() -> Iterator[Stack]:
    with installation(LEASE_SECONDS="1", BATCH_SIZE="4") as running:
        query(running, SETUP)
        yield running


def killed(work: Work, rows: tuple[int, int], times: int = 2) -> None:
    for _ in range(times):
        ended = work.end_halfway(signal.SIGKILL, rows)
        assert ended.returncode == -signal.SIGKILL, ended.stdout + ended.stderr


def stopped(work: Work, rows: tuple[int, int]) -> None:
    """By Ctrl-C, with a word."""
    ended = work.end_halfway(signal.SIGINT, rows)
    assert ended.returncode == 130, ended.stdout + ended.stderr
    assert "stopped; " in ended.stderr.splitlines()[-1]
    assert "Traceback" not in ended.stderr


def test_a_folder_is_taken_in_whole_and_once(running: Stack, tmp_path: Path) -> None:
    for n in range(PICTURES):
        name = f"2026-03-02_{8 + n // 60:02}-{n % 60:02}-00.jpg"
        (tmp_path / name).write_bytes(images.jpeg(seed=n))
    words = ("ingest", str(tmp_path), "--person", "1")
    work = Work(running, words, "monitor_snapshot", "source = 'folder'")
    killed(work, (10, PICTURES // 5))
    stopped(work, (5, 20))
    there = work.done()
    said = running.manage(*words)
    assert f"{PICTURES - there} taken in, {there} were in already, 0 refused" in said
    found = query(running, SNAPSHOTS % "folder")
    assert len(set(found["taken_at"])) == len(found["taken_at"]) == PICTURES
    assert found["whole"] == PICTURES


def test_a_video_is_taken_in_whole_and_once(running: Stack, tmp_path: Path) -> None:
    scenes = (np.full((48, 64, 3), n % 200, np.uint8) for n in range(5 * SECONDS))
    path = film(tmp_path / "film.avi", scenes, rate=5)
    words = ("ingest", str(path), "--person", "1", "--every", "0.5s")
    work = Work(running, words, "monitor_snapshot", "source = 'video'")
    killed(work, (5, 15), times=4)
    stopped(work, (1, 5))
    said = running.manage(*words)
    assert f"{2 * SECONDS} pictures taken in" in said
    found = query(running, SNAPSHOTS % "video")
    assert len(set(found["taken_at"])) == len(found["taken_at"]) == 2 * SECONDS
    assert found["whole"] == 2 * SECONDS


def test_summaries_are_those_of_the_readings_however_often_it_is_killed(
    running: Stack,
) -> None:
    right = query(running, SPOIL)
    table = "monitor_dailysummary"
    work = Work(running, ("rebuild_summaries",), table, "counted <> 999")
    half = "counted <> 999 AND (bins = 999 OR sad_sum = 999)"
    for _ in range(2):
        killed(work, (20, PEOPLE * DAYS // 4), times=1)
        assert running.count(table, half) == 0
    stopped(work, (20, PEOPLE * DAYS // 4))
    running.manage("rebuild_summaries")
    assert query(running, SPOIL) == right
    running.manage("rebuild_summaries")


@pytest.mark.model
def test_kept_pictures_are_read_again_once(running: Stack, tmp_path: Path) -> None:
    for n in range(KEPT):
        (tmp_path / f"{n}.jpg").write_bytes(draw_face((320 + n, 240), share=0.5))
    query(running, KEEP % str(tmp_path))
    mine = "person_id = (SELECT id FROM monitor_person WHERE number = '1')"
    work = Work(running, ("reclassify",), "monitor_reading", mine)
    killed(work, (2, KEPT // 5))
    stopped(work, (2, KEPT // 5))
    there = work.done()
    said = running.manage("reclassify")
    assert said.startswith(f"{KEPT - there} of {KEPT - there} pictures read by")
    found = query(running, READ)
    assert found == dict.fromkeys(("readings", "snapshots", "summed"), KEPT)


def test_of_a_table_of_people_all_are_there_or_none(
    running: Stack, tmp_path: Path
) -> None:
    path = tmp_path / "people.csv"
    lines = [f"T{n},Person {n},Team {n % 9}\n" for n in range(ROWS)]
    path.write_text("number,name,team\n" + "".join(lines))
    words = ("import_people", str(path))
    work = Work(running, words, "monitor_person", "number LIKE 'T%'")
    for part in (0.1, 0.3, 0.5):
        process = work.start()
        assert wait_until(lambda: is_writing(running))
        time.sleep(part)
        process.kill()
        process.communicate()
        assert process.returncode == -signal.SIGKILL
        assert work.done() == 0
    assert running.manage(*words).startswith(f"{ROWS} new, 0 changed")
    assert work.done() == ROWS
