"""Who may open what, and what is written down about it."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from monitor.models import AccessEntry, Organisation, Person
from monitor.services.consent import consent_withdraw
from tests.dashboard.conftest import signed_in
from tests.dashboard.test_overview import flag
from tests.factories import PersonFactory, SnapshotFactory, UserFactory, reading

PAGES = (
    "/people/{person}/",
    "/people/{person}/chart/",
    "/people/{person}/report/",
    "/people/{person}/report.csv",
    "/snapshots/{snapshot}/",
    "/flags/{flag}/",
)


def address(page: str, person: Person) -> str:
    if "flag" in page:
        return page.format(flag=flag(person).pk)
    if "snapshot" in page:
        return page.format(snapshot=SnapshotFactory.create(person=person).pk)
    return page.format(person=person.pk)


@pytest.mark.parametrize("page", ["/", "/upload/", "/flags/", "/rule/", *PAGES])
def test_it_sends_strangers_to_sign_in(page: str, client: Client, ada: Person) -> None:
    response = client.get(address(page, ada))
    assert response.status_code == 302
    assert response.headers["Location"].startswith("/login/?next=/")


@pytest.mark.parametrize("page", PAGES)
def test_it_opens_for_occupational_health(
    page: str, client_health: Client, stressed: Person
) -> None:
    assert client_health.get(address(page, stressed)).status_code == 200


@pytest.mark.parametrize("page", PAGES)
def test_an_employee_opens_their_own(
    page: str, client_employee: Client, ada: Person
) -> None:
    assert client_employee.get(address(page, ada)).status_code == 200


@pytest.mark.parametrize("page", PAGES)
def test_an_employee_cannot_open_another_person(
    page: str, client_employee: Client
) -> None:
    other = PersonFactory.create()
    assert client_employee.get(address(page, other)).status_code == 404
    assert not AccessEntry.objects.exists()


@pytest.mark.parametrize("page", PAGES)
def test_a_withdrawn_consent_hides_at_once(
    page: str, client_health: Client, ada: Person
) -> None:
    path = address(page, ada)
    consent_withdraw(person=ada)
    assert client_health.get(path).status_code == 404
    assert not AccessEntry.objects.exists()


def test_a_withdrawn_consent_empties_the_overview(
    client_health: Client, stressed: Person
) -> None:
    consent_withdraw(person=stressed)
    assert "Ada Example" not in client_health.get("/").content.decode()


@pytest.mark.parametrize(
    ("page", "action"),
    [
        ("/", "overview"),
        ("/people/{person}/", "person"),
        ("/people/{person}/chart/", "person"),
        ("/people/{person}/report/", "report"),
        ("/people/{person}/report.csv", "report"),
        ("/snapshots/{snapshot}/", "snapshot"),
        ("/flags/{flag}/", "flag"),
    ],
)
def test_each_look_is_one_entry(
    page: str, action: str, client_health: Client, ada: Person, health: User
) -> None:
    client_health.get(address(page, ada))
    entry = AccessEntry.objects.get()
    assert (entry.actor, entry.person, entry.action) == (health, ada, action)


def test_the_chart_of_an_open_page_is_the_same_look(
    client_health: Client, ada: Person
) -> None:
    client_health.get(f"/people/{ada.pk}/")
    client_health.get(f"/people/{ada.pk}/chart/")
    assert AccessEntry.objects.count() == 1


def test_the_chart_of_an_open_flag_is_the_same_look(
    client_health: Client, ada: Person
) -> None:
    client_health.get(f"/flags/{flag(ada).pk}/")
    client_health.get(f"/people/{ada.pk}/chart/")
    assert AccessEntry.objects.get().action == "flag"


def test_the_queue_is_one_entry_for_each_person_on_it(client_health: Client) -> None:
    people = [PersonFactory.create() for _ in range(2)]
    for person in people:
        flag(person)
    client_health.get("/flags/")
    seen = AccessEntry.objects.filter(action="queue").order_by("person")
    assert [entry.person for entry in seen] == people


def test_the_upload_page_shows_no_data_and_writes_no_entry(
    client_health: Client, ada: Person
) -> None:
    assert "Ada Example" in client_health.get("/upload/").content.decode()
    assert not AccessEntry.objects.exists()


def test_an_employee_lands_on_their_own_page(
    client_employee: Client, ada: Person
) -> None:
    assert client_employee.get("/").headers["Location"] == f"/people/{ada.pk}/"


def test_an_account_without_a_person_sees_nothing(organisation: Organisation) -> None:
    response = signed_in(UserFactory.create()).get("/")
    assert "Nothing to show" in response.content.decode()


def test_an_employee_uploads_only_for_themselves(client_employee: Client) -> None:
    PersonFactory.create(name="Somebody Else")
    page = client_employee.get("/upload/").content.decode()
    assert "Ada Example" in page
    assert "Somebody Else" not in page


def test_pages_are_kept_by_no_cache(client_health: Client) -> None:
    assert "no-store" in client_health.get("/").headers["Cache-Control"]


def test_the_page_of_a_missing_person_is_friendly(client_health: Client) -> None:
    response = client_health.get("/people/999999/")
    assert response.status_code == 404
    assert "There is nothing here" in response.content.decode()


def test_a_form_without_its_key_is_refused(ada: Person, health: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(health)
    response = client.post("/flags/1/acknowledge/", {"note": "x"})
    assert response.status_code == 403
    assert "The form is too old" in response.content.decode()


def test_polling_a_waiting_picture_writes_no_entry(
    client_health: Client, ada: Person
) -> None:
    snapshot = SnapshotFactory.create(person=ada)
    client_health.get(f"/snapshots/{snapshot.pk}/", headers={"HX-Request": "true"})
    assert not AccessEntry.objects.exists()


def test_polling_a_finished_picture_writes_one(
    client_health: Client, ada: Person
) -> None:
    done = reading(ada).snapshot
    client_health.get(f"/snapshots/{done.pk}/", headers={"HX-Request": "true"})
    assert AccessEntry.objects.count() == 1
