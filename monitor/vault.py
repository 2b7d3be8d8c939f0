"""Pictures at rest: sealed with AES-256-GCM, under keys that can be rotated.

The first key of `settings.IMAGE_KEYS` seals; every key opens, so a new key is put in
front and the old one dropped once nothing sealed with it is left. Layout: 12 random
bytes (NIST SP 800-38D allows 2**32 pictures a key), then ciphertext and tag.
"""

from __future__ import annotations

import base64
import secrets
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

NONCE_BYTES = 12


class PictureLocked(Exception):
    """No configured key opens these bytes."""


@lru_cache(maxsize=4)
def _ciphers(keys: tuple[str, ...]) -> list[AESGCM]:
    return [AESGCM(base64.urlsafe_b64decode(key)) for key in keys]


def ciphers() -> list[AESGCM]:
    """One for each key, newest first; raises ValueError for a key of wrong form."""
    return _ciphers(tuple(settings.IMAGE_KEYS))


def seal(picture: bytes) -> bytes:
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + ciphers()[0].encrypt(nonce, picture, None)


def unseal(sealed: bytes) -> bytes:
    nonce, secret = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
    for cipher in ciphers():
        try:
            return cipher.decrypt(nonce, secret, None)
        except (InvalidTag, ValueError):
            continue
    raise PictureLocked("no key in IMAGE_KEYS opens this picture")
