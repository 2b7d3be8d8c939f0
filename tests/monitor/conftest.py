from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.utils import timezone
from rest_framework.test import APIClient

from monitor import vault
from monitor.models import Camera, Organisation, Person, Snapshot, SnapshotImage, Team
from monitor.services.consent import consent_give
from tests.fakes import FakeEngine


@pytest.fixture
def organisation(db: None) -> Organisation:
    return Organisation.objects.create(name="Works", time_zone="Europe/Berlin")


@pytest.fixture
def person(organisation: Organisation) -> Person:
    team = Team.objects.create(name="Post room")
    person = Person.objects.create(number="P001", name="Ada Example", team=team)
    consent_give(person=person)
    return person


@pytest.fixture
def camera(person: Person) -> Camera:
    return Camera.objects.create(name="Desk 1", person=person)


@pytest.fixture
def admin(organisation: Organisation) -> User:
    return User.objects.create_superuser("boss")


@pytest.fixture
def employee(person: Person) -> User:
    user = User.objects.create_user("ada")
    person.user = user
    person.save(update_fields=["user"])
    return user


@pytest.fixture
def stranger(organisation: Organisation) -> User:
    return User.objects.create_user("stranger")


def client_of(user: User) -> APIClient:
    client = APIClient()
    client.force_authenticate(user)
    return client


@pytest.fixture
def api(admin: User) -> APIClient:
    """A client that may send for everybody and see everybody."""
    return client_of(admin)


Waiting = Callable[..., Snapshot]


@pytest.fixture
def waiting(person: Person) -> Waiting:
    """Makes snapshots with a sealed picture, `picture=`, that no engine could read."""

    def make(picture: bytes = b"picture", **fields: Any) -> Snapshot:
        now = timezone.now()
        values = {"taken_at": now, "received_at": now, "source": "api"} | fields
        snapshot = Snapshot.objects.create(person=person, **values)
        SnapshotImage.objects.create(snapshot=snapshot, sealed=vault.seal(picture))
        return snapshot

    return make


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    """The worker's engine, replaced."""
    fake = FakeEngine()
    monkeypatch.setattr("monitor.services.analysis.get_engine", lambda _: fake)
    return fake


@pytest.fixture(autouse=True)
def empty_cache() -> None:
    """Throttles count in the cache, which outlives a test's transaction."""
    cache.clear()


@pytest.fixture(autouse=True)
def wakes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Wake-ups are noted instead of sent; no test needs a broker by accident."""
    noted: list[str] = []
    monkeypatch.setattr(
        "monitor.tasks.analyse_waiting.delay", lambda: noted.append("wake")
    )
    return noted
