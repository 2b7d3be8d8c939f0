"""Consent is one current row or none, and its end is felt everywhere at once."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError
from django.utils import timezone

from monitor.models import Consent, Person
from monitor.services.consent import consent_give, consent_withdraw


def test_giving_twice_is_giving_once(person: Person) -> None:
    consent_give(person=person)
    assert Consent.objects.current().count() == 1


def test_a_second_current_consent_cannot_be_stored(person: Person) -> None:
    with pytest.raises(IntegrityError):
        Consent.objects.create(person=person, given_at=timezone.now())


def test_consent_may_be_given_again_after_withdrawal(person: Person) -> None:
    consent_withdraw(person=person)
    assert not Person.objects.consented().exists()
    consent_give(person=person)
    assert Person.objects.consented().get() == person
    assert Consent.objects.count() == 2


def test_who_may_see_whom(person: Person, admin: User, employee: User) -> None:
    stranger = User.objects.create_user("other")
    gone = User.objects.create_superuser("gone", is_active=False)
    visible = {
        user.username: list(Person.objects.visible_to(user))
        for user in (admin, employee, stranger, gone)
    }
    assert visible == {"boss": [person], "ada": [person], "other": [], "gone": []}


def test_nobody_sees_a_person_without_consent(
    person: Person, admin: User, employee: User
) -> None:
    consent_withdraw(person=person)
    assert not Person.objects.visible_to(admin).exists()
    assert not Person.objects.visible_to(employee).exists()
