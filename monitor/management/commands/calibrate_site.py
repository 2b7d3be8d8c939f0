"""Measure how the model in use errs on pictures of this site."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from inference import EMOTIONS
from inference.errors import DataError, InferenceError
from inference.training.options import LABELS
from monitor.correction import Known, Matrix, corrections
from monitor.management.pictures_asked import add_pictures
from monitor.matrices import known_matrices
from monitor.scoring import Five, Totals, five, ratios_of
from monitor.services import calibration, serving

if TYPE_CHECKING:
    from inference.engine import Engine
    from inference.quantify import Quantifier
    from inference.training.simulate import Observed

# Raw shares that stand for people, in the order of EMOTIONS, over 150 bins.
EXAMPLES = {
    "calm": (0.05, 0.25, 0.60, 0.05, 0.05),
    "between": (0.10, 0.20, 0.45, 0.20, 0.05),
    "stressed": (0.25, 0.05, 0.30, 0.35, 0.05),
}
BINS = 150


class Command(BaseCommand):
    help = (
        "Measure how the model in use errs on this site's own labelled pictures, in "
        "folders named by emotion, and correct the ratios of its readings by that from "
        f"now on. {calibration.NEEDED} usable pictures of each of the five emotions "
        "are needed; they should be what the site's cameras see. Nothing of the "
        "pictures is stored but counts and mean probabilities."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        add_pictures(parser)
        parser.add_argument("--labels", choices=LABELS, default="fer")
        parser.add_argument("--note", default="", help="kept with it, 200 letters")
        parser.add_argument("--dry-run", action="store_true", help="store nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        from inference.runtime import get_engine

        if len(options["note"]) > 200:
            raise CommandError("--note is longer than 200 letters")
        try:
            _refuse_unknown(options["data"])
            engine = serving.load(serving.in_use().live, get_engine)
            observed = _observe(engine, options)
            measured = observed.quantifier()
            calibration.calibration_check(measured)
        except (InferenceError, calibration.TooFewPictures) as error:
            raise CommandError(str(error)) from error
        model = engine.model_version
        self.stdout.write(f"{model} on {len(observed)} pictures\n\n{_table(measured)}")
        self.stdout.write(_changes(model, measured))
        if options["dry_run"]:
            self.stdout.write("nothing was stored")
            return
        calibration.calibration_store(
            model=model,
            measured=measured,
            pictures=len(observed),
            note=options["note"],
        )
        self.stdout.write(f"ratios of {model} are corrected by this from now on")


def _refuse_unknown(data: Path) -> None:
    """A misspelt folder must not simply be missing."""
    from inference.training.data import find_csv
    from inference.training.folders import CLASS_OF, scan

    if find_csv(data) is not None:
        return
    unknown = sorted(set(scan(data).skipped) - set(CLASS_OF))
    if unknown:
        raise DataError(
            f"{data}: {', '.join(unknown)} is none of {', '.join(EMOTIONS)}: rename "
            "the folder or move it away"
        )


def _observe(engine: Engine, options: dict[str, Any]) -> Observed:
    from inference.training.observe import observe

    observed, _ = observe(
        engine,
        options["data"],
        split=options["split"],
        labels=options["labels"],
        crops=options["crops"],
    )
    return observed


def _table(measured: Quantifier) -> str:
    """Mean probabilities by true class, with the pictures behind them."""
    head = f"{'true':10}{'n':>6}{'usable':>8}" + "".join(f"{e:>10}" for e in EMOTIONS)
    rows = zip(EMOTIONS, measured.counts, measured.usable, measured.matrix, strict=True)
    lines = [
        f"{name:10}{count:6.0f}{usable:8.1%}" + "".join(f"{p:10.3f}" for p in row)
        for name, count, usable, row in rows
    ]
    return "\n".join([head, *lines, ""])


def _changes(model: str, measured: Quantifier) -> str:
    """What becomes of three people's stress ratios."""
    now = known_matrices({model}).get(model)
    then = Known(Matrix.SITE, measured)
    before = f"shown now ({now.matrix if now else 'no'} matrix)"
    lines = [f"{'stress as read':>24}  {before:>28}  {'shown from now on':>20}"]
    lines += [
        f"{name:10}{_stress(shares, None):>14}  {_stress(shares, now):>28}  "
        f"{_stress(shares, then):>20}"
        for name, shares in EXAMPLES.items()
    ]
    return "\n".join([*lines, ""])


def _stress(shares: Five, known: Known | None) -> str:
    """The leading ratio with its interval."""
    totals = Totals(bins=BINS, sums=five(BINS * share for share in shares))
    ratios = ratios_of(totals, level=0.0)
    if known:
        (ratios,) = corrections([(totals, ratios)], known, level=0.0)
    low, high = ratios.stress_interval or (0.0, 1.0)
    return f"{ratios.stress:.0%} ({low:.0%}-{high:.0%})"
