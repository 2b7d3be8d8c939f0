"""Which correction a person's ratios get, and what leads."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from dashboard.words import verdict_sentence
from inference.quantify import Quantifier
from inference.runtime import active_spec
from monitor.correction import Known, Matrix, corrections
from monitor.matrices import known_matrices, ratios_of_all
from monitor.models import Person, SiteCalibration
from monitor.scoring import (
    Ratios,
    Totals,
    Verdict,
    five,
    ratios_of,
)
from tests.factories import MODEL, reading_series
from tests.inference.test_quantify import SAD_AS_NEUTRAL, biased
from tests.monitor.models_of import version_row
from tests.monitor.test_scoring import LEVEL, totals

MATRIX = biased(np.full(5, 300.0))
ANGRY_ALONE = Totals(bins=500, days=9, sums=(500.0, 0, 0, 0, 0), model="m")


def ratios(matrix: Matrix, given: Totals, quantifier: Quantifier = MATRIX) -> Ratios:
    pair = (given, ratios_of(given, level=LEVEL))
    (found,) = corrections([pair], Known(matrix, quantifier), level=LEVEL)
    return found


def calibrated(model: str, quantifier: Quantifier = MATRIX) -> SiteCalibration:
    return SiteCalibration.objects.create(
        model=model,
        quantification=quantifier.as_dict(),
        pictures=1500,
        measured_at=timezone.now(),
    )


def test_the_matrix_of_the_site_leads() -> None:
    given = totals(bins=800, stress=0.5)
    found = ratios(Matrix.SITE, given)
    made = found.correction
    assert made is not None
    assert made.leads
    assert found.stress == made.corrected.stress != made.raw.stress
    assert found.stress_interval == made.corrected.stress_interval
    assert made.raw.stress == ratios_of(given, level=LEVEL).stress
    four = (found.stress, found.happiness, found.neutral, found.surprise)
    assert sum(value or 0 for value in four) == pytest.approx(1)


def test_the_verdict_rests_on_what_leads() -> None:
    """The model calls one sad face in three neutral, so what it reads is too little."""
    read = np.array([0.05, 0.10, 0.33, 0.47, 0.05]) @ SAD_AS_NEUTRAL
    given = Totals(bins=4000, days=9, sums=five(4000 * read), model="m")
    assert ratios_of(given, level=LEVEL).verdict is Verdict.INCONCLUSIVE
    found = ratios(Matrix.SITE, given, biased())
    assert found.verdict is Verdict.STRESSED
    assert "the corrected stress ratio is" in verdict_sentence(found, LEVEL)


def test_the_shipped_matrix_stands_beside_what_was_read() -> None:
    given = totals(bins=800, stress=0.42)
    plain, found = ratios_of(given, level=LEVEL), ratios(Matrix.SHIPPED, given)
    assert (found.stress, found.verdict) == (plain.stress, plain.verdict)
    assert found.correction is not None
    assert found.correction.corrected.stress > 0.45


def test_a_matrix_that_cannot_explain_the_readings_does_not_lead() -> None:
    found = ratios(Matrix.SITE, ANGRY_ALONE)
    assert found.correction is not None
    assert (found.correction.fits, found.correction.leads) == (False, False)
    assert found.stress == 1.0


def test_no_readings_have_no_correction() -> None:
    assert ratios(Matrix.SITE, Totals()).correction is None


@pytest.mark.parametrize("stress", [0.0, 0.03, 0.5, 1.0])
@pytest.mark.parametrize("bins", [1, 30, 4000])
def test_an_interval_encloses_its_ratio(stress: float, bins: int) -> None:
    made = ratios(Matrix.SITE, totals(bins=bins, stress=stress)).correction
    assert made is not None
    low, high = made.corrected.stress_interval
    assert 0 <= low <= made.corrected.stress <= high <= 1


def test_company_changes_nobody() -> None:
    """Corrected together or alone, a person gets the same figures."""
    windows = [totals(bins=60 + n, stress=n / 300) for n in range(300)]
    pairs = [(each, ratios_of(each, level=LEVEL)) for each in windows]
    found = corrections(pairs, Known(Matrix.SITE, MATRIX), level=LEVEL)
    alone = ratios(Matrix.SITE, windows[-1])
    assert found[-1].stress_interval == pytest.approx(alone.stress_interval)


def test_the_newest_measurement_of_a_model_counts(
    db: None, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    calibrated("m@1")
    calibrated("m@1", biased(np.full(5, 77.0)))
    calibrated("other@1")
    with django_assert_num_queries(1):
        found = known_matrices(["m@1", "unknown@1"])
    assert list(found) == ["m@1"]
    assert found["m@1"].quantifier.counts.tolist() == [77] * 5


@pytest.mark.parametrize(
    ("spec", "matrix"),
    [
        ({"quantification": MATRIX.as_dict()}, Matrix.SHIPPED),
        ({"quantification": {}}, None),
        ({"quantification": {"matrix": 1}}, None),
        ({}, None),
    ],
)
def test_an_imported_model_brings_its_matrix(
    db: None, spec: dict[str, Any], matrix: Matrix | None
) -> None:
    row = version_row("m")
    row.spec = spec
    row.save()
    found = known_matrices([row.version]).get(row.version)
    assert (found.matrix if found else None) == matrix


@pytest.mark.model
def test_a_model_that_was_never_imported_brings_that_of_its_files(db: None) -> None:
    version = active_spec().version
    assert known_matrices([version])[version].matrix is Matrix.SHIPPED


def test_each_person_is_corrected_by_the_matrix_of_the_own_model(db: None) -> None:
    calibrated("m")
    other = totals(bins=60)
    other = Totals(bins=60, sums=other.sums, model="unknown@1")
    found = ratios_of_all([totals(), other, Totals()], level=LEVEL)
    assert [row.correction is not None for row in found] == [True, False, False]


def test_without_data_nothing_is_asked(
    db: None, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(0):
        ratios_of_all([Totals()], level=LEVEL)


def test_the_api_gives_both_ways(api: APIClient, person: Person) -> None:
    reading_series(person, stress=[0.3] * 10)
    calibrated(MODEL)
    url = f"/api/v1/people/{person.pk}/ratios/?from=2026-03-09&to=2026-03-20"
    found = api.get(url).json()
    made = found["correction"]
    assert (made["matrix"], made["leads"], made["fits"]) == ("site", True, True)
    assert made["raw"]["stress"] == pytest.approx(0.3)
    assert found["stress"] == made["corrected"]["stress"] != 0.3
    assert set(made["corrected"]["stress_interval"]) == {"low", "high"}
