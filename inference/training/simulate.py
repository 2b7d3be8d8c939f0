"""Simulated staff: how far reported ratios lie from true ones when truth is known.

Each person is a mixture of emotions, and each reading of theirs a labelled picture
drawn by it, with what the product makes of that picture. Pure functions over what was
observed once; `inference.training.observe` does the observing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from inference.errors import DataError
from inference.quantify import CLASSES, HAPPINESS, STRESS, Quantifier, interval
from inference.regularised import Corrected, correct
from inference.types import EMOTIONS

if TYPE_CHECKING:
    from inference.arrays import Ints
    from inference.quantify import Flags, Floats

# Concentrations of a person's mixture, in the order of EMOTIONS: mostly neutral.
ALPHA: Floats = np.array([0.6, 1.5, 3.0, 0.8, 0.5])
# Divisions of the pictures into halves: staff of one share the deviation of its matrix.
DIVISIONS = 20
Interval: TypeAlias = Callable[[float, float], tuple[float, float] | None]


@dataclass(frozen=True)
class Observed:
    """What the product makes of labelled pictures.

    labels: (n,). probabilities: (n, 5), zero where no face was found. found, usable:
    (n,), whether there was a face, and one that counts.
    """

    labels: Ints
    probabilities: Floats
    found: Flags
    usable: Flags

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def accuracy(self) -> float:
        """Share of right labels; a picture without a face counts as wrong."""
        right = self.probabilities.argmax(axis=1) == self.labels
        return float((right & self.found).mean())

    def take(self, rows: Ints) -> Observed:
        return Observed(
            self.labels[rows],
            self.probabilities[rows],
            self.found[rows],
            self.usable[rows],
        )

    def quantifier(self) -> Quantifier:
        """How the model errs on these pictures; raises DataError if none counts."""
        if not self.usable.any():
            raise DataError("no usable picture to measure the correction on")
        return Quantifier.fit(self.probabilities, self.labels, self.usable)


@dataclass(frozen=True, slots=True)
class Plan:
    """How many people, how many readings each, and the seed of all draws."""

    staff: int = 2000
    readings: int = 200
    seed: int = 1

    def __post_init__(self) -> None:
        if self.staff < 2:
            raise DataError("a simulation needs at least 2 people: raise --staff")
        if self.readings < 1:
            raise DataError("each person needs a reading: raise --readings")
        if self.seed < 0:
            raise DataError("the seed must not be negative")

    def divided(self) -> list[Plan]:
        """Those of the divisions, of at least four people each if there are so many."""
        number = max(1, min(DIVISIONS, self.staff // 4))
        first = 2 * DIVISIONS * self.seed
        return [
            Plan((self.staff + n) // number, self.readings, first + 2 * n)
            for n in range(number)
        ]

    def halves(self) -> tuple[Plan, Plan]:
        """The plans of two groups of people that make this one's staff together."""
        first = self.staff // 2
        return (
            Plan(max(2, first), self.readings, self.seed),
            Plan(max(2, self.staff - first), self.readings, self.seed + 1),
        )


@dataclass(frozen=True)
class Staff:
    """Simulated people: true shares and what was read.

    mixtures: (s, 5), the truth. drawn: (s, 5), shares of the labels that were in fact
    drawn. rows: (s, r), the pictures. means, hard: (s, 5), mean probabilities and
    shares of labels over usable readings. counted: (s,), number of those.
    """

    mixtures: Floats
    drawn: Floats
    rows: Ints
    means: Floats
    hard: Floats
    counted: Floats


def present_classes(observed: Observed) -> Ints:
    """Classes with pictures; raises DataError when staff cannot be made of them."""
    pictures = np.bincount(observed.labels, minlength=CLASSES)
    usable = np.bincount(observed.labels[observed.usable], minlength=CLASSES)
    present = np.flatnonzero(pictures)
    if len(present) < 2:
        raise DataError("pictures of at least two of the emotions are needed")
    silent = [EMOTIONS[k] for k in present if usable[k] == 0]
    if silent:
        raise DataError(
            f"no usable picture of {', '.join(silent)}: the model finds no face it "
            "would count; for pictures that are tight face crops say --crops"
        )
    return present


