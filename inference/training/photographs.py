"""The way from a photograph to a crop, measured: the tables of docs/models.md.

    python -m inference.training.photographs detectors --data PHOTOS [--yunet ONNX]
    python -m inference.training.photographs sheet --data PHOTOS --out PNG
    python -m inference.training.photographs ways --data JAFFE
    python -m inference.training.photographs geometry --data FER2013
    python -m inference.training.photographs margins --data JAFFE --model dcnn-1

PHOTOS holds faces.csv (file, faces, nose_points as x:y) and the pictures it names; a
sheet can be made of any folder of pictures. JAFFE holds class folders of photographs
with one face each.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from tqdm import tqdm

from inference.classifier import Classifier
from inference.crop import CROP_SIDE, CropSpec, cut
from inference.decode import decode
from inference.errors import DataError, InferenceError, MissingModel
from inference.files import write_json
from inference.light import serving_detector
from inference.pictures import SUFFIXES
from inference.spec import active_name, load_spec, model_folder
from inference.training import detectors
from inference.training.data import read_rows
from inference.training.folders import scan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inference.arrays import Gray, Ints, Rgb
    from inference.detector import Detection, Detector

MARGINS = (-0.1, 0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4)
SHIFTS = (-0.1, -0.05, 0.0, 0.05)
COLUMNS = 12  # crops in a row of the contact sheet


@dataclass(frozen=True)
class Labelled:
    """Photographs (h, w, 3) of one face each and their classes (n,)."""

    pictures: list[Rgb]
    labels: Ints


def labelled(root: Path) -> Labelled:
    files = scan(root).files
    pictures = [decode(file.path.read_bytes()).rgb for file in files]
    return Labelled(pictures, np.array([file.label for file in files], np.int64))


def margin_table(root: Path, model: str, align: bool) -> str:
    """Markdown table of accuracy by margin (columns) and shift (rows)."""
    classifier = Classifier(model_folder(model))
    shown = labelled(root)
    faces = largest_faces(serving_detector(), shown.pictures)
    lines = [
        "| shift | " + " | ".join(f"margin {margin}" for margin in MARGINS) + " |",
        "| --- " * (len(MARGINS) + 1) + "|",
    ]
    for shift in SHIFTS:
        specs = [CropSpec(margin, shift, align) for margin in MARGINS]
        cells = [f"{accuracy(classifier, shown, faces, one):.3f}" for one in specs]
        lines.append(f"| {shift} | {' | '.join(cells)} |")
    return "\n".join(lines)


def largest_faces(
    detector: Detector, pictures: Sequence[Rgb]
) -> list[Detection | None]:
    """The largest face of each picture, as serving takes it; None without a face."""
    return [
        max(
            detector.detect(rgb),
            key=lambda face: face.box[2] * face.box[3],
            default=None,
        )
        for rgb in pictures
    ]


def accuracy(
    classifier: Classifier,
    shown: Labelled,
    faces: Sequence[Detection | None],
    spec: CropSpec,
) -> float:
    """Share of right answers with the faces cut as `spec` says; no face is wrong."""
    pairs = zip(shown.pictures, faces, strict=True)
    crops = [cut(rgb, face, spec) for rgb, face in pairs if face is not None]
    if not crops:
        return 0.0
    found = np.array([face is not None for face in faces])
    hits = classifier(np.stack(crops)).argmax(axis=1) == shown.labels[found]
    return float(hits.sum() / len(faces))


@dataclass(frozen=True, slots=True)
class Way:
    """A detector's whole way from photograph to label.

    served: accuracy with the model's own crop. best: with the best of all margins
    and shifts, which stands in for perfect crops and flatters, because it was picked
    on these pictures; margin and shift are that cell's.
    """

    detector: str
    found: int
    n: int
    served: float
    best: float
    margin: float
    shift: float


def ways(root: Path, model: str, yunet: Path | None) -> list[Way]:
    """Every detector's way to a label; those that are not installed are left out."""
    folder = model_folder(model)
    classifier, own = Classifier(folder), load_spec(folder).crop
    shown = labelled(root)
    out = []
    for name, make in tqdm(detectors.candidates(yunet), unit="detector"):
        try:
            faces = largest_faces(make(), shown.pictures)
        except MissingModel:
            continue
        cells = [CropSpec(m, s, own.align) for m in MARGINS for s in SHIFTS]
        scores = [accuracy(classifier, shown, faces, cell) for cell in cells]
        top = int(np.argmax(scores))
        out.append(
            Way(
                detector=name,
                found=sum(face is not None for face in faces),
                n=len(faces),
                served=accuracy(classifier, shown, faces, own),
                best=scores[top],
                margin=cells[top].margin,
                shift=cells[top].shift,
            )
        )
    return out


