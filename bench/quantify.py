"""Hold ways to correct ratios against simulated staff, with matrices that fit or not.

    python -m bench.quantify --data DATA [--model NAME] [--json PATH]

DATA holds fer2013/ (fer2013.csv with fer2013new.csv) and jaffe/. Each test set is read
once as the product reads it. Staff are drawn from it as `manage.py simulate_ratios`
draws them; what is known about the model comes from the other half of the same
pictures, or from pictures of another kind. docs/ratios.md says what the ways are.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.tables import Record, markdown
from inference.engine import Engine
from inference.files import write_json
from inference.quantify import (
    CLASSES,
    HAPPINESS,
    STRESS,
    em_shares,
    interval,
    per_picture,
    simplex_least_squares,
)
from inference.regularised import correct
from inference.spec import active_name, model_folder
from inference.training.observe import observe
from inference.training.simulate import Observed, Plan, Staff, draw_staff, halves
from monitor.scoring import wilson

if TYPE_CHECKING:
    from inference.arrays import Ints
    from inference.quantify import Floats

RATIOS = {"stress": STRESS, "happiness": HAPPINESS}
READINGS = (200, 40, 12)
PER_CLASS = (10, 20, 30, 50, 90)
SPLITS = 3
# Name, place below DATA, split and labels of what staff or a matrix is drawn from.
SETS = {
    "FER+": ("fer2013", "test", "ferplus"),
    "FER": ("fer2013", "test", "fer"),
    "jaffe": ("jaffe", "all", "fer"),
    "other FER+": ("fer2013", "validation", "ferplus"),
    "other FER": ("fer2013", "validation", "fer"),
}
STAFF_OF = ("FER+", "FER", "jaffe")
SHOWN = "regularised"
Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Round:
    """Pictures that staff are drawn from, and others that a matrix is measured on."""

    pictures: Observed
    measured: Observed
    seed: int


def rescaled(measured: Observed, probabilities: Floats) -> Floats:
    """Probabilities (..., 5) after bias-corrected temperature scaling.

    Alexandari, Kundaje and Shrikumar 2020, ICML, 222-232: one factor of the logits and
    one addend per class, by Newton's method (with halved steps) on `measured`.
    """
    logits = np.log(np.maximum(measured.probabilities[measured.usable], 1e-9))
    labels = measured.labels[measured.usable]
    ones = np.broadcast_to(np.eye(CLASSES), (*logits.shape, CLASSES))
    design = np.concatenate([logits[..., None], ones], axis=-1)
    found = np.eye(1, CLASSES + 1)[0]
    for _ in range(25):
        said = _softmax(design @ found)
        slope = np.einsum("nk,nkp->p", said - np.eye(CLASSES)[labels], design)
        mean = np.einsum("nk,nkp->np", said, design)
        bend = np.einsum("nk,nkp,nkq->pq", said, design, design) - mean.T @ mean
        step = np.linalg.solve(bend + 1e-3 * np.eye(len(found)), slope)
        while _loss(design @ (found - step), labels) > _loss(design @ found, labels):
            step = step / 2
        found = found - step
    logits = np.log(np.maximum(probabilities, 1e-9))
    return _softmax(found[0] * logits + found[1:])


def _loss(logits: Floats, labels: Ints) -> float:
    """Negative log-likelihood of labels (n,) under logits (n, 5)."""
    right = _softmax(logits)[np.arange(len(labels)), labels]
    return float(-np.log(np.maximum(right, 1e-300)).sum())


def _softmax(logits: Floats) -> Floats:
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    result: Floats = powers / powers.sum(axis=-1, keepdims=True)
    return result


def confusion(measured: Observed) -> Floats:
    """Shares of labels (5, 5) by true class, of usable pictures."""
    counts = np.zeros((CLASSES, CLASSES))
    chosen = measured.usable
    said = measured.probabilities[chosen].argmax(axis=1)
    np.add.at(counts, (measured.labels[chosen], said), 1)
    shares: Floats = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return shares


def ways(one: Round, staff: Staff) -> dict[str, tuple[Floats, Floats | None]]:
    """Shares (s, 5) by each way, and draws of them (b, s, 5) where it has some."""
    known = one.measured.quantifier()
    generator = np.random.default_rng(one.seed)
    found = correct(known, staff.means, staff.counted, generator)
    bootstrap = known.draws(staff.means, staff.counted, generator, 200)
    probabilities = one.pictures.probabilities[staff.rows]
    weights = one.pictures.usable[staff.rows].astype(np.float64)
    prior = np.bincount(one.measured.labels[one.measured.usable], minlength=CLASSES)
    calibrated = rescaled(one.measured, probabilities)
    bcts = em_shares(calibrated, prior / prior.sum(), weights)
    counted = simplex_least_squares(staff.hard, confusion(one.measured))
    pacc, em = known.shares(staff.means), known.em(probabilities, weights)
    bcts = per_picture(bcts, known.usable)
    shown = np.where(found.fits[:, None], found.shares, staff.means)
    return {
        "raw": (staff.means, None),
        "counting": (staff.hard, None),
        "ACC": (per_picture(counted, known.usable), None),
        "PACC": (pacc, bootstrap),
        "EM": (em, None),
        "EM, rescaled": (bcts, None),
        "median of three": (np.median([staff.means, pacc, bcts], axis=0), None),
        "without the check": (found.shares, None),
        SHOWN: (shown, found.draws),
    }


def figures(rounds: list[Round], readings: int, people: int) -> dict[str, Any]:
    """Errors and coverage by way, over all rounds; see `simulate_ratios` for both."""
    errors: dict[str, list[float]] = {}
    for one in rounds:
        plan = Plan(people, readings, one.seed)
        staff = draw_staff(one.pictures, plan, np.random.default_rng(one.seed))
        staff = _seen(staff)
        for name, (shares, draws) in ways(one, staff).items():
            for ratio, what in RATIOS.items():
                off = np.abs((shares - staff.drawn) @ what).mean()
                errors.setdefault(f"{name}|mae_{ratio}", []).append(off)
                inside = _inside(name, shares @ what, draws, what, staff)
                if inside is not None:
                    key = f"{name}|coverage_{ratio}"
                    errors.setdefault(key, []).append(inside)
    found: dict[str, Any] = {}
    for key, values in errors.items():
        name, _, figure = key.partition("|")
        found.setdefault(name, {})[figure] = round(float(np.mean(values)), 4)
    return found


def _seen(staff: Staff) -> Staff:
    """Without the people of whom nothing was usable."""
    kept = staff.counted > 0
    return Staff(**{name: rows[kept] for name, rows in vars(staff).items()})


def _inside(
    name: str, ratio: Floats, draws: Floats | None, what: Floats, staff: Staff
) -> float | None:
    """How often the 95 % interval holds the person's mixture."""
    if name == "raw":
        pairs = zip(ratio.tolist(), staff.counted.tolist(), strict=True)
        low, high = np.array([wilson(*pair) or (0.0, 1.0) for pair in pairs]).T
    elif draws is not None:
        low, high = interval(draws, what)
    else:
        return None
    truth = staff.mixtures @ what
    # The product never shows an interval without its ratio in it.
    low, high = np.minimum(low, ratio), np.maximum(high, ratio)
    return float(((low <= truth) & (truth <= high)).mean())