def draw_staff(observed: Observed, plan: Plan, generator: np.random.Generator) -> Staff:
    """People with mixtures from Dirichlet(ALPHA) over the classes that are present.

    Every reading is a class drawn by the person's mixture and then any picture of it,
    with replacement, so that readings are independent and all n count (n_eff = n).
    """
    present = present_classes(observed)
    mixtures = np.zeros((plan.staff, CLASSES))
    mixtures[:, present] = generator.dirichlet(ALPHA[present], plan.staff)
    ends = mixtures.cumsum(axis=1)[:, None, :-1]
    classes = (generator.random((plan.staff, plan.readings, 1)) > ends).sum(axis=2)
    # Rounding may end the sum of the last present class a hair below 1.
    classes = np.minimum(classes, present[-1])
    order = np.argsort(observed.labels, kind="stable")
    sizes = np.bincount(observed.labels, minlength=CLASSES)
    starts = sizes.cumsum() - sizes
    picks = generator.random(classes.shape) * sizes[classes]
    rows = order[starts[classes] + picks.astype(np.int64)]
    return _read(observed, mixtures, classes, rows)


def _read(observed: Observed, mixtures: Floats, classes: Ints, rows: Ints) -> Staff:
    usable = observed.usable[rows][..., None]
    counted = usable.sum(axis=(1, 2)).astype(np.float64)
    probabilities = observed.probabilities[rows]
    one_hot = np.eye(CLASSES)
    labels = one_hot[probabilities.argmax(axis=2)]
    size = np.maximum(counted, 1)[:, None]
    return Staff(
        mixtures=mixtures,
        drawn=one_hot[classes].mean(axis=1),
        rows=rows,
        means=(probabilities * usable).sum(axis=1) / size,
        hard=(labels * usable).sum(axis=1) / size,
        counted=counted,
    )


def halves(observed: Observed, seed: int) -> list[Ints]:
    """Two random halves of the pictures (row numbers), each class divided alike."""
    order = np.random.default_rng(seed).permutation(len(observed))
    order = order[np.argsort(observed.labels[order], kind="stable")]
    return [order[::2], order[1::2]]


@dataclass(frozen=True)
class Estimates:
    """Per person (s,): true shares of one ratio, and what each way says.

    corrected: as the product does it (`inference.regularised`), raw where the matrix
    does not fit; pacc: by least squares. The last four are None without a correction.
    """

    truth: Floats
    drawn: Floats
    raw: Floats
    counting: Floats
    raw_bounds: tuple[Floats, Floats]
    corrected: Floats | None = None
    pacc: Floats | None = None
    em: Floats | None = None
    corrected_bounds: tuple[Floats, Floats] | None = None


def estimates(
    observed: Observed,
    quantifier: Quantifier | None,
    plan: Plan,
    interval_of: Interval,
) -> tuple[Estimates, Estimates, int]:
    """Stress and happiness of one simulated staff, and how many had no usable reading.

    interval_of: (share, number of independent readings) to the bounds of the raw
    interval. Raises DataError when nobody has a usable reading.
    """
    # The staff must not depend on whether a correction draws numbers, too.
    of_staff, of_intervals = np.random.default_rng(plan.seed).spawn(2)
    staff = draw_staff(observed, plan, of_staff)
    seen = staff.counted > 0
    if not seen.any():
        raise DataError("nobody has a usable reading: raise --readings")
    means, counted = staff.means[seen], staff.counted[seen]
    found = pacc = em = None
    if quantifier is not None:
        weights = observed.usable[staff.rows[seen]].astype(np.float64)
        found = correct(quantifier, means, counted, of_intervals)
        pacc = quantifier.shares(means)
        em = quantifier.em(observed.probabilities[staff.rows[seen]], weights)
    ratios = []
    for what in (STRESS, HAPPINESS):
        raw = means @ what
        part = Estimates(
            truth=staff.mixtures[seen] @ what,
            drawn=staff.drawn[seen] @ what,
            raw=raw,
            counting=staff.hard[seen] @ what,
            raw_bounds=_bounds(raw, counted, interval_of),
            pacc=None if pacc is None else pacc @ what,
            em=None if em is None else em @ what,
        )
        ratios.append(part if found is None else _corrected(part, found, what))
    return ratios[0], ratios[1], int((~seen).sum())


def _corrected(part: Estimates, found: Corrected, what: Floats) -> Estimates:
    """With the ratio that the product shows, and bounds that hold it."""
    ratio = np.where(found.fits, found.shares @ what, part.raw)
    own = interval(found.draws, what)
    low, high = (
        np.where(found.fits, *pair) for pair in zip(own, part.raw_bounds, strict=True)
    )
    bounds = (np.minimum(low, ratio), np.maximum(high, ratio))
    return replace(part, corrected=ratio, corrected_bounds=bounds)


def _bounds(
    shares: Floats, counted: Floats, interval_of: Interval
) -> tuple[Floats, Floats]:
    found = [
        interval_of(share, n) or (0.0, 1.0)
        for share, n in zip(shares.tolist(), counted.tolist(), strict=True)
    ]
    low, high = np.array(found).T
    return low, high


