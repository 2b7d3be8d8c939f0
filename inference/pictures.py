"""Which files in a folder are taken for pictures."""

from __future__ import annotations

SUFFIXES = frozenset(
    (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif")
)
