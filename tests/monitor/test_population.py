"""What the rule is told of a site's people, from their stored days."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import numpy as np
import pytest
from django.core.cache import cache

from monitor.change_point import DEFAULT, LACK
from monitor.flag_kinds import DROP
from monitor.models import Person
from monitor.population import site_days, site_pictures, site_population
from monitor.services.consent import consent_withdraw
from tests.factories import FRIDAY, PersonFactory, reading_series

MONDAY = FRIDAY - timedelta(days=4)


@pytest.fixture(autouse=True)
def fresh_cache() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


def site(people: int) -> list[Person]:
    """Calm people, each a little different, with 14 days before that week."""
    found = PersonFactory.create_batch(people)
    for n, person in enumerate(found):
        level = 0.1 + 0.01 * n
        days = [level, level + 0.1] * 7
        reading_series(person, stress=days, until=MONDAY, per_day=4)
    return found


@pytest.mark.django_db
def test_the_days_of_people_are_filled_up_with_empty_ones() -> None:
    first, second = PersonFactory.create_batch(2)
    reading_series(first, stress=[0.2, 0.4, 0.3], until=MONDAY, per_day=2)
    reading_series(second, stress=[0.5], per_day=3, until=MONDAY - timedelta(days=3))
    stress, bins = site_days(MONDAY)
    assert stress == pytest.approx(np.array([[0.2, 0.4], [0.5, 0.0]]))
    assert bins.tolist() == [[2, 2], [3, 0]]


@pytest.mark.django_db
def test_a_site_is_known_by_its_people_and_a_week_long_the_same() -> None:
    people = site(8)
    found = site_population(FRIDAY)
    assert found != DEFAULT
    assert found.alpha / (found.alpha + found.beta) == pytest.approx(0.185, abs=0.01)
    reading_series(people[0], stress=[0.9] * 3, until=FRIDAY)
    assert site_population(FRIDAY) == site_population(MONDAY) == found
    assert site_pictures(FRIDAY) == 4


@pytest.mark.django_db
def test_a_drop_is_told_of_the_lack_of_happiness() -> None:
    assert site_population(FRIDAY, DROP) == LACK
    cache.clear()
    site(8)
    found = site_population(FRIDAY, DROP)
    assert found.alpha / (found.alpha + found.beta) > 0.9  # nobody is ever happy
    assert site_population(FRIDAY) != found


@pytest.mark.django_db
def test_people_without_consent_do_not_count() -> None:
    consent_withdraw(person=site(8)[0])
    assert site_population(FRIDAY) == DEFAULT
