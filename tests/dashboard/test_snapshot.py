from __future__ import annotations

import pytest
from django.test import Client

from dashboard import words
from inference.errors import UnreadableImage
from inference.types import REASONS
from monitor.models import Person, Snapshot
from tests.factories import SnapshotFactory, reading


def page(client: Client, snapshot: Snapshot) -> str:
    return client.get(f"/snapshots/{snapshot.pk}/").content.decode()


def test_a_waiting_picture_asks_again(client_health: Client, ada: Person) -> None:
    shown = page(client_health, SnapshotFactory.create(person=ada))
    assert "Waiting to be analysed." in shown
    assert "hx-trigger" in shown


def test_a_finished_picture_shows_five_probabilities(
    client_health: Client, ada: Person
) -> None:
    shown = page(client_health, reading(ada, happy=0.6, neutral=0.1).snapshot)
    assert shown.count("emotion-bar ") == 5
    assert "60.0%" in shown
    assert "Places of 1 face" in shown
    assert "hx-trigger" not in shown


def test_it_says_why_a_face_did_not_count(client_health: Client, ada: Person) -> None:
    shown = page(client_health, reading(ada, unsure=True).snapshot)
    assert "Not counted" in shown
    assert "The face is blurred." in shown


@pytest.mark.parametrize(
    ("status", "reason", "sentence"),
    [
        ("no_face", "", "No face was found"),
        ("failed", "truncated", "The picture is incomplete."),
        ("failed", "gave_up", "The analysis failed three times"),
        ("skipped", "consent_withdrawn", "The consent was withdrawn"),
    ],
)
def test_each_end_has_its_sentence(
    client_health: Client, ada: Person, status: str, reason: str, sentence: str
) -> None:
    ended = SnapshotFactory.create(person=ada, status=status, reason=reason)
    assert sentence in page(client_health, ended)


def test_every_code_has_words() -> None:
    assert set(REASONS) - {""} == set(words.FACE_REASONS)
    assert set(UnreadableImage.MESSAGES) <= set(words.PICTURE_REASONS)
    assert set(Snapshot.Status) == set(words.STATES)


def test_a_code_without_words_is_shown_as_it_is() -> None:
    assert words.reason_words("brand_new") == "brand_new"
