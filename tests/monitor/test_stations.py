"""PINs, and stations as their services keep them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth import hashers
from pytest_django.fixtures import DjangoAssertNumQueries, Settings

from monitor.models import Person, PersonPin, Station, StationVisit
from monitor.services import pins, stations
from monitor.services.consent import consent_withdraw
from monitor.services.intake import Refused
from monitor.services.stations import Shown
from tests.factories import NOON

PIN = "480173"
WRONG = "111222"


@pytest.fixture(autouse=True)
def clock() -> Iterator[None]:
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture(autouse=True)
def quick(settings: Settings) -> None:
    hasher = "django.contrib.auth.hashers.MD5PasswordHasher"
    settings.PASSWORD_HASHERS = [hasher]


@pytest.fixture
def station(db: None) -> Station:
    made, secret = stations.station_create(name="Canteen")
    assert stations.station_enrol(secret=secret, now=NOON)
    return made


@pytest.fixture
def known(person: Person) -> Person:
    pins.pin_set(person=person, pin=PIN)
    return person


def renew(person: Person) -> None:
    pins.pin_set(person=person, pin="739104")


def begin(station: Station, **shown: str) -> str | None:
    said = Shown(**({"number": "P001", "pin": PIN} | shown))
    return stations.visit_begin(station=station, shown=said, now=NOON)


def visit(station: Station, token: str | None) -> StationVisit | None:
    return stations.visit_of(station=station, token=token or "", now=NOON)


def test_number_and_pin_begin_a_visit(station: Station, known: Person) -> None:
    found = visit(station, begin(station))
    assert found is not None
    assert found.person == known


def test_a_code_begins_a_visit_until_there_is_a_new_one(
    station: Station, known: Person
) -> None:
    first = pins.code_make(person=known)
    assert begin(station, number="", pin="", code=first)
    second = pins.code_make(person=known)
    assert begin(station, code=first) is None
    assert begin(station, code=second)


@pytest.mark.parametrize(
    "shown",
    [{"pin": WRONG}, {"number": "P999"}, {"code": "0" * 32}, {"number": "", "pin": ""}],
)
def test_who_is_not_known_is_refused(
    shown: dict[str, str], station: Station, known: Person
) -> None:
    assert begin(station, **shown) is None
    assert Station.objects.get().tries == 1


def test_without_consent_nobody_is_known(station: Station, known: Person) -> None:
    consent_withdraw(person=known)
    assert begin(station) is None


@pytest.mark.parametrize("number", ["P001", "P999"])
def test_an_unknown_number_costs_a_hash_as_well(
    number: str, station: Station, known: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[str] = []
    hasher = hashers.MD5PasswordHasher
    plain = hasher.encode

    def counted(self: hashers.BasePasswordHasher, password: str, salt: str) -> str:
        hashed.append(password)
        return plain(self, password, salt)

    monkeypatch.setattr(hasher, "encode", counted)
    assert begin(station, number=number, pin=WRONG) is None
    assert len(hashed) == 1


def test_five_wrong_tries_lock_a_pin_for_a_quarter_of_an_hour(
    station: Station, known: Person
) -> None:
    for _ in range(5):
        assert begin(station, pin=WRONG) is None
    assert begin(station) is None
    row = PersonPin.objects.get()
    assert row.locked_until(NOON) == NOON + timedelta(minutes=15)
    later = NOON + timedelta(minutes=15)
    shown = Shown(number="P001", pin=PIN)
    assert stations.visit_begin(station=station, shown=shown, now=later)


def test_a_new_pin_unlocks(station: Station, known: Person) -> None:
    for _ in range(5):
        begin(station, pin=WRONG)
    pins.pin_set(person=known, pin=PIN)
    assert begin(station)


def test_four_wrong_tries_are_forgotten_with_the_right_pin(
    station: Station, known: Person
) -> None:
    for _ in range(4):
        begin(station, pin=WRONG)
    assert begin(station)
    assert PersonPin.objects.get().tries == 0


def test_a_station_where_many_numbers_are_tried_rests(
    station: Station, known: Person
) -> None:
    for n in range(Station.MOST):
        assert begin(station, number=f"X{n}") is None
    assert begin(station) is None


@pytest.mark.parametrize(
    "pin", ["12345", "1" * 6, "123456", "987654", "12345a", "٤٨٠١٧٣", "1" * 13]
)
def test_a_weak_pin_is_refused(pin: str, person: Person) -> None:
    with pytest.raises(pins.PinRefused):
        pins.pin_set(person=person, pin=pin)


def test_neither_pin_nor_code_is_stored(known: Person) -> None:
    code = pins.code_make(person=known)
    row = PersonPin.objects.get()
    assert PIN not in row.encoded
    assert code not in row.code_digest


def test_a_link_sets_up_one_device_within_an_hour(db: None) -> None:
    _, secret = stations.station_create(name="Canteen")
    late = NOON + stations.LINK_LASTS
    assert stations.station_enrol(secret=secret, now=late) is None
    token = stations.station_enrol(secret=secret, now=NOON)
    assert token is not None
    assert stations.station_enrol(secret=secret, now=NOON) is None
    assert stations.station_of(token=token, now=NOON) is not None


def test_a_name_is_free_again_when_its_station_is_revoked(station: Station) -> None:
    with pytest.raises(stations.StationRefused, match="a station of this name"):
        stations.station_create(name="Canteen")
    stations.station_revoke(station=station)
    made, _ = stations.station_create(name="Canteen")
    assert made.pk != station.pk


def test_a_revoked_station_is_none(db: None) -> None:
    made, secret = stations.station_create(name="Canteen")
    token = stations.station_enrol(secret=secret, now=NOON)
    assert token is not None
    stations.station_revoke(station=made)
    assert stations.station_of(token=token, now=NOON) is None
    assert stations.station_of(token="", now=NOON) is None
    with pytest.raises(stations.StationRefused):
        stations.station_link(station=made)


def test_a_visit_is_bound_to_its_station(station: Station, known: Person) -> None:
    token = begin(station)
    other, _ = stations.station_create(name="Gate")
    assert visit(other, token) is None


def test_the_next_visit_ends_the_one_before(station: Station, known: Person) -> None:
    first = begin(station)
    begin(station)
    assert visit(station, first) is None


def test_a_visit_ends_after_two_minutes(station: Station, known: Person) -> None:
    token = begin(station) or ""
    later = NOON + timedelta(minutes=2)
    assert stations.visit_of(station=station, token=token, now=later) is None


def test_one_answer_for_each_visit(station: Station, known: Person) -> None:
    found = visit(station, begin(station))
    assert found is not None
    stations.visit_answer(visit=found, value=3)
    with pytest.raises(Refused) as refused:
        stations.visit_answer(visit=found, value=3)
    assert refused.value.code == "visit_over"
    assert known.self_reports.get().value == 3


def test_who_stands_there_is_forgotten_though_nobody_comes(
    station: Station, known: Person
) -> None:
    """A device that is switched off never asks for its start page."""
    begin(station)
    stations.visits_prune(now=NOON + stations.VISIT_LASTS - timedelta(seconds=1))
    assert StationVisit.objects.exists()
    stations.visits_prune(now=NOON + stations.VISIT_LASTS)
    assert not StationVisit.objects.exists()


@pytest.mark.parametrize("change", [pins.pin_remove, pins.code_make, renew])
def test_what_changes_while_it_is_looked_at_counts_no_more(
    station: Station,
    known: Person,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[..., object],
) -> None:
    """Hashing takes its time; whoever changes a PIN then wants the old one refused."""
    looked = hashers.check_password

    def slowly(pin: str, encoded: str) -> bool:
        fits = looked(pin, encoded)
        change(person=known)
        return fits

    monkeypatch.setattr(pins, "check_password", slowly)
    assert begin(station) is None
    assert not StationVisit.objects.exists()


def test_a_strangers_request_writes_nothing(
    station: Station, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    """Where writers take turns, a flood of cookies must not take any."""
    with django_assert_num_queries(1) as asked:
        assert stations.station_of(token="x", now=NOON) is None
    assert asked[0]["sql"].startswith("SELECT")
