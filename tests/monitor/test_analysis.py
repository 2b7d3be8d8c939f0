"""From a waiting picture to a reading; each picture ends in exactly one state."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.utils import timezone

from inference import ModelError
from monitor import vault
from monitor.models import DailySummary, Person, Reading, Snapshot, SnapshotImage
from monitor.services import analysis
from monitor.services.consent import consent_withdraw
from tests.fakes import HAPPY, FakeEngine, face, frame
from tests.monitor.conftest import Waiting

Status = Snapshot.Status
LEASE = timedelta(seconds=60)


def state(snapshot: Snapshot) -> tuple[str, str]:
    snapshot.refresh_from_db()
    return snapshot.status, snapshot.reason


def test_a_picture_becomes_a_reading(waiting: Waiting, engine: FakeEngine) -> None:
    snapshot = waiting()
    analysis.analyse_waiting()
    assert state(snapshot) == (Status.DONE, "")
    reading = Reading.objects.get()
    assert (reading.label, reading.sad, reading.counted) == ("sad", 0.7, True)
    assert reading.model == engine.model_version
    assert not SnapshotImage.objects.exists()


def test_the_ratios_move_in_the_same_transaction(
    waiting: Waiting, engine: FakeEngine
) -> None:
    waiting()
    analysis.analyse_waiting()
    day = DailySummary.objects.get()
    assert day.bins == day.counted == 1
    assert day.sad_sum == pytest.approx(0.7)


def test_no_face_is_a_result(waiting: Waiting, engine: FakeEngine) -> None:
    engine.frames = [frame()]
    snapshot = waiting()
    analysis.analyse_waiting()
    assert state(snapshot) == (Status.NO_FACE, "")
    assert not Reading.objects.exists()


def test_an_unreadable_picture_fails_with_its_reason(
    waiting: Waiting, engine: FakeEngine
) -> None:
    engine.frames = [frame(error="truncated")]
    snapshot = waiting()
    analysis.analyse_waiting()
    assert state(snapshot) == (Status.FAILED, "truncated")
    assert not SnapshotImage.objects.exists()


def test_an_unsure_reading_is_stored_and_not_counted(
    waiting: Waiting, engine: FakeEngine
) -> None:
    engine.frames = [frame(face(reason="blurred"))]
    waiting()
    analysis.analyse_waiting()
    reading = Reading.objects.get()
    assert (reading.usable, reading.counted, reading.reason) == (
        False,
        False,
        "blurred",
    )
    assert DailySummary.objects.get().unsure == 1


def test_of_several_faces_the_largest_is_read(
    waiting: Waiting, engine: FakeEngine
) -> None:
    engine.frames = [frame(face(HAPPY, size=200), face(size=80))]
    snapshot = waiting()
    analysis.analyse_waiting()
    snapshot.refresh_from_db()
    assert snapshot.faces_found == 2
    assert Reading.objects.get().label == "happy"


def test_waiting_pictures_form_a_batch(waiting: Waiting, engine: FakeEngine) -> None:
    for _ in range(40):
        waiting()
    analysis.analyse_waiting()
    assert engine.batches == [32, 8]


def test_a_full_batch_calls_another_worker(
    waiting: Waiting, engine: FakeEngine, wakes: list[str]
) -> None:
    for _ in range(33):
        waiting()
    analysis.analyse_waiting()
    assert wakes == ["wake"]


def test_a_claim_belongs_to_one_worker(waiting: Waiting) -> None:
    snapshot = waiting()
    assert Snapshot.objects.claim(limit=32, lease=LEASE)[1] == [snapshot.pk]
    assert Snapshot.objects.claim(limit=32, lease=LEASE)[1] == []


def test_a_dead_workers_claim_is_taken_over(
    waiting: Waiting, engine: FakeEngine
) -> None:
    long_ago = timezone.now() - timedelta(hours=1)
    snapshot = waiting(status=Status.PROCESSING, claimed_at=long_ago, attempts=1)
    analysis.analyse_waiting()
    assert state(snapshot) == (Status.DONE, "")


def test_results_of_a_lost_claim_are_dropped(
    waiting: Waiting, engine: FakeEngine
) -> None:
    waiting()
    slow, _ = Snapshot.objects.claim(limit=32, lease=LEASE)
    Snapshot.objects.update(claimed_at=timezone.now() - timedelta(hours=1))
    analysis.analyse_waiting()
    analysis.batch_analyse(slow)
    assert Reading.objects.count() == 1


def test_pictures_tried_before_are_tried_alone(
    waiting: Waiting, engine: FakeEngine
) -> None:
    waiting(attempts=1)
    waiting(attempts=1)
    waiting()
    analysis.analyse_waiting()
    assert engine.batches == [1, 1, 1]


def test_what_was_tried_least_is_tried_first(waiting: Waiting) -> None:
    twice, once = waiting(attempts=2), waiting(attempts=1)
    taken = [Snapshot.objects.claim(limit=32, lease=LEASE)[1] for _ in range(2)]
    assert taken == [[once.pk], [twice.pk]]


def test_a_poisoned_picture_fails_after_three_attempts(
    waiting: Waiting, engine: FakeEngine
) -> None:
    engine.fails = RuntimeError("the decoder broke")
    snapshot = waiting()
    analysis.analyse_waiting()
    assert state(snapshot) == (Status.FAILED, "gave_up")
    assert len(engine.batches) == 3
    assert not SnapshotImage.objects.exists()


def test_the_neighbours_of_a_poisoned_picture_survive(
    waiting: Waiting, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, bad, fine = waiting(), waiting(), waiting()
    SnapshotImage.objects.filter(snapshot=bad).update(sealed=vault.seal(b"poison"))
    healthy = engine.analyse

    def analyse(pictures: list[bytes]) -> Any:
        if b"poison" in pictures:
            raise RuntimeError("the decoder broke")
        return healthy(pictures)

    monkeypatch.setattr(engine, "analyse", analyse)
    analysis.analyse_waiting()
    assert state(good)[0] == state(fine)[0] == Status.DONE
    assert state(bad) == (Status.FAILED, "gave_up")


def test_a_transient_error_gives_the_claim_back_and_is_raised(
    waiting: Waiting, engine: FakeEngine
) -> None:
    engine.fails = OperationalError("the database went away")
    snapshot = waiting()
    with pytest.raises(OperationalError):
        analysis.analyse_waiting()
    assert state(snapshot) == (Status.PENDING, "")


def test_a_model_that_cannot_be_loaded_costs_no_picture_an_attempt(
    waiting: Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> None:
        raise ModelError("the weights are gone")

    monkeypatch.setattr("monitor.services.analysis.get_engine", fail)
    snapshot = waiting()
    with pytest.raises(ModelError):
        analysis.analyse_waiting()
    assert state(snapshot) == (Status.PENDING, "")
    assert snapshot.attempts == 0
    assert SnapshotImage.objects.exists()


def test_a_picture_sealed_with_a_lost_key_fails_and_says_so(
    waiting: Waiting, engine: FakeEngine
) -> None:
    snapshot = waiting()
    SnapshotImage.objects.update(sealed=b"not ours")
    analysis.analyse_waiting()
    assert state(snapshot) == (Status.FAILED, "key_missing")


def test_the_sweeper_wakes_the_worker_for_a_forgotten_picture(
    waiting: Waiting, wakes: list[str]
) -> None:
    analysis.sweep()
    assert wakes == []
    waiting()
    analysis.sweep()
    assert wakes == ["wake"]


def test_the_sweeper_fails_what_killed_its_workers(waiting: Waiting) -> None:
    long_ago = timezone.now() - timedelta(hours=1)
    snapshot = waiting(status=Status.PROCESSING, claimed_at=long_ago, attempts=3)
    analysis.sweep()
    assert state(snapshot) == (Status.FAILED, "gave_up")


def test_withdrawal_stops_a_picture_on_its_way(
    waiting: Waiting, engine: FakeEngine, person: Person
) -> None:
    snapshot = waiting()
    token, _ = Snapshot.objects.claim(limit=32, lease=LEASE)
    consent_withdraw(person=person)
    analysis.batch_analyse(token)
    assert state(snapshot) == (Status.SKIPPED, "consent_withdrawn")
    assert not Reading.objects.exists()
    assert not SnapshotImage.objects.exists()


def test_nothing_is_stored_when_consent_ends_at_the_same_moment(
    waiting: Waiting, engine: FakeEngine, person: Person
) -> None:
    snapshot = waiting()
    person.consents.update(withdrawn_at=timezone.now())
    analysis.analyse_waiting()
    assert state(snapshot) == (Status.SKIPPED, "consent_withdrawn")
    assert not Reading.objects.exists()
    assert not SnapshotImage.objects.exists()
