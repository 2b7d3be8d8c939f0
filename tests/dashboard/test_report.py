from __future__ import annotations

import csv
import io

import pytest
from django.test import Client

from dashboard.csv_report import safe
from monitor.models import Person
from tests.factories import PersonFactory, reading_series

PERIOD = "from=2026-03-09&to=2026-03-20"


def table(client: Client, person: Person, question: str = PERIOD) -> list[list[str]]:
    text = client.get(f"/people/{person.pk}/report.csv?{question}").content.decode()
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))


def test_the_report_has_each_number_with_interval_n_and_coverage(
    client_health: Client, stressed: Person
) -> None:
    page = client_health.get(f"/people/{stressed.pk}/report/?{PERIOD}")
    text = page.content.decode()
    for part in (
        "80.0%",
        "62.7–90.5%",
        ">120<",
        "100% (10/10 days)",
        "The employee is",
    ):
        assert part in text


def test_a_report_of_bad_days_is_refused(client_health: Client, ada: Person) -> None:
    bad = "from=2026-03-20&to=2026-03-09"
    for name in ("report/", "report.csv"):
        response = client_health.get(f"/people/{ada.pk}/{name}?{bad}")
        assert response.status_code == 400
        assert "The period ends before it begins." in response.content.decode()


def test_the_csv_says_what_it_is(client_health: Client, stressed: Person) -> None:
    rows = table(client_health, stressed)
    head = {row[0]: row[1:] for row in rows if row}
    assert head["first_day"] == ["2026-03-09"]
    assert head["last_day"] == ["2026-03-20"]
    assert head["model"] == ["test@00000001"]
    assert head["formula"] == ["1"]
    assert head["n_bins"] == ["120"]
    assert head["coverage"] == ["1.0"]
    assert head["stress"] == ["0.8", "0.6269", "0.9049", "120", "1.0"]


def test_the_csv_has_a_row_per_working_day(client_health: Client, ada: Person) -> None:
    reading_series(ada, stress=[0.2, None, 0.4])
    rows = table(client_health, ada, "from=2026-03-18&to=2026-03-20")
    days = [row for row in rows if row and row[0].startswith("2026-03-")]
    assert [row[:2] for row in days] == [
        ["2026-03-18", "0.2"],
        ["2026-03-19", ""],
        ["2026-03-20", "0.4"],
    ]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", " =1", "\t=1", "|x"])
def test_text_cannot_become_a_formula(text: str) -> None:
    assert safe(text) == f"'{text}"


def test_numbers_and_plain_text_stay_as_they_are() -> None:
    assert [safe(cell) for cell in (0.5, None, "Ada")] == [0.5, None, "Ada"]


def test_a_name_cannot_become_a_formula(client_health: Client, ada: Person) -> None:
    evil = PersonFactory.create(name='=HYPERLINK("http://x")')
    head = {row[0]: row[1] for row in table(client_health, evil) if len(row) > 1}
    assert head["name"] == '\'=HYPERLINK("http://x")'


def test_the_csv_is_a_file_to_keep(client_health: Client, ada: Person) -> None:
    response = client_health.get(f"/people/{ada.pk}/report.csv?{PERIOD}")
    kept = response.headers["Content-Disposition"]
    assert kept == (
        f'attachment; filename="stress-report-{ada.pk}-2026-03-09-2026-03-20.csv"'
    )
