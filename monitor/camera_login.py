"""User name and password of a camera: sealed like pictures, never shown again."""

from __future__ import annotations

import json

from monitor import vault


def login_seal(user: str, password: str) -> bytes:
    """Empty when there is nothing to keep."""
    if not user and not password:
        return b""
    return vault.seal(json.dumps([user, password]).encode())


def login_open(sealed: bytes | memoryview) -> tuple[str, str]:
    """User name and password; raises vault.PictureLocked when no key opens them."""
    if not sealed:
        return "", ""
    user, password = json.loads(vault.unseal(bytes(sealed)))
    return user, password