def way_table(found: Sequence[Way]) -> str:
    lines = [
        "| detector | found | accuracy as served | with the best crop | margin, shift "
        "|",
        "| --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| {one.detector} | {one.found} of {one.n} | {one.served:.3f} "
        f"| {one.best:.3f} | {one.margin}, {one.shift} |"
        for one in found
    ]
    return "\n".join(lines)


def contact_sheet(root: Path, model: str) -> Gray:
    """All crops that serving makes of the pictures under `root`, side by side.

    For looking at, never for publishing: it shows people. Raises DataError where
    there is no face.
    """
    spec = load_spec(model_folder(model)).crop
    detector = serving_detector()
    files = sorted(p for p in root.rglob("*") if p.suffix.lower() in SUFFIXES)
    crops = []
    for path in tqdm(files, unit="picture"):
        rgb = decode(path.read_bytes()).rgb
        crops += [cut(rgb, face, spec) for face in detector.detect(rgb)]
    if not crops:
        raise DataError(f"{root}: no face in {len(files)} pictures")
    height = -(-len(crops) // COLUMNS)
    blank = [np.zeros((CROP_SIDE, CROP_SIDE), np.uint8)]
    crops += blank * (height * COLUMNS - len(crops))
    lines = [
        np.hstack(crops[start : start + COLUMNS])
        for start in range(0, len(crops), COLUMNS)
    ]
    return np.vstack(lines)


def geometry(path: Path, count: int = 1500, pad: int = 12) -> str:
    """Where the detector sees the face in FER2013's crops, against the crop itself.

    The median margin and shift are what makes a detector's box as wide as those
    crops. Crops are tight, so `pad` pixels of repeated edge help the detector.
    """
    rows = read_rows(path)
    detector = serving_detector()
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


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "table", choices=("detectors", "sheet", "ways", "geometry", "margins")
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", default="", help="default: the active model")
    parser.add_argument("--no-align", action="store_true", help="margins: box as it is")
    parser.add_argument("--yunet", type=Path, help="detectors, ways: YuNet's .onnx")
    parser.add_argument("--out", type=Path, help="sheet: the PNG to write")
    parser.add_argument(
        "--json", type=Path, help="detectors, ways: write the figures here, too"
    )
    return parser.parse_args()


def answer(asked: argparse.Namespace) -> tuple[str, Any]:
    """The text that was asked for, and the same as JSON where there is one."""
    model = asked.model or active_name()
    if asked.table == "detectors":
        rows = detectors.measure(asked.data, detectors.candidates(asked.yunet))
        return detectors.markdown(rows), [row.as_dict() for row in rows]
    if asked.table == "ways":
        found = ways(asked.data, model, asked.yunet)
        return way_table(found), [asdict(one) for one in found]
    if asked.table == "sheet":
        if asked.out is None:
            raise DataError("sheet needs --out PNG")
        sheet = contact_sheet(asked.data, model)
        cv2.imwrite(str(asked.out), sheet)
        return f"{asked.out}: {sheet.shape[1]} x {sheet.shape[0]} pixels", None
    if asked.table == "geometry":
        return geometry(asked.data), None
    return margin_table(asked.data, model, not asked.no_align), None


def main() -> None:
    asked = options()
    cv2.setNumThreads(1)
    try:
        text, values = answer(asked)
    except InferenceError as error:
        sys.exit(str(error))
    sys.stdout.write(text + "\n")
    if asked.json and values is not None:
        write_json(asked.json, {asked.table: values})


if __name__ == "__main__":
    main()
