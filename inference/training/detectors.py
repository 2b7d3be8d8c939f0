"""Face detectors against each other, on photographs as they are and made harder."""

from __future__ import annotations

import csv
import importlib
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from tqdm import tqdm

from inference.blazeface import BACK, DENSE, SHORT, BlazeFaceDetector
from inference.decode import decode
from inference.detector import Detection, HaarDetector
from inference.errors import DataError, MissingModel
from inference.light import serving_detector

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from inference.arrays import Rgb
    from inference.detector import Detector

LONGEST_SIDE = 1280
LARGEST_KEPT = 2560  # pixels of the longest side that are kept for enlarging


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


def annotated(root: Path, longest: int = LONGEST_SIDE) -> list[Annotated]:
    """The photographs of `root`/faces.csv, longest side at most `longest` pixels.

    Raises DataError where there is no such table.
    """
    table = root / "faces.csv"
    if not table.is_file():
        raise DataError(f"{table} is missing: columns file, faces, nose_points (x:y)")
    out = []
    with table.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            picture = decode((root / row["file"]).read_bytes(), longest)
            points = [point.split(":") for point in row["nose_points"].split()]
            noses = [(float(x), float(y)) for x, y in points]
            whole = Annotated(picture.rgb, scaled(noses, picture.scale))
            factor = longest / max(whole.rgb.shape[:2])
            out.append(resized(whole, min(1.0, factor)))
    return out


def scaled(
    points: Iterable[tuple[float, float]], factor: float
) -> tuple[tuple[float, float], ...]:
    return tuple((x * factor, y * factor) for x, y in points)


def resized(photograph: Annotated, factor: float) -> Annotated:
    """Enlarged or shrunk, the noses with it."""
    if factor == 1:
        return photograph
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    rgb = cv2.resize(photograph.rgb, None, fx=factor, fy=factor, interpolation=how)
    return Annotated(np.asarray(rgb, np.uint8), scaled(photograph.noses, factor))


def wide(photograph: Annotated, width: int) -> Annotated:
    return resized(photograph, width / photograph.rgb.shape[1])


def turned(photograph: Annotated, degrees: float) -> Annotated:
    """Turned counter-clockwise on a black canvas that holds all of it."""
    height, width = photograph.rgb.shape[:2]
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    size = (
        int(np.ceil(abs(width * cos) + abs(height * sin))),
        int(np.ceil(abs(width * sin) + abs(height * cos))),
    )
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    matrix[:, 2] += (size[0] - width) / 2, (size[1] - height) / 2
    rgb = np.asarray(cv2.warpAffine(photograph.rgb, matrix, size), np.uint8)
    moved = [matrix @ (x, y, 1) for x, y in photograph.noses]
    return Annotated(rgb, tuple((float(x), float(y)) for x, y in moved))


def darkened(photograph: Annotated, light: float) -> Annotated:
    """`light` times the gray levels, rounded as a camera would: detail is lost."""
    rgb = np.round(photograph.rgb * light).astype(np.uint8)
    return Annotated(rgb, photograph.noses)


Change = Callable[[Annotated], Annotated]
VARIANTS: dict[str, Change] = {
    "original": lambda one: one,
    "640 wide": lambda one: wide(one, 640),
    "1280 wide": lambda one: wide(one, 1280),
    "1920 wide": lambda one: wide(one, 1920),
    "turned +15": lambda one: turned(one, 15),
    "turned -15": lambda one: turned(one, -15),
    "turned +30": lambda one: turned(one, 30),
    "turned -30": lambda one: turned(one, -30),
    "light x 0.3": lambda one: darkened(one, 0.3),
    "light x 0.1": lambda one: darkened(one, 0.1),
}


