"""QR codes in tests: read from a page, and drawn into what a camera sees."""

from __future__ import annotations

import io
import re

import cv2
import numpy as np
import segno

from inference.arrays import Rgb

STROKES = re.compile(r"([Mmh])(-?[\d.]+)(?: (-?[\d.]+))?")


def code_on(page: str) -> str:
    """What the picture on a page says, by another reader than the product's own."""
    side = int(re.findall(r'<svg[^>]* viewBox="0 0 (\d+) \1"', page)[0])
    drawn = np.full((side, side), 255, np.uint8)
    x = y = 0.0
    for what, first, second in STROKES.findall(
        re.findall(r' d="(M\S+ .*?)"', page)[-1]
    ):
        if what == "h":
            drawn[int(y), int(x) : int(x + float(first))] = 0
        x += float(first) if what != "M" else float(first) - x
        y += float(second or 0) if what != "M" else float(second) - y
    large = cv2.resize(drawn, None, fx=8, fy=8, interpolation=cv2.INTER_NEAREST)
    # The other detector of OpenCV misses one in 160 codes, although nothing is askew.
    text, _, _ = cv2.QRCodeDetectorAruco().detectAndDecode(large)
    return text


def scene_with(text: str, size: tuple[int, int] = (640, 480)) -> Rgb:
    """A card held a little askew before a gray wall, as (high, wide, 3)."""
    file = io.BytesIO()
    segno.make(text, error="q", micro=False).save(file, kind="png", scale=8, border=4)
    card = cv2.imdecode(np.frombuffer(file.getvalue(), np.uint8), cv2.IMREAD_COLOR)
    assert card is not None
    side = card.shape[0]
    corners = np.array([[0, 0], [side, 0], [side, side], [0, side]], np.float32)
    held = np.array([[230, 120], [430, 140], [420, 345], [215, 320]], np.float32)
    turn = cv2.getPerspectiveTransform(corners, held)
    wall = cv2.warpPerspective(card, turn, size, borderValue=(150, 150, 150))
    return np.asarray(cv2.GaussianBlur(wall, (0, 0), 0.8), np.uint8)
