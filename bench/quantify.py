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
from inference.training.simulate import (
    Observed,
    Plan,
    Staff,
    clustered,
    draw_staff,
    halves,
)
from monitor.correction import Known, Matrix, corrections
from monitor.scoring import Totals, five, ratios_of, wilson

if TYPE_CHECKING:
    from inference.arrays import Ints
    from inference.quantify import Flags, Floats

RATIOS = {"stress": STRESS, "happiness": HAPPINESS}
READINGS = (200, 40, 12)
PER_CLASS = (10, 20, 30, 50, 90)
ENOUGH = 50  # usable pictures of a class that `manage.py calibrate_site` asks for
SPLITS = 20
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
# What leads on a person's page: of the site's own pictures the matrix is "same kind".
LEADS = "as shown"
Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Round:
    """Pictures that staff are drawn from, and others that a matrix is measured on."""

    pictures: Observed
    measured: Observed
    seed: int
    matrix: Matrix = Matrix.SITE


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


def leading(one: Round, staff: Staff) -> dict[str, Floats]:
    """The ratios (s,) that lead on people's pages, by the product's own code."""
    windows = []
    for counted, mean in zip(staff.counted, staff.means, strict=True):
        totals = Totals(bins=int(counted), sums=five(counted * mean))
        windows.append((totals, ratios_of(totals, level=0.4, rho=0)))
    known = Known(one.matrix, one.measured.quantifier())
    found = corrections(windows, known, level=0.4, rho=0)
    return {
        ratio: np.array([getattr(each, ratio) for each in found]) for ratio in RATIOS
    }


def figures(rounds: list[Round], readings: int, people: int) -> dict[str, Any]:
    """Errors and coverage by way, over all rounds; see `simulate_ratios` for both.

    Two rounds with a site's matrix are a division of the pictures.
    """
    errors: dict[tuple[str, str], list[float]] = {}
    held: dict[tuple[str, str], list[Flags]] = {}
    for one in rounds:
        plan = Plan(people, readings, one.seed)
        staff = _seen(draw_staff(one.pictures, plan, np.random.default_rng(one.seed)))
        for ratio, shown in leading(one, staff).items():
            off = np.abs(shown - staff.drawn @ RATIOS[ratio]).mean()
            errors.setdefault((LEADS, ratio), []).append(off)
        for name, (shares, draws) in ways(one, staff).items():
            for ratio, what in RATIOS.items():
                off = np.abs((shares - staff.drawn) @ what).mean()
                errors.setdefault((name, ratio), []).append(off)
                inside = _inside(name, shares @ what, draws, what, staff)
                if inside is not None:
                    held.setdefault((name, ratio), []).append(inside)
    found: dict[str, Any] = {}
    for (name, ratio), values in errors.items():
        mean = round(float(np.mean(values)), 4)
        found.setdefault(name, {})[f"mae_{ratio}"] = mean
    for (name, ratio), flags in held.items():
        found[name] |= _coverage(flags, f"coverage_{ratio}", rounds[0].matrix)
    return found


def _coverage(flags: list[Flags], key: str, matrix: Matrix) -> dict[str, Any]:
    """How often people's (s,) intervals of each round held.

    With an interval where two rounds are a division; one matrix for all has none.
    """
    size = 2 if matrix is Matrix.SITE else len(flags)
    parts = [flags[n : n + size] for n in range(0, len(flags), size)]
    divisions = [np.concatenate(part) for part in parts]
    share, bounds = clustered(
        [float(each.sum()) for each in divisions], [len(each) for each in divisions]
    )
    rounded = bounds and [round(bound, 4) for bound in bounds]
    return {key: round(share, 4), f"{key}_interval": rounded}


def _seen(staff: Staff) -> Staff:
    """Without the people of whom nothing was usable."""
    kept = staff.counted > 0
    return Staff(**{name: rows[kept] for name, rows in vars(staff).items()})


def _inside(
    name: str, ratio: Floats, draws: Floats | None, what: Floats, staff: Staff
) -> Flags | None:
    """Whose 95 % interval (s,) holds the person's mixture."""
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
    inside: Flags = (low <= truth) & (truth <= high)
    return inside


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
                cases[by] = [
                    Round(observed[of], observed[by], seed, Matrix.SHIPPED)
                    for seed in range(1, 7)
                ]
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
    names = sorted(rows[0]["ways"], key=LEADS.__eq__)
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


def rule_table(found: Record) -> str:
    """By how much what leads errs more than the ratio as read, at the worst.

    The worst of the numbers of readings, and of pictures where there are enough.
    """
    rows: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in found["compared"]:
        rows.setdefault((row["staff"], row["matrix"]), []).append(row["ways"])
    for row in found["by_size"]:
        if row["per_class"] >= ENOUGH:
            rows[row["staff"], "same kind"].append(row["ways"])
    titles = ["staff of", "matrix from", "leads", "stress", "happiness"]
    titles += ["if this matrix led: stress", "happiness"]
    lines = []
    for (of, by), cases in rows.items():
        leads = "corrected" if by == "same kind" else "as read"
        worst = [
            f"{max(_more(ways, way, ratio) for ways in cases):+.3f}"
            for way in (LEADS, SHOWN)
            for ratio in RATIOS
        ]
        lines.append([of, by, leads, *worst])
    return markdown(titles, lines)


def _more(ways: dict[str, Any], way: str, ratio: str) -> float:
    """By how much it errs more than the ratio as read."""
    more: float = ways[way][f"mae_{ratio}"] - ways["raw"][f"mae_{ratio}"]
    return more


def _coverages(rows: Rows, first: dict[str, str]) -> str:
    titles = [*first.values(), "raw error", SHOWN, "coverage raw", "PACC", SHOWN]
    titles += ["its 95 % interval"]
    lines = [
        [
            *(str(row[key]) for key in first),
            *(_pair(row["ways"][name], "mae") for name in ("raw", SHOWN)),
            *(_pair(row["ways"][n], "coverage") for n in ("raw", "PACC", SHOWN)),
            _bounds(row["ways"][SHOWN]),
        ]
        for row in rows
    ]
    return markdown(titles, lines)


def _bounds(one: dict[str, Any]) -> str:
    pairs = [one[f"coverage_{ratio}_interval"] for ratio in RATIOS]
    if None in pairs:
        return "-"
    return " / ".join(f"{100 * low:.1f}-{100 * high:.1f}%" for low, high in pairs)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", default="", help="default: the active model")
    parser.add_argument("--staff", type=int, default=40, help="people of a round")
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
    for table in (ways_table, rule_table, coverage_table, pictures_table):
        print(table(found), end="\n\n")
    if options.json:
        write_json(options.json, found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
