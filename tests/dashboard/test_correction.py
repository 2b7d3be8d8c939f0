"""A corrected ratio is shown beside the raw one, and the page says which leads."""

from __future__ import annotations

import numpy as np
import pytest
from django.test import Client

from monitor.models import Person
from tests.dashboard.test_person import page
from tests.dashboard.test_report import table
from tests.factories import MODEL, reading_series
from tests.inference.test_quantify import biased
from tests.monitor.models_of import version_row
from tests.monitor.test_correction import calibrated

PERIOD = "from=2026-03-09&to=2026-03-20"


@pytest.fixture
def sad(ada: Person) -> Person:
    reading_series(ada, stress=[0.3] * 10, per_day=40)
    return ada


@pytest.fixture
def shipped(sad: Person) -> None:
    row = version_row("test")
    row.version, row.spec = MODEL, {"quantification": biased().as_dict()}
    row.save()


def test_without_a_matrix_nothing_is_corrected(
    client_health: Client, sad: Person
) -> None:
    shown = page(client_health, sad)
    assert "none: how this model errs is not known" in shown
    assert "Corrected by" not in shown


def test_the_matrix_of_the_site_leads_and_the_page_says_so(
    client_health: Client, sad: Person
) -> None:
    calibrated(MODEL)
    shown = page(client_health, sad)
    assert "As read, not corrected: 30%, 95% interval" in shown
    assert "the corrected stress ratio is" in shown
    assert "by this site&#x27;s matrix" in shown
    assert " · corrected" in client_health.get("/").content.decode()


def test_the_shipped_matrix_stands_beside(
    client_health: Client, sad: Person, shipped: None
) -> None:
    shown = page(client_health, sad)
    assert "Corrected by the model&#x27;s own matrix:" in shown
    assert "the stress ratio is 30" in shown
    assert "only beside" in shown


def test_thin_data_gets_no_second_figure(client_health: Client, ada: Person) -> None:
    calibrated(MODEL)
    reading_series(ada, stress=[0.3])
    assert "As read, not corrected" not in page(client_health, ada)


def test_a_matrix_that_does_not_fit_is_named_and_not_used(
    client_health: Client, ada: Person
) -> None:
    calibrated(MODEL, biased(np.full(5, 1e5)))
    reading_series(ada, stress=[1.0] * 10, per_day=40)
    shown = page(client_health, ada)
    assert "site&#x27;s matrix does not explain these readings" in shown
    assert "As read, not corrected" not in shown


def test_the_report_has_both_ways(client_health: Client, sad: Person) -> None:
    calibrated(MODEL)
    shown = client_health.get(f"/people/{sad.pk}/report/?{PERIOD}").content.decode()
    assert "As read, not corrected: stress" in shown
    rows = {row[0]: row[1:] for row in table(client_health, sad) if row}
    assert rows["matrix"] == ["site"]
    assert rows["stress"] == rows["stress_corrected"] != rows["stress_raw"]
