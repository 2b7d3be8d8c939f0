"""Measuring how the model in use errs on a site's own pictures."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from inference.training.simulate import Observed
from monitor.matrices import known_matrices
from monitor.models import SiteCalibration
from tests.inference.sets import write_tree
from tests.inference.test_quantify import SAD_AS_NEUTRAL
from tests.inference.test_simulate import answers

pytestmark = pytest.mark.django_db
MODEL = "site@12345678"
FIVE = ("angry", "happy", "neutral", "sad", "surprise")


class FakeEngine:
    model_version = MODEL


@pytest.fixture(autouse=True)
def observed(monkeypatch: pytest.MonkeyPatch) -> list[Observed]:
    """What the model makes of the pictures, put in place of the model."""
    seen = [answers(SAD_AS_NEUTRAL, per_class=60)]
    monkeypatch.setattr("monitor.services.serving.load", lambda *_: FakeEngine())
    monkeypatch.setattr(
        "inference.training.observe.observe", lambda *_, **__: (seen[0], "all")
    )
    return seen


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    return write_tree(tmp_path / "site", dict.fromkeys(FIVE, 1))


def calibrate(pictures: Path, *words: str) -> str:
    out = StringIO()
    call_command("calibrate_site", "--data", str(pictures), *words, stdout=out)
    return out.getvalue()


def test_it_stores_the_matrix_of_the_model_in_use(pictures: Path) -> None:
    calibrate(pictures, "--note", "gate camera")
    row = SiteCalibration.objects.get()
    assert (row.model, row.pictures, row.note) == (MODEL, 300, "gate camera")
    found = known_matrices([MODEL])[MODEL]
    assert found.matrix == "site"
    assert found.quantifier.counts.tolist() == [60] * 5


def test_it_prints_the_matrix_and_what_changes(pictures: Path) -> None:
    text = calibrate(pictures)
    assert "site@12345678 on 300 pictures" in text
    assert [line.split()[1] for line in text.splitlines()[3:8]] == ["60"] * 5
    assert "shown now (no matrix)" in text
    assert "shown now (site matrix)" in calibrate(pictures)


def test_a_dry_run_stores_nothing(pictures: Path) -> None:
    assert "nothing was stored" in calibrate(pictures, "--dry-run")
    assert not SiteCalibration.objects.exists()


def test_it_refuses_too_few_pictures_and_says_how_many(
    pictures: Path, observed: list[Observed]
) -> None:
    usable = np.arange(300) >= 20  # a third of the angry ones are doubtful
    whole = observed[0]
    observed[0] = Observed(whole.labels, whole.probabilities, whole.found, usable)
    with pytest.raises(CommandError, match="50 usable pictures .* angry 40: add"):
        calibrate(pictures)
    assert not SiteCalibration.objects.exists()


def test_it_refuses_a_folder_that_names_no_emotion(tmp_path: Path) -> None:
    folder = write_tree(tmp_path, {"happy": 1, "hapy": 1})
    with pytest.raises(CommandError, match="hapy is none of angry, happy"):
        calibrate(folder)


def test_it_refuses_what_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="does not exist"):
        calibrate(tmp_path / "nowhere")


def test_it_refuses_a_note_that_is_too_long(pictures: Path) -> None:
    with pytest.raises(CommandError, match="longer than 200"):
        calibrate(pictures, "--note", "x" * 201)
