"""Drawn faces: pictures for tests that hold nobody's likeness."""

from __future__ import annotations

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


def draw_one(
    canvas: np.ndarray, centre: tuple[int, int], radius: float, smile: float = 0.5
) -> None:
    """Draw one frontal face; `radius` is half its height in pixels."""

    def at(x: float, y: float) -> tuple[int, int]:
        return round(centre[0] + x * radius), round(centre[1] + y * radius)

    def oval(
        x: float, y: float, w: float, h: float, colour: tuple[int, int, int]
    ) -> None:
        axes = (max(1, round(w * radius)), max(1, round(h * radius)))
        cv2.ellipse(canvas, at(x, y), axes, 0, 0, 360, colour, -1, cv2.LINE_AA)

    line = max(1, round(radius * 0.05))
    cv2.rectangle(canvas, at(-0.3, 0.6), at(0.3, 1.5), SHADE, -1)
    oval(0, 2.0, 1.5, 0.75, (70, 80, 120))
    oval(0, -0.25, 0.84, 0.95, HAIR)
    oval(0, 0.05, 0.72, 0.95, SKIN)
    oval(0, -0.75, 0.6, 0.26, HAIR)
    for side in (-1, 1):
        oval(side * 0.73, 0.05, 0.09, 0.2, SHADE)
        oval(side * 0.29, -0.1, 0.19, 0.12, SHADE)
        oval(side * 0.29, -0.1, 0.16, 0.075, WHITE)
        oval(side * 0.29, -0.1, 0.075, 0.075, IRIS)
        oval(side * 0.29, -0.1, 0.035, 0.035, (10, 10, 10))
        cv2.ellipse(
            canvas,
            at(side * 0.29, -0.24),
            (round(radius * 0.21), round(radius * 0.1)),
            0,
            195,
            345,
            HAIR,
            line + 1,
            cv2.LINE_AA,
        )
    cv2.line(canvas, at(-0.06, -0.05), at(-0.1, 0.24), SHADE, line, cv2.LINE_AA)
    oval(0, 0.27, 0.15, 0.07, SHADE)
    for side in (-1, 1):
        oval(side * 0.07, 0.3, 0.03, 0.02, (120, 80, 70))
    bend = round(radius * 0.16 * abs(smile)) + 1
    start, end = (10, 170) if smile >= 0 else (190, 350)
    shift = -0.08 if smile >= 0 else 0.12
    for thick in (line * 3, line * 2):
        cv2.ellipse(
            canvas,
            at(0, 0.55 + shift * abs(smile)),
            (round(radius * 0.27), bend),
            0,
            start,
            end,
            LIPS,
            thick,
            cv2.LINE_AA,
        )
