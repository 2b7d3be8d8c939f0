"""QR codes as pictures within a page."""

from __future__ import annotations

import segno
from django.utils.safestring import SafeString, mark_safe

# The strip of white around it that readers ask for (ISO/IEC 18004), in modules.
QUIET_ZONE = 4


def qr_svg(text: str) -> SafeString:
    """An `svg` element, black on white in every theme, as large as its style says.

    A quarter of it may be dirty or hidden (error correction Q).
    """
    code = segno.make(text, error="q", micro=False, boost_error=False)
    drawn = code.svg_inline(
        border=QUIET_ZONE, dark="#000", light="#fff", omitsize=True, svgclass="qr"
    )
    return mark_safe(drawn)  # noqa: S308 segno draws the text, it does not quote it
