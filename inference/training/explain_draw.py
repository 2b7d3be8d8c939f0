"""Explanations as pictures for people."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np

from inference.preprocess import to_colour

if TYPE_CHECKING:
    from pathlib import Path

    from PIL import Image

    from inference.arrays import Gray, Rgb, Tensor
    from inference.training.explain import Explanation

SHOWN = 288  # side of a face in the drawing, pixels
GAP = 16
HEAD, FOOT = 44, 78
BAR = 14
STRONGEST = 0.65  # opacity of the heat where it is strongest
TITLES = {
    "gradcam": "Grad-CAM: evidence for the class",
    "occlusion": "occlusion: loss when covered",
}


def overlay(crop: Gray | Rgb, heat: Tensor, top: float) -> Rgb:
    """A face crop (s, s[, 3]) under a map (s, s) of values 0 to `top`, as (s, s, 3)."""
    import cv2

    share = np.clip(heat / max(top, 1e-9), 0, 1)
    levels = np.round(share * 255).astype(np.uint8)
    colour = cv2.applyColorMap(levels, cv2.COLORMAP_INFERNO)[..., ::-1]
    weight = (STRONGEST * share)[..., None]
    mixed = to_colour(crop[None])[0] * (1 - weight) + colour * weight
    return np.asarray(np.round(mixed), np.uint8)


def draw(explanation: Explanation) -> Image.Image:
    """The face, each map over it with its colour bar, and what to make of it."""
    from PIL import Image, ImageDraw

    panels = 1 + len(explanation.maps)
    width = GAP + panels * (SHOWN + GAP) + len(explanation.maps) * (BAR + 40)
    canvas = Image.new("RGB", (width, HEAD + SHOWN + FOOT), "white")
    pen = ImageDraw.Draw(canvas)
    title = f"{explanation.label}, probability {explanation.probability:.2f}"
    pen.text((GAP, 14), title, fill="black", font=_font(16))
    canvas.paste(_enlarged(to_colour(explanation.crop[None])[0]), (GAP, HEAD))
    left = GAP + SHOWN + GAP
    for name, heat in explanation.maps.items():
        top = 1.0 if name == "gradcam" else max(float(heat.max()), 0.01)
        canvas.paste(_enlarged(overlay(explanation.crop, heat, top)), (left, HEAD))
        pen.text((left, 16), TITLES[name], fill="black", font=_font(13))
        _bar(canvas, left + SHOWN + 4, top)
        left += SHOWN + GAP + BAR + 40
    lines = textwrap.wrap(explanation.confusion, width // 7)
    text = "\n".join(lines[:3])
    pen.multiline_text((GAP, HEAD + SHOWN + 10), text, fill="black", font=_font(13))
    return canvas


def _bar(canvas: Image.Image, left: int, top: float) -> None:
    """The colours from 0 to `top` at full strength, as they lie over a mid gray."""
    from PIL import Image, ImageDraw

    ramp = np.linspace(1, 0, SHOWN, dtype=np.float32)[:, None].repeat(BAR, axis=1)
    gray = np.full(ramp.shape, 128, np.uint8)
    canvas.paste(Image.fromarray(overlay(gray, ramp, 1.0)), (left, HEAD))
    pen = ImageDraw.Draw(canvas)
    for text, y in ((f"{top:.2f}", HEAD), ("0", HEAD + SHOWN - 14)):
        pen.text((left + BAR + 4, y), text, fill="black", font=_font(12))


def _enlarged(rgb: Rgb) -> Image.Image:
    from PIL import Image

    return Image.fromarray(rgb).resize((SHOWN, SHOWN), Image.Resampling.BICUBIC)


def _font(size: int) -> Any:
    from PIL import ImageFont

    return ImageFont.load_default(size)


def save(explanation: Explanation, path: Path) -> None:
    """Write the drawing as PNG in one step."""
    temporary = path.with_name(f".writing-{path.name}")
    draw(explanation).save(temporary, format="PNG")
    temporary.replace(path)
