"""Drawn faces: pictures for tests that hold nobody's likeness."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

SKIN, SHADE, HAIR = (205, 165, 140), (180, 135, 112), (60, 42, 32)
LIPS, WHITE, IRIS = (165, 80, 78), (240, 240, 240), (70, 50, 35)


def draw_face(
    size: tuple[int, int] = (640, 480),
    faces: int = 1,
    smile: float = 0.5,
    share: float = 0.45,
    quality: int = 92,
) -> bytes:
    """A JPEG of `size` (width, height) with drawn faces side by side.

    smile: -1 sad to 1 happy. share: height of a face against that of the picture.
    """
    rgb = draw_scene(size, faces, smile, share)
    options = [cv2.IMWRITE_JPEG_QUALITY, quality]
    ok, data = cv2.imencode(".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), options)
    assert ok
    return data.tobytes()


def draw_scene(
    size: tuple[int, int], faces: int = 1, smile: float = 0.5, share: float = 0.45
) -> np.ndarray:
    """RGB pixels (h, w, 3) with `faces` drawn faces side by side."""
    width, height = size
    ramp = np.linspace(150, 190, height, dtype=np.uint8)[:, None, None]
    canvas = np.ascontiguousarray(np.broadcast_to(ramp, (height, width, 3)))
    for number in range(faces):
        x = round(width * (number + 0.5) / faces)
        draw_one(canvas, (x, height // 2), height * share / 2, smile)
    return cv2.GaussianBlur(canvas, (0, 0), max(0.6, height * share / 250))


Colour = tuple[int, int, int]


def draw_one(
    canvas: np.ndarray, centre: tuple[int, int], radius: float, smile: float = 0.5
) -> None:
    """Draw one frontal face; `radius` is half its height in pixels."""
    pen = Pen(canvas, centre, radius)
    draw_head(pen)
    draw_eyes(pen)
    pen.line((-0.06, -0.05), (-0.1, 0.24), SHADE)
    pen.oval(0, 0.27, 0.15, 0.07, SHADE)
    for side in (-1, 1):
        pen.oval(side * 0.07, 0.3, 0.03, 0.02, (120, 80, 70))
    bend = 0.16 * abs(smile) + 1 / radius
    shift = -0.08 if smile >= 0 else 0.12
    for thick in (pen.width * 3, pen.width * 2):
        arc = (10, 170) if smile >= 0 else (190, 350)
        pen.arc((0, 0.55 + shift * abs(smile)), (0.27, bend), arc, LIPS, thick)


def draw_head(pen: Pen) -> None:
    cv2.rectangle(pen.canvas, pen.at(-0.3, 0.6), pen.at(0.3, 1.5), SHADE, -1)
    pen.oval(0, 2.0, 1.5, 0.75, (70, 80, 120))
    pen.oval(0, -0.25, 0.84, 0.95, HAIR)
    pen.oval(0, 0.05, 0.72, 0.95, SKIN)
    pen.oval(0, -0.75, 0.6, 0.26, HAIR)


def draw_eyes(pen: Pen) -> None:
    for side in (-1, 1):
        pen.oval(side * 0.73, 0.05, 0.09, 0.2, SHADE)
        pen.oval(side * 0.29, -0.1, 0.19, 0.12, SHADE)
        pen.oval(side * 0.29, -0.1, 0.16, 0.075, WHITE)
        pen.oval(side * 0.29, -0.1, 0.075, 0.075, IRIS)
        pen.oval(side * 0.29, -0.1, 0.035, 0.035, (10, 10, 10))
        brow = (side * 0.29, -0.24)
        pen.arc(brow, (0.21, 0.1), (195, 345), HAIR, pen.width + 1)


@dataclass
class Pen:
    """Draws in units of the face: (0, 0) is its middle, 1 half its height."""

    canvas: np.ndarray
    centre: tuple[int, int]
    radius: float

    @property
    def width(self) -> int:
        return max(1, round(self.radius * 0.05))

    def at(self, x: float, y: float) -> tuple[int, int]:
        left, top = self.centre
        return round(left + x * self.radius), round(top + y * self.radius)

    def size(self, width: float, height: float) -> tuple[int, int]:
        return max(1, round(width * self.radius)), max(1, round(height * self.radius))

    def oval(self, x: float, y: float, w: float, h: float, colour: Colour) -> None:
        centre, axes = self.at(x, y), self.size(w, h)
        cv2.ellipse(self.canvas, centre, axes, 0, 0, 360, colour, -1, cv2.LINE_AA)

    def arc(
        self,
        centre: tuple[float, float],
        size: tuple[float, float],
        arc: tuple[int, int],
        colour: Colour,
        thick: int,
    ) -> None:
        at, axes = self.at(*centre), self.size(*size)
        cv2.ellipse(self.canvas, at, axes, 0, *arc, colour, thick, cv2.LINE_AA)

    def line(
        self, start: tuple[float, float], end: tuple[float, float], colour: Colour
    ) -> None:
        ends = self.at(*start), self.at(*end)
        cv2.line(self.canvas, *ends, colour, self.width, cv2.LINE_AA)