class YunetDetector:
    """OpenCV's YuNet (Wu et al. 2023) from an .onnx file that the site provides."""

    name = "yunet"

    def __init__(self, path: Path, min_score: float = 0.6) -> None:
        if not path.is_file():
            raise MissingModel(f"{path} is not a file: give YuNet's .onnx file")
        try:
            self._net = cv2.FaceDetectorYN.create(str(path), "", (320, 320), min_score)
        except cv2.error as error:
            raise MissingModel(f"{path} cannot be loaded as YuNet: {error}") from error

    def detect(self, rgb: Rgb) -> list[Detection]:
        self._net.setInputSize((rgb.shape[1], rgb.shape[0]))
        _, faces = self._net.detect(np.ascontiguousarray(rgb[..., ::-1]))
        if faces is None:
            return []
        return [
            Detection((row[0], row[1], row[2], row[3]), row[-1], None)
            for row in faces.tolist()
        ]


class MtcnnDetector:
    """MTCNN (Zhang et al. 2016, arXiv 1604.02878) of the package facenet-pytorch."""

    name = "mtcnn"

    def __init__(self, min_score: float = 0.9) -> None:
        try:
            package = importlib.import_module("facenet_pytorch")
        except ImportError as error:
            raise MissingModel("MTCNN needs the package facenet-pytorch") from error
        self._net = package.MTCNN(keep_all=True, device="cpu")
        self._min_score = min_score

    def detect(self, rgb: Rgb) -> list[Detection]:
        boxes, scores = self._net.detect(rgb)
        if boxes is None:
            return []
        return [
            Detection((x0, y0, x1 - x0, y1 - y0), float(score), None)
            for (x0, y0, x1, y1), score in zip(boxes.tolist(), scores, strict=True)
            if score >= self._min_score
        ]


Candidate = tuple[str, Callable[[], "Detector"]]


def candidates(yunet: Path | None) -> list[Candidate]:
    """Name and maker of every detector that is compared, the served one first."""
    out: list[Candidate] = [
        ("BlazeFace full range, sparse", BlazeFaceDetector),
        ("the same, dark pictures brightened", serving_detector),
        ("BlazeFace full range", lambda: BlazeFaceDetector(weights=DENSE)),
        ("BlazeFace back camera", lambda: BlazeFaceDetector(weights=BACK)),
        ("BlazeFace short range", lambda: BlazeFaceDetector(weights=SHORT)),
        ("Haar frontal (OpenCV)", HaarDetector),
        ("MTCNN", MtcnnDetector),
    ]
    if yunet is not None:
        out.append(("YuNet", lambda: YunetDetector(yunet)))
    return out


@dataclass(frozen=True)
class Row:
    """One detector on every variant; `missing` says why it could not be tried."""

    name: str
    variants: dict[str, Found]
    missing: str = ""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def measure(root: Path, chosen: Sequence[Candidate]) -> list[Row]:
    """Every detector on every variant of the photographs under `root`."""
    photographs = annotated(root, LARGEST_KEPT)
    served = [
        resized(one, min(1.0, LONGEST_SIDE / max(one.rgb.shape[:2])))
        for one in photographs
    ]
    out = []
    for name, make in tqdm(chosen, unit="detector"):
        try:
            detector = make()
        except MissingModel as error:
            out.append(Row(name, {}, str(error)))
            continue
        found = {
            variant: count(
                detector,
                (change(one) for one in (photographs if "wide" in variant else served)),
            )
            for variant, change in VARIANTS.items()
        }
        out.append(Row(name, found))
    return out


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


def markdown(rows: Sequence[Row]) -> str:
    """Faces found and, after a plus sign, false alarms; ms on the original."""
    lines = [
        f"| detector | {' | '.join(VARIANTS)} | ms |",
        "| --- " * (len(VARIANTS) + 2) + "|",
    ]
    for row in rows:
        if row.missing:
            lines.append(f"| {row.name} | not available: {row.missing} |")
            continue
        cells = [f"{one.found} + {one.false_alarms}" for one in row.variants.values()]
        time_taken = f"{row.variants['original'].milliseconds:.1f}"
        lines.append(f"| {row.name} | {' | '.join(cells)} | {time_taken} |")
    faces = next((row.variants["original"].faces for row in rows if row.variants), 0)
    return "\n".join([*lines, "", f"{faces} annotated faces; found + false alarms."])
