"""A shadow reads along and can harm nothing; its report says what it would change."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django.fixtures import Settings

from inference import EMOTIONS, FrameReading
from inference.engine import Engine
from monitor.models import (
    AccessEntry,
    DailySummary,
    Formula,
    ModelVersion,
    Person,
    Reading,
    ShadowReading,
    Snapshot,
)
from monitor.scoring import Weights
from monitor.services import analysis, shadow
from monitor.services.consent import consent_withdraw
from monitor.services.formulas import Numbers, formula_add
from tests.faces import draw_face
from tests.factories import reading, reading_series
from tests.fakes import HAPPY, FakeEngine, face, frame
from tests.monitor.conftest import Waiting
from tests.monitor.models_of import twin, version_row

State = ModelVersion.State


class WithShadow(FakeEngine):
    """Reads sad faces, its shadow happy ones, unless the shadow `breaks`."""

    breaks = False
    tried = 0

    def analyse_beside(
        self, images: list[bytes], other: object
    ) -> tuple[list[FrameReading], list[FrameReading]]:
        self.tried += 1
        if self.breaks:
            raise RuntimeError("the shadow broke")
        return self.analyse(images), [frame(face(HAPPY)) for _ in images]


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[WithShadow]:
    fake = WithShadow()
    monkeypatch.setattr("monitor.services.analysis.get_engine", lambda _: fake)
    monkeypatch.setattr("monitor.services.serving.load", lambda *_: fake)
    yield fake
    shadow._failures.clear()


@pytest.fixture
def running(db: None) -> ModelVersion:
    return version_row("beside", State.SHADOW)


def models(*args: object) -> str:
    out = StringIO()
    call_command("models", *map(str, args), stdout=out)
    return out.getvalue()


def test_a_shadow_reads_the_same_face_and_nothing_counts_it(
    waiting: Waiting, engine: WithShadow, running: ModelVersion
) -> None:
    waiting()
    analysis.analyse_waiting()
    row = ShadowReading.objects.get()
    assert (row.version, row.label, row.usable) == (running, "happy", True)
    assert (row.reading.label, row.reading.model) == ("sad", engine.model_version)
    assert DailySummary.objects.get().happy_sum == pytest.approx(0.05)


def test_without_a_shadow_nothing_is_read_twice(
    waiting: Waiting, engine: WithShadow
) -> None:
    waiting()
    analysis.analyse_waiting()
    assert engine.tried == 0
    assert not ShadowReading.objects.exists()


def test_a_failing_shadow_leaves_the_result_alone_and_is_counted(
    waiting: Waiting, engine: WithShadow, running: ModelVersion
) -> None:
    engine.breaks = True
    waiting()
    analysis.analyse_waiting()
    snapshot = Snapshot.objects.get()
    assert (snapshot.status, snapshot.attempts) == (Snapshot.Status.DONE, 1)
    assert Reading.objects.get().label == "sad"
    running.refresh_from_db()
    assert running.shadow_failures == 1


def test_a_shadow_that_keeps_failing_is_left_out(
    waiting: Waiting, engine: WithShadow, running: ModelVersion, settings: Settings
) -> None:
    engine.breaks = True
    settings.BATCH_SIZE = 1
    for _ in range(5):
        waiting()
    analysis.analyse_waiting()
    assert engine.tried == shadow.PATIENCE
    assert Reading.objects.count() == 5


def test_a_picture_that_breaks_both_is_not_the_shadows_fault(
    waiting: Waiting, engine: WithShadow, running: ModelVersion
) -> None:
    engine.fails = RuntimeError("the decoder broke")
    waiting()
    analysis.analyse_waiting()
    assert Snapshot.objects.get().reason == "gave_up"
    running.refresh_from_db()
    assert running.shadow_failures == 0


def test_what_a_shadow_read_goes_with_the_reading(
    waiting: Waiting, engine: WithShadow, running: ModelVersion, person: Person
) -> None:
    waiting()
    analysis.analyse_waiting()
    person.delete()
    assert not ShadowReading.objects.exists()


def beside(row: Reading, version: ModelVersion, **fields: Any) -> ShadowReading:
    scores = {"angry": 0.0, "happy": 0.0, "neutral": 1.0, "sad": 0.0, "surprise": 0.0}
    values = {"usable": True, "at": timezone.now()} | scores | fields
    return ShadowReading.objects.create(reading=row, version=version, **values)


def test_old_ones_are_pruned(person: Person, running: ModelVersion) -> None:
    old = timezone.now() - timedelta(days=91)
    beside(reading(person), running, at=old)
    kept = beside(reading(person), running)
    assert models("prune") == "1 readings of shadows deleted\n"
    assert list(ShadowReading.objects.all()) == [kept]


def test_switched_off_its_readings_stay(person: Person, running: ModelVersion) -> None:
    beside(reading(person), running)
    models("shadow", "--off")
    running.refresh_from_db()
    assert running.state == State.RETIRED
    assert ShadowReading.objects.count() == 1
    with pytest.raises(CommandError, match="no shadow is running"):
        models("shadow", "--off")


def test_the_active_model_cannot_be_its_own_shadow(
    engine: WithShadow, db: None
) -> None:
    version_row("one", State.ACTIVE)
    with pytest.raises(CommandError, match="is the active model"):
        models("shadow", "one")


def test_another_shadow_takes_the_place_of_the_last(
    engine: WithShadow, running: ModelVersion
) -> None:
    version_row("other")
    models("shadow", "other")
    states = dict(ModelVersion.objects.values_list("name", "state"))
    assert states == {"beside": State.RETIRED, "other": State.SHADOW}


def test_the_report_names_agreement_and_the_flags_that_would_change(
    person: Person, running: ModelVersion
) -> None:
    reading_series(person, stress=[0.1] * 25 + [0.8] * 13)
    for row in Reading.objects.all():
        beside(row, running)
    report = json.loads(models("report", "--json"))
    assert report["pairs"] == report["both_usable"] == 38 * 12
    assert report["agreement"] == pytest.approx(25 / 38)
    assert report["stress_difference"] == pytest.approx((25 * 0.1 + 13 * 0.8) / 38)
    assert (report["flags_live"], report["flags_shadow"]) == (1, 0)
    assert report["people"][0]["flags_change"] is True
    assert "flags that would change: 1 of 1" in models("report")


@pytest.mark.parametrize("named", [False, True])
def test_the_report_counts_under_a_formula(
    person: Person, running: ModelVersion, named: bool
) -> None:
    """Only half of sad counts as stress here, and only what a model is surer of."""
    formula_add(name="half", numbers=Numbers(Weights(sad=0.5), least=0.7), by="test")
    if not named:
        Formula.objects.filter(in_use=True).update(in_use=False)
        Formula.objects.filter(name="half").update(in_use=True)
    for sad in (0.8, 0.6):
        scores: dict[str, Any] = dict.fromkeys(EMOTIONS, 0.0)
        scores |= {"sad": sad, "neutral": 1 - sad}
        beside(reading(person, **scores), running)
    report = json.loads(models("report", "--json", *["--formula=half"] * named))
    assert report["formula"] == "half"
    assert (report["pairs"], report["both_usable"]) == (2, 1)
    assert report["people"][0]["live"] == pytest.approx(0.4)
    assert "formula half" in models("report", "--formula=half")


def test_a_formula_that_is_not_there_is_named(
    person: Person, running: ModelVersion
) -> None:
    beside(reading(person), running)
    with pytest.raises(CommandError, match="there is no formula 'none'"):
        models("report", "--formula", "none")


def test_the_report_writes_down_whom_it_showed(
    person: Person, running: ModelVersion
) -> None:
    beside(reading(person), running)
    models("report")
    entry = AccessEntry.objects.get()
    assert (entry.person, entry.actor, entry.action) == (person, None, "report")


def test_nobody_without_consent_is_in_the_report(
    person: Person, running: ModelVersion
) -> None:
    beside(reading(person), running)
    consent_withdraw(person=person)
    with pytest.raises(CommandError, match="no shadow has read anything"):
        models("report")


@pytest.mark.model
def test_a_real_shadow_agrees_with_its_twin(
    waiting: Waiting, settings: Settings, tmp_path: Path
) -> None:
    settings.MODEL_CACHE = tmp_path / "cache"
    settings.EMOTION_MODEL = "dcnn-1"
    models("import", twin(tmp_path))
    models("shadow", "twin-1")
    waiting(draw_face())
    analysis.analyse_waiting()
    row = ShadowReading.objects.select_related("reading").get()
    found = row.scores.as_tuple()
    assert found == pytest.approx(row.reading.scores.as_tuple(), abs=1e-6)
    assert (row.usable, row.reason) == (row.reading.usable, row.reading.reason)


@pytest.mark.model
def test_the_engine_cuts_the_face_as_the_second_model_wants_it(tmp_path: Path) -> None:
    from inference.classifier import Classifier
    from inference.spec import model_folder

    wide = {"margin": 0.4, "shift": 0.0, "align": True}
    other = Classifier(twin(tmp_path, crop=wide))
    engine = Engine.load(model_folder("dcnn-1"))
    pictures = [draw_face(), b"no picture"]
    (live, bad), (also, also_bad) = engine.analyse_beside(pictures, other)
    (alone,) = Engine.load(tmp_path / "twin-1").analyse(pictures[:1])
    assert live == engine.analyse(pictures)[0]
    assert also.faces[0].probabilities == alone.faces[0].probabilities
    assert also.faces[0].probabilities != live.faces[0].probabilities
    assert bad.error == also_bad.error == "not_an_image"