def clustered(
    hits: Sequence[float], people: Sequence[float]
) -> tuple[float, tuple[float, float] | None]:
    """A share of people and its 95 % interval; None for a single cluster.

    hits, people: by cluster, whose people may be alike: here a division of the
    pictures, all of whose staff are corrected by the same two matrices. Ratio estimator
    of cluster samples (Cochran 1977, Sampling Techniques, section 9A).
    """
    got, of = np.array(hits, np.float64), np.array(people, np.float64)
    share, number = float(got.sum() / of.sum()), len(of)
    if number < 2:
        return share, None
    off = ((got - share * of) ** 2).sum() * number / (number - 1)
    reach = 1.96 * float(np.sqrt(off)) / float(of.sum())
    return share, (max(0.0, share - reach), min(1.0, share + reach))


def figures(
    parts: list[Estimates], prefix: str = "", divisions: int = 1
) -> dict[str, Any]:
    """Mean absolute errors and coverage of one ratio over all people.

    Errors are against the labels of the pictures that were drawn, 0 for somebody who
    reads every picture right; `..._mixture` compares with the person's mixture
    instead, of which such a reader errs by `mae_sampling`. The interval speaks of the
    mixture, so that is what it must cover; `..._interval` is that of the coverage,
    None for a single division. parts: equally many for each of the `divisions`.
    """
    truth = np.concatenate([part.truth for part in parts])
    drawn = np.concatenate([part.drawn for part in parts])

    def mae(name: str, against: Floats = drawn) -> float | None:
        values = [getattr(part, name) for part in parts]
        if values[0] is None:
            return None
        return float(np.abs(np.concatenate(values) - against).mean())

    corrected, bounds = _coverage(parts, "corrected_bounds", divisions)
    found = {
        "mae_raw": mae("raw"),
        "mae_corrected": mae("corrected"),
        "coverage_raw": _coverage(parts, "raw_bounds", divisions)[0],
        "coverage_corrected": corrected,
        "coverage_corrected_interval": bounds,
        "mae_counting": mae("counting"),
        "mae_pacc": mae("pacc"),
        "mae_em": mae("em"),
        "mae_raw_mixture": mae("raw", truth),
        "mae_corrected_mixture": mae("corrected", truth),
        "mae_sampling": mae("drawn", truth),
    }
    return {prefix + name: value for name, value in found.items()}


def _coverage(
    parts: list[Estimates], name: str, divisions: int
) -> tuple[float | None, tuple[float, float] | None]:
    """How often the bounds called `name` hold the mixture, with an interval."""
    hits, people = np.zeros(divisions), np.zeros(divisions)
    for n, part in enumerate(parts):
        bounds = getattr(part, name)
        if bounds is None:
            return None, None
        low, high = bounds
        division = n * divisions // len(parts)
        hits[division] += ((low <= part.truth) & (part.truth <= high)).sum()
        people[division] += len(part.truth)
    return clustered(hits.tolist(), people.tolist())


def simulate(
    observed: Observed,
    plan: Plan,
    interval_of: Interval,
    quantifier: Quantifier | None = None,
    *,
    cross: bool = False,
) -> dict[str, Any]:
    """All figures of a simulated staff, stress first, then those of happiness.

    quantifier: measured on other pictures. cross: measure it on one half of these and
    draw half of the staff from the other half, then the other way round, for up to
    DIVISIONS random divisions. Same plan, same figures. Raises DataError.
    """
    present_classes(observed)
    rounds = [(observed, quantifier, plan)]
    if cross:
        rounds = [each for part in plan.divided() for each in _crossed(observed, part)]
    divisions = len(rounds) // 2 if cross else 1
    parts = [estimates(*arguments, interval_of) for arguments in rounds]
    stress, happiness, silent = zip(*parts, strict=True)
    return {
        **figures(list(stress), "", divisions),
        **figures(list(happiness), "happiness_", divisions),
        "divisions": divisions,
        "staff": sum(len(part.truth) for part in stress) + sum(silent),
        "readings": plan.readings,
        "seed": plan.seed,
        "without_readings": sum(silent),
        "accuracy": observed.accuracy,
        "unusable": float((~observed.usable).mean()),
        "not_found": float((~observed.found).mean()),
        "pictures": len(observed),
    }


def _crossed(
    observed: Observed, plan: Plan
) -> list[tuple[Observed, Quantifier | None, Plan]]:
    """Staff of each half of one division, with the matrix of the other."""
    one, two = (observed.take(rows) for rows in halves(observed, plan.seed))
    first, other = plan.halves()
    return [(one, two.quantifier(), first), (two, one.quantifier(), other)]
