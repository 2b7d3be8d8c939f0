"""People from a table: seen first, refused by the line, all or nothing."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client

from monitor.models import Organisation, Person, Team

HEAD = "number,name,team\n"
ROWS = HEAD + "P001,Ada Lovelace,Post room\n007,Bond,Field\n"


def take_in(folder: Path, text: str, **options: Any) -> str:
    path = folder / "people.csv"
    path.write_text(text)
    out = io.StringIO()
    call_command("import_people", str(path), stdout=out, **options)
    return out.getvalue().strip()


def test_people_are_made_and_changed(person: Person, tmp_path: Path) -> None:
    assert take_in(tmp_path, ROWS) == "1 new, 1 changed, 0 as they were"
    assert Person.objects.get(number="P001").name == "Ada Lovelace"
    assert Person.objects.get(number="007").team.name == "Field"


def test_a_second_time_changes_nothing(person: Person, tmp_path: Path) -> None:
    take_in(tmp_path, ROWS)
    assert take_in(tmp_path, ROWS) == "0 new, 0 changed, 2 as they were"


def test_a_trial_stores_nothing(person: Person, tmp_path: Path) -> None:
    assert "1 new" in take_in(tmp_path, ROWS, dry_run=True)
    assert not Person.objects.filter(number="007").exists()
    assert not Team.objects.filter(name="Field").exists()


def test_semicolons_of_a_spreadsheet_are_understood(
    person: Person, tmp_path: Path
) -> None:
    take_in(tmp_path, "\ufeff" + ROWS.replace(",", ";"))
    assert Person.objects.filter(number="007").exists()


def test_nobody_consents_by_a_table(person: Person, tmp_path: Path) -> None:
    take_in(tmp_path, ROWS)
    consented = Person.objects.consented().values_list("number", flat=True)
    assert list(consented) == ["P001"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD + "1,A,T\n,B,T\n", "line 3: The number is missing"),
        (HEAD + "1,A,T\n2,B,\n", "line 3: .*The team is missing"),
        (HEAD + "1,A,T\n1,B,T\n", "line 3: The number 1 is in the table twice"),
        (HEAD + "1,A,T\n2,,T\n", "line 3: "),
        (HEAD + "1,A,T\n" + "x" * 41 + ",B,T\n", "line 3: .*40 characters"),
        ("number,name\n1,A\n", "The first line must be number, name, team"),
        (ROWS + "1,2,3,4\n", "other columns than the first"),
    ],
)
def test_one_bad_line_and_nothing_is_taken_in(
    organisation: Organisation, tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(CommandError, match=message):
        take_in(tmp_path, text)
    assert not Person.objects.exists()
    assert not Team.objects.exists()


def preview(user: User, text: str) -> tuple[Client, Any]:
    client = Client()
    client.force_login(user)
    table = SimpleUploadedFile("people.csv", text.encode(), "text/csv")
    answer = client.post(
        "/admin/monitor/person/import/", {"import_file": table, "format": "0"}
    )
    return client, answer


def test_the_admin_shows_before_it_stores(person: Person, admin: User) -> None:
    client, answer = preview(admin, ROWS)
    page = answer.content.decode()
    assert "Bond" in page
    assert not Person.objects.filter(number="007").exists()
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', page))
    assert "Bond" not in fields["import_file_name"]
    done = client.post("/admin/monitor/person/process_import/", fields)
    assert done.status_code == 302
    assert Person.objects.filter(number="007").exists()


def test_the_admin_names_the_line(organisation: Organisation, admin: User) -> None:
    _, answer = preview(admin, HEAD + "1,A,T\n1,B,T\n")
    assert "is in the table twice" in answer.content.decode()


def test_it_refuses_another_table_than_the_one_shown(
    person: Person, admin: User
) -> None:
    client, _ = preview(admin, ROWS)
    forged = {"import_file_name": "AAAA", "original_file_name": "a", "format": "0"}
    answer = client.post("/admin/monitor/person/process_import/", forged)
    assert answer.status_code == 400


def test_it_refuses_who_may_not_make_people(person: Person, employee: User) -> None:
    employee.is_staff = True
    employee.save(update_fields=["is_staff"])
    assert preview(employee, ROWS)[1].status_code == 403
