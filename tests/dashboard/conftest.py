from __future__ import annotations

from collections.abc import Iterator

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client

from monitor.models import Organisation, Person
from monitor.services.roles import it_role_ensure
from tests.factories import NOON, PersonFactory, UserFactory, reading_series


@pytest.fixture(autouse=True)
def now() -> Iterator[None]:
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def organisation(db: None) -> Organisation:
    return Organisation.objects.create(name="Works", time_zone="Europe/Berlin")


@pytest.fixture
def health(organisation: Organisation) -> User:
    """Somebody of occupational health, who may see everybody."""
    return UserFactory.create(username="health", occupational_health=True)


@pytest.fixture
def ada(organisation: Organisation) -> Person:
    return PersonFactory.create(name="Ada Example", number="P001", team__name="Post")


@pytest.fixture
def stressed(ada: Person) -> Person:
    reading_series(ada, stress=[0.8] * 10)
    return ada


@pytest.fixture
def employee(ada: Person) -> User:
    """Ada's own account, which may see nobody else."""
    ada.user = UserFactory.create(username="ada")
    ada.save(update_fields=["user"])
    return ada.user


@pytest.fixture
def it_staff(organisation: Organisation) -> User:
    user = UserFactory.create(username="it")
    user.groups.add(it_role_ensure())
    return user


@pytest.fixture
def client_health(health: User) -> Client:
    return signed_in(health)


@pytest.fixture
def client_employee(employee: User) -> Client:
    return signed_in(employee)


@pytest.fixture
def client_it(it_staff: User) -> Client:
    return signed_in(it_staff)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client
