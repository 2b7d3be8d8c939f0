"""Reading kept pictures again; this product usually keeps none, and says so."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from monitor.models import DailySummary, Person, Reading, Snapshot, SnapshotImage
from monitor.services.consent import consent_withdraw
from tests.fakes import FakeEngine, frame
from tests.monitor.conftest import Waiting

DONE = Snapshot.Status.DONE


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    fake = FakeEngine()
    monkeypatch.setattr("monitor.services.serving.load", lambda *_: fake)
    return fake


def reclassify(*args: str) -> str:
    out = StringIO()
    call_command("reclassify", *args, stdout=out)
    return out.getvalue()


@pytest.mark.django_db
def test_without_kept_pictures_it_says_so_and_what_to_do() -> None:
    with pytest.raises(CommandError, match=r"docs/privacy\.md.*models shadow"):
        reclassify()


def test_a_waiting_picture_is_not_a_kept_one(waiting: Waiting) -> None:
    waiting()
    with pytest.raises(CommandError, match="No picture of a finished snapshot"):
        reclassify()


def test_kept_pictures_are_read_and_summed_up(
    waiting: Waiting, engine: FakeEngine
) -> None:
    for _ in range(40):
        waiting(status=DONE)
    assert reclassify().startswith("40 of 40 pictures read by fake@")
    assert engine.batches == [32, 8]
    assert Reading.objects.filter(model=engine.model_version).count() == 40
    assert DailySummary.objects.get().counted == 40
    assert SnapshotImage.objects.count() == 40


def test_a_second_run_reads_only_what_is_new(
    waiting: Waiting, engine: FakeEngine
) -> None:
    waiting(status=DONE)
    reclassify()
    waiting(status=DONE)
    assert reclassify().startswith("1 of 1 pictures")
    assert Reading.objects.count() == 2


def test_a_picture_without_a_face_ends_the_run_all_the_same(
    waiting: Waiting, engine: FakeEngine
) -> None:
    engine.frames = [frame()]
    waiting(status=DONE)
    assert reclassify().startswith("0 of 1 pictures")


def test_nobody_without_consent_is_read_again(
    waiting: Waiting, engine: FakeEngine, person: Person
) -> None:
    waiting(status=DONE)
    consent_withdraw(person=person)
    assert reclassify().startswith("0 of 0 pictures")
    assert not Reading.objects.exists()


def test_a_lost_key_is_said(waiting: Waiting, engine: FakeEngine) -> None:
    waiting(status=DONE)
    SnapshotImage.objects.update(sealed=b"not ours")
    with pytest.raises(CommandError, match="IMAGE_KEYS"):
        reclassify()


def test_an_unknown_version_is_refused(waiting: Waiting) -> None:
    waiting(status=DONE)
    with pytest.raises(CommandError, match="no version 'nobody'"):
        reclassify("--model", "nobody")
