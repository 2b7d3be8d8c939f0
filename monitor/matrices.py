"""Which matrix a model's ratios are corrected by."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.db.models import Value

from inference import ModelError
from monitor.correction import Known, Matrix, corrections
from monitor.models import ModelVersion, SiteCalibration
from monitor.scoring import Ratios, Totals, ratios_of

if TYPE_CHECKING:
    from inference.quantify import Quantifier


def ratios_of_all(windows: Sequence[Totals], *, level: float) -> list[Ratios]:
    """Ratios of many windows, corrected where the model's errors are known.

    One query, and none when there is no data.
    """
    made = [ratios_of(totals, level=level) for totals in windows]
    models = {totals.model for totals in windows if totals.bins}
    for model, known in known_matrices(models).items():
        own = [n for n, totals in enumerate(windows) if totals.model == model]
        for weights in dict.fromkeys(windows[n].weights for n in own):
            alike = [n for n in own if windows[n].weights == weights]
            pairs = [(windows[n], made[n]) for n in alike]
            found = corrections(pairs, known, level=level, weights=weights)
            for n, ratios in zip(alike, found, strict=True):
                made[n] = ratios
    return made


def known_matrices(models: Iterable[str]) -> dict[str, Known]:
    """What is known about these versions: the site's newest, else the shipped one."""
    wanted = list(models)
    if not wanted:
        return {}
    imported = ModelVersion.objects.filter(version__in=wanted).order_by()
    measured = SiteCalibration.objects.filter(model__in=wanted).order_by()
    # One query for both: what the site measured has a rank, the newest the highest.
    rows = measured.values_list("pk", "model", "quantification").union(
        imported.values_list(Value(0), "version", "spec__quantification"), all=True
    )
    stored = {model: (rank, values) for rank, model, values in sorted(rows, key=_rank)}
    found = {}
    for model in wanted:
        rank, values = stored.get(model) or (0, _of_files(model))
        quantifier = _quantifier(values)
        if quantifier is not None:
            found[model] = Known(Matrix.SITE if rank else Matrix.SHIPPED, quantifier)
    return found


def _rank(row: tuple[int, str, Any]) -> int:
    return row[0]


def _quantifier(values: Any) -> Quantifier | None:
    """None where nothing usable is said; older models say nothing."""
    if not values:
        return None
    from inference.quantify import Quantifier

    try:
        found = Quantifier.from_dict(values)
    except (ValueError, KeyError, TypeError):
        return None
    return found if (found.counts > 0).all() else None


@lru_cache(maxsize=16)
def _of_files(version: str) -> Any:
    """What the spec of a model that was never imported says."""
    from inference.spec import MODELS, SPEC_FILE, load_spec

    folder = MODELS / version.partition("@")[0]
    try:
        spec = load_spec(folder) if (folder / SPEC_FILE).is_file() else None
    except ModelError:
        return None
    return spec.quantification if spec and spec.version == version else None
