"""Settings that cannot work are said at start-up, with what to do about them."""

from __future__ import annotations

from typing import Any

from django.core import checks

from monitor import vault


@checks.register
def image_keys(**_: Any) -> list[checks.CheckMessage]:
    try:
        vault.ciphers()
    except ValueError:
        return [
            checks.Error(
                "IMAGE_KEYS holds something that is no key.",
                hint="Each key is 32 random bytes in URL-safe base64; bin/setup makes"
                " one in STATE_DIR/image_keys.",
                id="monitor.E001",
            )
        ]
    return []
