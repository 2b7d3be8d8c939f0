"""The QR code of one's own: drawn once, on a card that names nobody."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from monitor.models import Person, PersonPin
from monitor.services import pins
from tests.qr import code_on

PIN = "480173"
PAGE, MAKE = "/people/me/pin/", "/people/me/pin/code/"


@pytest.fixture(autouse=True)
def quick(settings: Settings) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def known(ada: Person) -> Person:
    pins.pin_set(person=ada, pin=PIN)
    return ada


def made(client: Client) -> Any:
    answer = client.post(MAKE)
    assert answer.status_code == 200
    return answer


def card(answer: Any) -> str:
    (found,) = re.findall(
        r'<section class="code-card".*?</section>', answer.content.decode(), re.S
    )
    return str(found)


def owner(code: str) -> Person | None:
    row = pins.row_by_code(code=code)
    return row.person if row else None


def test_the_picture_says_who_it_is(client_employee: Client, known: Person) -> None:
    code = code_on(card(made(client_employee)))
    assert owner(code) == known


def test_the_card_names_nobody(client_employee: Client, known: Person) -> None:
    shown = card(made(client_employee))
    assert known.name not in shown and known.number not in shown


def test_it_is_shown_once_and_kept_by_no_cache(
    client_employee: Client, known: Person
) -> None:
    answer = made(client_employee)
    assert "no-store" in answer.headers["Cache-Control"]
    code = code_on(card(answer))
    assert code not in PersonPin.objects.get().code_digest
    again = client_employee.get(PAGE).content.decode()
    assert '<svg class="qr"' not in again and "cannot be shown again" in again
    assert client_employee.get(MAKE).status_code == 405


def test_a_new_one_ends_the_old_one(client_employee: Client, known: Person) -> None:
    old, new = (code_on(card(made(client_employee))) for _ in range(2))
    assert (owner(old), owner(new)) == (None, known)


def test_without_a_pin_there_is_none(client_employee: Client, ada: Person) -> None:
    answer = client_employee.post(MAKE)
    assert answer.headers["Location"] == PAGE
    assert not PersonPin.objects.exists()


def test_an_account_without_a_person_gets_none(client_health: Client) -> None:
    assert client_health.post(MAKE).status_code == 404
