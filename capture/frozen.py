"""Whether a camera stands still: the same picture again and again, to the last bit.

The noise of a sensor makes every picture a new one, even of an empty room at night. So
pictures that are equal come from a recorder that repeats its last one, or from a camera
that hangs. A single repeat can be chance (a covered lens, a test picture).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

REPEATS = 5


@dataclass(frozen=True, slots=True)
class Stillness:
    """What to keep of a camera from one picture to the next."""

    fingerprint: str = ""
    repeats: int = 0

    def then(self, fingerprint: str) -> Stillness:
        """With the fingerprint of the next picture."""
        same = bool(fingerprint) and fingerprint == self.fingerprint
        return Stillness(fingerprint, self.repeats + 1 if same else 0)

    def is_frozen(self, repeats: int = REPEATS) -> bool:
        return self.repeats >= repeats


def fingerprint(data: bytes) -> str:
    """Sixteen hexadecimal digits that say nothing about what is seen.

    Of a JPEG without its head, into which cameras write the time.
    """
    return hashlib.sha256(_pixels(data)).hexdigest()[:16]


def _pixels(data: bytes) -> bytes:
    at, kept = 2, b""
    while data[:2] == b"\xff\xd8" and data[at : at + 1] == b"\xff":
        marker, length = data[at + 1 : at + 2], int.from_bytes(data[at + 2 : at + 4])
        if marker == b"\xda":
            return kept + data[at:]
        if length < 2:
            break
        if not (b"\xe0" <= marker <= b"\xef" or marker == b"\xfe"):  # APPn, comment
            kept += data[at : at + 2 + length]
        at += 2 + length
    return data
