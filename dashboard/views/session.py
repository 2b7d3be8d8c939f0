"""A person's own session with the camera of their device.

The page sends pictures to the API, or reads the face itself and sends numbers.
"""

from __future__ import annotations

from typing import Any

from csp.constants import NONCE, SELF, WASM_UNSAFE_EVAL
from csp.decorators import csp_update
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from dashboard.http import Asked, person_seen, private
from dashboard.words import EMOTION_NAMES, FACE_REASONS, PICTURE_REASONS
from monitor.models import AccessEntry, Organisation, Person
from monitor.services.browser_models import BrowserModel, in_browser, network_file

MINUTES = (1, 5, 15)
FIRST_MINUTES = 5
A_YEAR = 365 * 24 * 3600
MODULES = (
    "batch",
    "camera",
    "classifier",
    "crop",
    "detector",
    "indicator",
    "network",
    "overlay",
    "pixels",
    "quality",
    "reader",
    "results",
    "sending",
    "session",
)
LIBRARIES = {
    "@litertjs/core": "vendor/litert/index.js",
    "@litertjs/wasm-utils": "vendor/litert/utils/index.js",
}
DETECTOR = "vendor/blazeface/face_detection_full_range_sparse.tflite"
RUNTIME = {
    "fast": "vendor/litert/wasm/litert_wasm_internal",
    "plain": "vendor/litert/wasm/litert_wasm_compat_internal",
}
# Only this page compiles WebAssembly. The nonce is that of the map of modules, which
# browsers take from the page alone; it holds addresses and no code.
SCRIPTS = {"script-src": [SELF, WASM_UNSAFE_EVAL, NONCE]}


@require_safe
@private
@csp_update(SCRIPTS)  # type: ignore[arg-type]  # it knows plain requests only
def session(request: Asked) -> HttpResponse:
    own = Person.objects.visible_to(request.user).filter(user=request.user).first()
    if own is None:
        return render(request, "session.html", {"person": None})
    allowed = Organisation.current().browser_readings
    model = in_browser() if allowed else None
    context: dict[str, Any] = {
        "person": person_seen(request, own.pk, AccessEntry.Action.PERSON),
        "minutes": MINUTES,
        "first_minutes": FIRST_MINUTES,
        "modules": modules(),
        "setup": setup(model) if model else None,
        "allowed": allowed,
        "reasons": FACE_REASONS | PICTURE_REASONS,
        "emotions": EMOTION_NAMES,
    }
    return render(request, "session.html", context)


@require_safe
@login_required
@cache_control(private=True, immutable=True, max_age=A_YEAR)
def network(request: Asked, sha256: str) -> HttpResponse:
    """The network in use; its address changes with it, so it may be kept."""
    content = network_file(sha256)
    if content is None:
        raise Http404
    return HttpResponse(content, content_type="application/octet-stream")


def modules() -> dict[str, str]:
    """Where each module lies, by the name that others import it by."""
    base = static("js/reading/session.js").rpartition("/")[0]
    own = {f"{base}/{name}.js": static(f"js/reading/{name}.js") for name in MODULES}
    return own | {name: static(file) for name, file in LIBRARIES.items()}


def setup(model: BrowserModel) -> dict[str, Any]:
    """What static/js/reading/reader.js reads with."""
    return model.as_setup() | {
        "network": reverse("session-network", args=[model.sha256]),
        "detector": static(DETECTOR),
        "runtime": {
            kind: {"script": static(f"{path}.js"), "wasm": static(f"{path}.wasm")}
            for kind, path in RUNTIME.items()
        },
    }
