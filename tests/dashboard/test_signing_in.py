from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError
from django.test import Client

from monitor.models import Organisation


@pytest.fixture
def user(organisation: Organisation) -> User:
    return User.objects.create_user("nora", password="a long enough one")


def sign_in(client: Client, password: str) -> str:
    answer = client.post("/login/", {"username": "nora", "password": password})
    return answer.content.decode() or answer.headers["Location"]


def test_it_signs_in_and_out(client: Client, user: User) -> None:
    assert sign_in(client, "a long enough one") == "/"
    assert client.post("/logout/").headers["Location"] == "/login/"
    assert client.get("/").status_code == 302


def test_a_wrong_password_is_refused(client: Client, user: User) -> None:
    assert "do not match" in sign_in(client, "wrong")


def test_it_goes_on_to_the_page_that_was_asked_for(client: Client, user: User) -> None:
    form = {"username": "nora", "password": "a long enough one", "next": "/upload/"}
    assert client.post("/login/", form).headers["Location"] == "/upload/"


def test_it_goes_to_no_other_site(client: Client, user: User) -> None:
    form = {"username": "nora", "password": "a long enough one", "next": "//evil.test/"}
    assert client.post("/login/", form).headers["Location"] == "/"


def test_many_attempts_lock_the_account_and_say_so(client: Client, user: User) -> None:
    for _ in range(8):
        answer = sign_in(client, "wrong")
    assert "Too many attempts" in answer
    assert "Too many attempts" in sign_in(client, "a long enough one")


def test_health_needs_no_account(client: Client, db: None) -> None:
    response = client.get("/health/")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


def test_health_tells_when_the_database_is_gone(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Gone:
        def cursor(self) -> None:
            raise OperationalError("gone")

    monkeypatch.setattr("dashboard.views.health.connection", Gone())
    assert client.get("/health/").status_code == 503


def test_no_page_carries_a_script_of_its_own(client: Client, db: None) -> None:
    page = client.get("/login/").content.decode()
    assert page.count("<script") == page.count("<script src=")
