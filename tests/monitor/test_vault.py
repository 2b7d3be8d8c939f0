from __future__ import annotations

from typing import Any

import pytest
from cryptography.fernet import Fernet

from monitor import vault


def test_what_is_sealed_can_be_opened_and_not_read() -> None:
    sealed = vault.seal(b"a picture")
    assert b"a picture" not in sealed
    assert vault.unseal(sealed) == b"a picture"


def test_a_new_key_in_front_still_opens_the_old(settings: Any) -> None:
    sealed = vault.seal(b"a picture")
    settings.IMAGE_KEYS = [Fernet.generate_key().decode(), *settings.IMAGE_KEYS]
    assert vault.unseal(sealed) == b"a picture"


def test_without_its_key_a_picture_stays_shut(settings: Any) -> None:
    sealed = vault.seal(b"a picture")
    settings.IMAGE_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(vault.PictureLocked):
        vault.unseal(sealed)
