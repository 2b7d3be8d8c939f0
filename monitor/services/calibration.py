"""A site's own measurement of how a model errs, by which ratios are corrected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone

from inference import EMOTIONS
from monitor.models import SiteCalibration

if TYPE_CHECKING:
    from inference.quantify import Quantifier

# Usable pictures of each emotion: with 30, corrected happiness can be further from the
# truth than raw (docs/ratios.md).
NEEDED = 50
WAY_OUT = "add pictures, or for tight face crops say --crops"


class TooFewPictures(Exception):
    """The message says of what, and how many are needed."""


def calibration_check(measured: Quantifier) -> None:
    """Raises TooFewPictures."""
    counts = measured.counts.astype(int).tolist()
    short = [
        f"{name} {count}"
        for name, count in zip(EMOTIONS, counts, strict=True)
        if count < NEEDED
    ]
    if short:
        raise TooFewPictures(
            f"{NEEDED} usable pictures of each emotion are needed; there are only "
            f"{', '.join(short)}: {WAY_OUT}"
        )


def calibration_store(
    *, model: str, measured: Quantifier, pictures: int, note: str
) -> SiteCalibration:
    """From now on `model`'s ratios are corrected by this; raises TooFewPictures."""
    calibration_check(measured)
    return SiteCalibration.objects.create(
        model=model,
        quantification=measured.as_dict(),
        pictures=pictures,
        measured_at=timezone.now(),
        note=note,
    )
