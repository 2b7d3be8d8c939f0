"""The JSON that travels with a model's weights, and the checks before using them."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from inference.classes import ALL_CLASSES, CLASS_SETS
from inference.crop import CropSpec
from inference.errors import CorruptModel, IncompatibleModel, MissingModel
from inference.files import sha256, write_json
from inference.preprocess import InputSpec
from inference.types import EMOTIONS

FORMAT = 1  # raise when serving would misread an older spec
SPEC_FILE = "spec.json"
SERVING_FILE = "model.tflite"
KERAS_FILE = "model.keras"
MODELS = Path(__file__).parent / "models"
ACTIVE_FILE = MODELS / "active"


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """Everything serving and reporting need to know about some weights.

    temperature: divisor of the five emotions' logits (Guo et al. 2017, arXiv
    1706.04599). classes: what the network answers; it may know more than the five.
    sha256: hexadecimal digest per file. figures: measured results, for people.
    quantification: how the model errs by class on held-out pictures
    (`inference.quantify.Quantifier`); empty for older models.
    """

    name: str
    architecture: str
    inputs: InputSpec
    crop: CropSpec
    temperature: float
    sha256: dict[str, str]
    classes: tuple[str, ...] = EMOTIONS
    format: int = FORMAT
    command: str = ""
    seed: int = 0
    data: dict[str, Any] = field(default_factory=dict)
    figures: dict[str, Any] = field(default_factory=dict)
    quantification: dict[str, Any] = field(default_factory=dict)

    @property
    def version(self) -> str:
        """Name and first eight digits of the serving weights' hash."""
        return f"{self.name}@{self.sha256[SERVING_FILE][:8]}"


def model_folder(model: str | Path) -> Path:
    """The folder of a shipped model's name, or of a path; raises MissingModel."""
    for folder in (MODELS / str(model), Path(model)):
        if (folder / SPEC_FILE).is_file():
            return folder
    shipped = ", ".join(sorted(p.parent.name for p in MODELS.glob(f"*/{SPEC_FILE}")))
    raise MissingModel(
        f"no model {str(model)!r}: give a folder with {SPEC_FILE}, "
        f"or one of the shipped models: {shipped or 'none'}"
    )


def active_name() -> str:
    """The model that is used when none is named; raises MissingModel."""
    try:
        return ACTIVE_FILE.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        raise MissingModel(
            f"{ACTIVE_FILE.name} is missing: write a model's name into "
            "inference/models/active"
        ) from None


def load_spec(folder: Path) -> ModelSpec:
    """Read a spec without touching the weights.

    Raises CorruptModel for damage and IncompatibleModel for another version.
    """
    path = folder / SPEC_FILE
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        version = values["format"]
    except FileNotFoundError:
        raise MissingModel(f"{path} does not exist") from None
    except (ValueError, KeyError, TypeError) as error:
        raise CorruptModel(
            f"{path} is damaged ({error!r}): install the model again"
        ) from error
    if version != FORMAT:
        raise IncompatibleModel(
            f"{path} has format {version}, this version reads {FORMAT}: "
            "export the model again with `manage.py train --resume`"
        )
    return _parse(values, path)


def _parse(values: dict[str, Any], path: Path) -> ModelSpec:
    try:
        spec = ModelSpec(
            **{
                **values,
                "inputs": InputSpec(**values["inputs"]),
                "crop": CropSpec(**values["crop"]),
                "classes": tuple(values["classes"]),
                "temperature": float(values["temperature"]),
            }
        )
        digest_given = len(spec.sha256[SERVING_FILE]) == 64
    except (KeyError, TypeError, ValueError) as error:
        raise CorruptModel(
            f"{path} is damaged ({error!r}): install the model again"
        ) from error
    if not digest_given or not spec.temperature > 0:
        raise CorruptModel(f"{path} has impossible values: install the model again")
    if spec.classes not in CLASS_SETS.values():
        raise IncompatibleModel(
            f"{path} is about {', '.join(spec.classes)}; this version reads "
            f"{', '.join(ALL_CLASSES)} or their usual subsets: train a model for these"
        )
    return spec


def check_weights(folder: Path, spec: ModelSpec) -> None:
    """Compare each weights file with its hash in the spec; raises ModelError."""
    for name, expected in spec.sha256.items():
        path = folder / name
        if not path.is_file():
            raise MissingModel(f"{path} does not exist: install the model again")
        if sha256(path) != expected:
            raise CorruptModel(
                f"{path} is not the file that its spec describes "
                "(sha256 differs): install the model again"
            )


def write_spec(folder: Path, spec: ModelSpec) -> None:
    """Write `folder`/spec.json in one step."""
    write_json(folder / SPEC_FILE, asdict(spec))
