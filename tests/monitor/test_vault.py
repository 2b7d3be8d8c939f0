from __future__ import annotations

import base64
import secrets
from typing import Any

import pytest

from monitor import checks, vault


def new_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


def test_what_is_sealed_can_be_opened_and_not_read() -> None:
    sealed = vault.seal(b"a picture")
    assert b"a picture" not in sealed
    assert vault.unseal(sealed) == b"a picture"


def test_a_new_key_in_front_still_opens_the_old(settings: Any) -> None:
    sealed = vault.seal(b"a picture")
    settings.IMAGE_KEYS = [new_key(), *settings.IMAGE_KEYS]
    assert vault.unseal(sealed) == b"a picture"


def test_without_its_key_a_picture_stays_shut(settings: Any) -> None:
    sealed = vault.seal(b"a picture")
    settings.IMAGE_KEYS = [new_key()]
    with pytest.raises(vault.PictureLocked):
        vault.unseal(sealed)


@pytest.mark.parametrize("key", ["", "short", "c2hvcnQ="])
def test_a_key_of_wrong_form_fails_the_start(settings: Any, key: str) -> None:
    assert checks.image_keys() == []
    settings.IMAGE_KEYS = [key]
    assert [found.id for found in checks.image_keys()] == ["monitor.E001"]