def same_kind(observed: Observed, per_class: int | None = None) -> list[Round]:
    """Staff from one half, the matrix from the other, both ways round, often."""
    rounds = []
    for seed in range(SPLITS):
        one, two = (observed.take(rows) for rows in halves(observed, seed))
        for n, (pictures, other) in enumerate(((one, two), (two, one))):
            measured = other.take(_first(other.labels, per_class))
            rounds.append(Round(pictures, measured, 2 * seed + n))
    return rounds


def _first(labels: Ints, per_class: int | None) -> Ints:
    """Rows of the first pictures of each class; they are in random order."""
    rows = [np.flatnonzero(labels == k)[:per_class] for k in range(CLASSES)]
    return np.concatenate(rows)


def compared(observed: dict[str, Observed], people: int) -> Rows:
    """Every set of staff with every matrix, at 200, 40 and 12 readings a person."""
    rows: Rows = []
    for of in STAFF_OF:
        cases = {"same kind": same_kind(observed[of])}
        for by in ("other FER+", "other FER", "jaffe"):
            if by != of:
                cases[by] = [Round(observed[of], observed[by], 1)]
        for by, rounds in cases.items():
            for readings in READINGS:
                case = {"staff": of, "matrix": by, "readings": readings}
                rows.append(case | {"ways": figures(rounds, readings, people)})
    return rows


def by_size(observed: dict[str, Observed], people: int) -> Rows:
    """How many pictures of each class a site's matrix needs."""
    return [
        {
            "staff": of,
            "per_class": size,
            "ways": figures(same_kind(observed[of], size), READINGS[0], people),
        }
        for of in ("FER+", "FER")
        for size in PER_CLASS
    ]


def _pair(one: dict[str, float], figure: str) -> str:
    """Stress / happiness; coverage in percent."""
    values = [one.get(f"{figure}_{ratio}") for ratio in RATIOS]
    if None in values:
        return "-"
    form = "{:.1%} / {:.1%}" if figure == "coverage" else "{:.3f} / {:.3f}"
    return form.format(*values)


def ways_table(found: Record) -> str:
    """Errors of each way at the largest number of readings."""
    rows = [row for row in found["compared"] if row["readings"] == READINGS[0]]
    names = list(rows[0]["ways"])
    lines = [
        [row["staff"], row["matrix"], *(_pair(row["ways"][n], "mae") for n in names)]
        for row in rows
    ]
    return markdown(["staff of", "matrix from", *names], lines)


def coverage_table(found: Record) -> str:
    """Errors and coverage where the matrix is of the same kind, by readings."""
    rows = [row for row in found["compared"] if row["matrix"] == "same kind"]
    return _coverages(rows, {"staff": "staff of", "readings": "readings a person"})


def pictures_table(found: Record) -> str:
    """The same by the size of what the matrix is measured on."""
    titles = {"staff": "staff of", "per_class": "pictures of each class"}
    return _coverages(found["by_size"], titles)


def _coverages(rows: Rows, first: dict[str, str]) -> str:
    titles = [*first.values(), "raw error", SHOWN, "coverage raw", "PACC", SHOWN]
    lines = [
        [
            *(str(row[key]) for key in first),
            *(_pair(row["ways"][name], "mae") for name in ("raw", SHOWN)),
            *(_pair(row["ways"][n], "coverage") for n in ("raw", "PACC", SHOWN)),
        ]
        for row in rows
    ]
    return markdown(titles, lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", default="", help="default: the active model")
    parser.add_argument("--staff", type=int, default=100, help="people of a round")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    engine = Engine.load(model_folder(options.model or active_name()))
    observed = {
        name: observe(engine, options.data / place, split=split, labels=labels)[0]
        for name, (place, split, labels) in SETS.items()
    }
    found = {
        "model": engine.model_version,
        "staff": options.staff,
        "pictures": {name: len(one) for name, one in observed.items()},
        "compared": compared(observed, options.staff),
        "by_size": by_size(observed, options.staff),
    }
    for table in (ways_table, coverage_table, pictures_table):
        print(table(found), end="\n\n")
    if options.json:
        write_json(options.json, found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
