"""Pictures at rest: sealed with Fernet (AES-128-CBC and HMAC-SHA256), keys rotatable.

The first key of `settings.IMAGE_KEYS` seals; every key opens, so a new key is put in
front and the old one dropped once nothing sealed with it is left.
"""

from __future__ import annotations

from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


class PictureLocked(Exception):
    """No configured key opens these bytes."""


@lru_cache(maxsize=4)
def _box(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def seal(picture: bytes) -> bytes:
    return _box(tuple(settings.IMAGE_KEYS)).encrypt(picture)


def unseal(sealed: bytes) -> bytes:
    try:
        return _box(tuple(settings.IMAGE_KEYS)).decrypt(sealed)
    except InvalidToken as exc:
        raise PictureLocked("no key in IMAGE_KEYS opens this picture") from exc
