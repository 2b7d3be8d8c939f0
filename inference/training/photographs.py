"""The way from a photograph to a crop, measured: the tables of docs/models.md.

    python -m inference.training.photographs detectors PHOTOS
    python -m inference.training.photographs geometry FER2013
    python -m inference.training.photographs margins JAFFE --model dcnn-1

PHOTOS holds faces.csv (file, faces, nose_points as x:y) and the pictures it names.
JAFFE holds class folders of photographs with one face each.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from inference.blazeface import DENSE, BlazeFaceDetector
from inference.classifier import Classifier
from inference.crop import CropSpec, cut
from inference.decode import decode
from inference.detector import HaarDetector
from inference.spec import model_folder
from inference.training.data import read_rows
from inference.training.folders import scan

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from inference.arrays import Rgb
    from inference.detector import Detection, Detector

LONGEST_SIDE = 1280
MARGINS = (-0.1, 0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4)
SHIFTS = (-0.1, -0.05, 0.0, 0.05)


@dataclass(frozen=True)
class Annotated:
    """A photograph (h, w, 3) and the tips of the noses in it, in its pixels."""

    rgb: Rgb
    noses: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Found:
    """Result of one detector; `milliseconds` per picture, decoding not counted."""

    faces: int
    found: int
    false_alarms: int
    milliseconds: float


def annotated(root: Path) -> Iterator[Annotated]:
    """The photographs of `root`/faces.csv, longest side at most 1280 pixels."""
    import cv2

    with (root / "faces.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            picture = decode((root / row["file"]).read_bytes())
            factor = min(1.0, LONGEST_SIDE / max(picture.rgb.shape[:2]))
            rgb = picture.rgb
            if factor < 1:
                rgb = np.asarray(
                    cv2.resize(
                        rgb, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA
                    ),
                    np.uint8,
                )
            scale = picture.scale * factor
            points = [point.split(":") for point in row["nose_points"].split()]
            yield Annotated(
                rgb, tuple((float(x) * scale, float(y) * scale) for x, y in points)
            )


def count(detector: Detector, photographs: Iterable[Annotated]) -> Found:
    """A face is found when a box holds its nose; any other box is a false alarm."""
    faces = found = alarms = pictures = 0
    seconds = 0.0
    for photograph in photographs:
        start = time.perf_counter()
        detections = detector.detect(photograph.rgb)
        seconds += time.perf_counter() - start
        held = [_held(face, photograph.noses) for face in detections]
        faces += len(photograph.noses)
        found += len(set().union(*held))
        alarms += sum(not noses for noses in held)
        pictures += 1
    return Found(faces, found, alarms, 1000 * seconds / max(1, pictures))


def _held(face: Detection, noses: tuple[tuple[float, float], ...]) -> set[int]:
    x, y, w, h = face.box
    return {
        number
        for number, (a, b) in enumerate(noses)
        if x <= a <= x + w and y <= b <= y + h
    }


def detector_table(root: Path) -> str:
    """Markdown table of every detector at several thresholds."""
    photographs = list(annotated(root))
    detectors: list[tuple[str, Detector]] = [
        (f"BlazeFace full range, sparse, score >= {score}", BlazeFaceDetector(score))
        for score in (0.4, 0.5, 0.6, 0.7)
    ]
    detectors += [
        (f"BlazeFace full range, score >= {score}", BlazeFaceDetector(score, 1, DENSE))
        for score in (0.5, 0.6)
    ]
    detectors.append(("Haar frontal default (OpenCV)", HaarDetector()))
    lines = [
        "| detector | found | false alarms | ms |",
        "| --- | --- | --- | --- |",
    ]
    for name, detector in detectors:
        result = count(detector, photographs)
        lines.append(
            f"| {name} | {result.found} of {result.faces} | {result.false_alarms} "
            f"| {result.milliseconds:.1f} |"
        )
    return "\n".join(lines)


def margin_table(root: Path, model: str, align: bool) -> str:
    """Markdown table of accuracy by margin (columns) and shift (rows)."""
    classifier = Classifier(model_folder(model))
    detector = BlazeFaceDetector()
    files = scan(root).files
    pictures = [decode(file.path.read_bytes()).rgb for file in files]
    faces = [max(detector.detect(rgb), key=lambda face: face.score) for rgb in pictures]
    labels = np.array([file.label for file in files])
    lines = [
        "| shift | " + " | ".join(f"margin {margin}" for margin in MARGINS) + " |",
        "| --- " * (len(MARGINS) + 1) + "|",
    ]
    for shift in SHIFTS:
        cells = []
        for margin in MARGINS:
            spec = CropSpec(margin, shift, align)
            crops = [
                cut(rgb, face, spec) for rgb, face in zip(pictures, faces, strict=True)
            ]
            hits = classifier(np.stack(crops)).argmax(axis=1) == labels
            cells.append(f"{hits.mean():.3f}")
        lines.append(f"| {shift} | {' | '.join(cells)} |")
    return "\n".join(lines)


def geometry(path: Path, count: int = 1500, pad: int = 12) -> str:
    """Where the detector sees the face in FER2013's crops, against the crop itself.

    The median margin and shift are what makes a detector's box as wide as those
    crops. Crops are tight, so `pad` pixels of repeated edge help the detector.
    """
    import cv2

    rows = read_rows(path)
    detector = BlazeFaceDetector()
    margins, shifts = [], []
    images = rows.images[rows.splits == "train"][:count]
    for image in images:
        wide = cv2.copyMakeBorder(image, pad, pad, pad, pad, cv2.BORDER_REPLICATE)
        rgb = cv2.cvtColor(cv2.resize(wide, (192, 192)), cv2.COLOR_GRAY2RGB)
        for face in detector.detect(np.asarray(rgb, np.uint8))[:1]:
            scale = wide.shape[0] / 192
            _, y, width, height = (value * scale for value in face.box)
            side = float(np.sqrt(width * height))
            middle = image.shape[0] / 2
            margins.append(image.shape[0] / side - 1)
            shifts.append((middle + pad - (y + height / 2)) / side)
    low, margin, high = np.percentile(margins, [25, 50, 75])
    return (
        f"face found in {len(margins)} of {len(images)} crops; margin {margin:.2f} "
        f"(quartiles {low:.2f}, {high:.2f}), shift {np.median(shifts):.2f}"
    )


def main() -> None:
    import cv2

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table", choices=("detectors", "geometry", "margins"))
    parser.add_argument("path", type=Path)
    parser.add_argument("--model", default="dcnn-1")
    parser.add_argument("--no-align", action="store_true")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    if options.table == "detectors":
        text = detector_table(options.path)
    elif options.table == "geometry":
        text = geometry(options.path)
    else:
        text = margin_table(options.path, options.model, not options.no_align)
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    main()
