"""What a page needs to read a face itself with the model that is in use."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from inference import EMOTIONS
from inference.crop import CropSpec
from inference.errors import ModelError
from inference.preprocess import InputSpec
from inference.quality import MIN_CONFIDENCE, Gate
from inference.spec import SERVING_FILE, load_spec, model_folder
from monitor.models import ModelFile, ModelVersion
from monitor.services.serving import Stored, in_use


@dataclass(frozen=True, slots=True)
class BrowserModel:
    """`sha256` is that of the network's file, which it is fetched by."""

    version: str
    sha256: str
    inputs: InputSpec
    crop: CropSpec
    temperature: float
    classes: tuple[str, ...]

    @property
    def is_supported(self) -> bool:
        """Whether static/js/reading prepares crops as this model wants them."""
        if self.inputs.is_colour:
            return self.inputs.equalise == "none"
        return self.inputs.equalise != "clahe"

    def as_setup(self) -> dict[str, Any]:
        """For the page: the model, and the limits by which a face is usable."""
        return {
            "version": self.version,
            "inputs": asdict(self.inputs),
            "crop": asdict(self.crop),
            "temperature": self.temperature,
            "classes": self.classes,
            "emotions": EMOTIONS,
            "gate": asdict(Gate()) | {"min_confidence": MIN_CONFIDENCE},
        }


def browser_model() -> BrowserModel:
    """The model that counts now. Raises ModelError."""
    live = in_use().live
    if isinstance(live, Stored):
        spec = ModelVersion.objects.values_list("spec", flat=True).get(pk=live.pk)
        version = live.version
    else:
        read = load_spec(model_folder(live))
        spec, version = asdict(read), read.version
    return BrowserModel(
        version=version,
        sha256=spec["sha256"][SERVING_FILE],
        inputs=InputSpec(**spec["inputs"]),
        crop=CropSpec(**spec["crop"]),
        temperature=spec["temperature"],
        classes=tuple(spec["classes"]),
    )


def in_browser() -> BrowserModel | None:
    """The model that counts now, if there is one that a page can read with."""
    try:
        model = browser_model()
    except ModelError:
        return None
    return model if model.is_supported else None


def network_file(sha256: str) -> bytes | None:
    """The network of the model in use, None if that is another one."""
    try:
        live = in_use().live
        if browser_model().sha256 != sha256:
            return None
        if isinstance(live, Stored):
            files = ModelFile.objects.filter(version=live.pk, name=SERVING_FILE)
            return bytes(files.values_list("content", flat=True).get())
        return (model_folder(live) / SERVING_FILE).read_bytes()
    except ModelError:
        return None
