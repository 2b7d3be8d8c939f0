"""Where the quality gate's limits ought to be: accuracy over what the gate measures.

Damage in strengths drawn at random, from one step below the weakest of
`inference.training.corruptions` to one above the strongest, moves a picture's figures;
a limit belongs where readings that the network is sure of stop being right.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from tqdm import tqdm

from inference.engine import Engine
from inference.errors import DataError
from inference.quality import Gate
from inference.training.corruptions import CORRUPTIONS
from inference.training.robustness import CLEAN, as_png
from inference.types import EMOTIONS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy.typing as npt

    from inference.arrays import Tensor
    from inference.training.corruptions import Corruption
    from inference.training.robustness import Pictures

    Flags = npt.NDArray[np.bool_]

# Refuses nothing for the picture's sake, only for the classifier's doubt.
OPEN = Gate(
    min_size_px=0,
    min_sharpness=0,
    max_sharpness=math.inf,
    min_brightness=0,
    max_brightness=255,
    max_yaw=math.inf,
    max_roll=180,
    min_score=0,
)
AT_ONCE = 64
HIGHEST = 6500.0  # the Laplacian multiplies no wave by more than 8, whose square counts
FEWEST = 50  # confident readings that a bin's accuracy is believed with


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit of the gate: the figure it is on, what moves that, and the bins' edges.

    side: "low" refuses below the limit, "high" above it.
    """

    figure: Literal["brightness", "sharpness"]
    side: Literal["low", "high"]
    damages: tuple[str, ...]
    edges: tuple[float, ...]


LIMITS = {
    "min_brightness": Limit(
        "brightness", "low", ("darkness",), (0, 5, 10, 15, 20, 25, 30, 40, 60, 90, 256)
    ),
    "min_sharpness": Limit(
        "sharpness",
        "low",
        ("gaussian blur", "motion blur", "small face"),
        (0, 0.5, 1, 1.5, 2, 3, 4, 5, 7, 10, 15, 30, HIGHEST),
    ),
    "max_sharpness": Limit(
        "sharpness",
        "high",
        ("noise", "darkness"),
        (0, 100, 200, 225, 250, 300, 400, 500, 600, 700, 850, 1000, HIGHEST),
    ),
}
DAMAGES = tuple(dict.fromkeys(name for one in LIMITS.values() for name in one.damages))


@dataclass(frozen=True)
class Readings:
    """Pictures as read, all arrays (n,).

    damage: its name, or CLEAN. confident: the classifier had no doubt. right: as
    labelled.
    """

    damage: npt.NDArray[np.str_]
    brightness: Tensor
    sharpness: Tensor
    confident: Flags
    right: Flags


@dataclass(frozen=True, slots=True)
class Bin:
    """Readings whose figure is at least `low` and below `high`.

    accuracy: of the confident ones, None without any; by_damage: the same of the clean
    pictures and of each damage.
    """

    low: float
    high: float
    n: int
    confident: int
    accuracy: float | None
    by_damage: dict[str, float | None]


def ungated(folder: Path) -> Engine:
    """The model's engine without limits on the picture. Raises ModelError."""
    from inference.classifier import Classifier
    from inference.light import serving_detector

    return Engine(serving_detector(), Classifier(folder), OPEN)


def observe(pictures: Pictures, draws: int, seed: int) -> Readings:
    """Every crop as it is, and `draws` times with each damage of DAMAGES.

    pictures.read: of an `ungated` engine.
    """
    generator = np.random.default_rng(seed)
    kinds = [CLEAN, *(name for name in DAMAGES for _ in range(draws))]
    numbers = range(len(pictures.images))
    rows = []
    for kind in tqdm(kinds, unit="round"):
        for start in range(0, len(numbers), AT_ONCE):
            part = numbers[start : start + AT_ONCE]
            data = [_damaged(pictures, number, kind, generator) for number in part]
            for number, one in zip(part, pictures.read(data), strict=True):
                face, label = one.faces[0], pictures.labels[number]
                figures = face.quality.brightness, face.quality.sharpness
                right = EMOTIONS.index(face.label) == label
                rows.append((kind, *figures, face.usable, right))
    damage, brightness, sharpness, confident, right = zip(*rows, strict=True)
    return Readings(
        np.array(damage),
        np.array(brightness, np.float32),
        np.array(sharpness, np.float32),
        np.array(confident),
        np.array(right),
    )


def drawn(corruption: Corruption, generator: np.random.Generator) -> float:
    """A strength, log-uniform from one step below the weakest to one step above."""
    first, second, third = corruption.strengths
    ends = np.log([first * first / second, third * third / second])
    return float(np.exp(generator.uniform(ends.min(), ends.max())))


def _damaged(
    pictures: Pictures, number: int, kind: str, generator: np.random.Generator
) -> bytes:
    image, face = pictures.images[number], pictures.faces[number]
    if kind != CLEAN:
        damage = CORRUPTIONS[kind]
        image = damage.apply(image, face, drawn(damage, generator), generator)
    return as_png(image)


def bins(readings: Readings, limit: Limit) -> list[Bin]:
    """Accuracy over the limit's figure, of clean pictures and its own damages."""
    values: Tensor = getattr(readings, limit.figure)
    kinds = (CLEAN, *limit.damages)
    own = np.isin(readings.damage, kinds)
    found = []
    for low, high in zip(limit.edges, limit.edges[1:], strict=False):
        inside = own & (values >= low) & (values < high)
        sure = inside & readings.confident
        found.append(
            Bin(
                low,
                high,
                int(inside.sum()),
                int(sure.sum()),
                _accuracy(readings, sure),
                {k: _accuracy(readings, sure & (readings.damage == k)) for k in kinds},
            )
        )
    return found


def _accuracy(readings: Readings, chosen: Flags) -> float | None:
    return float(readings.right[chosen].mean()) if chosen.any() else None


def suggested(found: Sequence[Bin], side: str, accuracy: float) -> tuple[float, bool]:
    """The edge beyond which confident readings are right less often than that.

    Walks outwards from the good end. Where no bin is that bad: how far there were
    enough readings, and False. Raises DataError where there were nowhere enough.
    """
    walk = [one for one in found if one.confident >= FEWEST]
    if not walk:
        raise DataError("too few confident readings: give more pictures or --draws")
    for one in walk[::-1] if side == "low" else walk:
        if one.accuracy is not None and one.accuracy < accuracy:
            return (one.high if side == "low" else one.low), True
    return (walk[0].low if side == "low" else walk[-1].high), False


def outcome(readings: Readings, gate: Gate) -> dict[str, tuple[float, float | None]]:
    """By damage: the share of readings that a gate lets count, and their accuracy."""
    passed = (
        readings.confident
        & (readings.brightness >= gate.min_brightness)
        & (readings.sharpness >= gate.min_sharpness)
        & (readings.sharpness <= gate.max_sharpness)
    )
    found = {}
    for kind in dict.fromkeys(readings.damage.tolist()):
        own = readings.damage == kind
        found[kind] = float(passed[own].mean()), _accuracy(readings, own & passed)
    return found
