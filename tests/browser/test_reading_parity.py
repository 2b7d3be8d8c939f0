"""What static/js/reading computes is what the server computes.

Both sides are given the same pixels: decoders of JPEGs differ by a gray level here and
there, and a session reads a camera's pixels, never a file.
"""

from __future__ import annotations

import base64
import functools
import sys
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from inference import FaceReading, crop, light, quality
from inference.arrays import Rgb
from inference.blazeface import anchors, weighted_suppression
from inference.classifier import calibrate
from inference.decode import decode
from inference.engine import Engine
from inference.preprocess import InputSpec, to_tensor
from inference.spec import active_name, model_folder
from monitor.models import Person
from tests.browser.conftest import sign_in
from tests.inference.shared import shared_data

pytestmark = [pytest.mark.browser, pytest.mark.model]

TOLERANCE = 0.02
PICTURES = 50
PREPARE = """
window.load = (name) => import(`/static/js/reading/${name}.js`);
window.given = ([width, height, channels, text]) => ({
  width, height, channels, data: Uint8Array.from(atob(text), (c) => c.charCodeAt(0)),
});
window.answer = (picture) => [...picture.data];
void 0; // a function that is left over would be called
"""
READ = """async (given) => {
  const { Reader } = await load("reader");
  const setup = JSON.parse(document.getElementById("reading-setup").textContent);
  window.reader ??= await Reader.load(setup);
  return window.reader.read(window.given(given));
}"""


@pytest.fixture
def session_page(
    visitor: Page, server: LiveServer, ada: Person, health: User
) -> Iterator[Page]:
    """The session page of Ada, with what a test needs to call its modules."""
    ada.user = health
    ada.save(update_fields=["user"])
    sign_in(visitor.context, health, server.url)
    visitor.goto("/session/")
    visitor.evaluate(PREPARE)
    yield visitor


def packed(pixels: np.ndarray) -> list[Any]:
    height, width, *planes = pixels.shape
    text = base64.b64encode(np.ascontiguousarray(pixels).tobytes()).decode()
    return [width, height, planes[0] if planes else 1, text]


@functools.cache
def scene() -> Rgb:
    """Coloured clouds with some noise."""
    generator = np.random.default_rng(5)
    small = generator.integers(0, 256, (12, 16, 3), dtype=np.uint8)
    clouds = cv2.resize(small, (320, 240), interpolation=cv2.INTER_CUBIC)
    noise = generator.integers(-12, 13, clouds.shape)
    return np.clip(clouds.astype(int) + noise, 0, 255).astype(np.uint8)


def computed(page: Page, module: str, body: str, *given: Any) -> np.ndarray:
    """What a module's function answers; `body` uses m and the arguments a."""
    script = f"async (a) => {{ const m = await load('{module}'); return {body}; }}"
    return np.array(page.evaluate(script, list(given)))


SIZES = [(160, 120), (96, 72), (213, 160), (400, 300)]


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize(
    ("name", "how"),
    [("resizeArea", cv2.INTER_AREA), ("resizeLinear", cv2.INTER_LINEAR)],
)
def test_resizing(
    session_page: Page, name: str, how: int, width: int, height: int
) -> None:
    expected = cv2.resize(scene(), (width, height), interpolation=how)
    body = f"answer(m.{name}(given(a[0]), a[1], a[2]))"
    found = computed(session_page, "pixels", body, packed(scene()), width, height)
    assert np.abs(found - expected.ravel()).max() <= 1


def test_gray_levels_and_light(session_page: Page) -> None:
    dark = scene() // 4
    gray = computed(session_page, "pixels", "answer(m.gray(given(a[0])))", packed(dark))
    assert (gray == crop.gray(dark).ravel()).all()
    level = computed(session_page, "pixels", "m.whiteLevel(given(a[0]))", packed(dark))
    assert level == light.white_level(dark)
    body = "answer(m.brightened(given(a[0])))"
    brightened = computed(session_page, "pixels", body, packed(dark))
    assert (brightened == light.brightened(dark).ravel()).all()


def test_the_laplacian_and_the_sharpness(session_page: Page) -> None:
    gray = crop.gray(scene())[:96, :96]
    body = "[...m.laplacian(given(a[0]))]"
    found = computed(session_page, "quality", body, packed(gray))
    assert (found == cv2.Laplacian(gray, cv2.CV_32F).ravel()).all()
    sharp = computed(session_page, "quality", "m.sharpness(given(a[0]))", packed(gray))
    assert sharp == pytest.approx(quality.sharpness(gray), rel=1e-6)


def test_the_anchors(session_page: Page) -> None:
    found = computed(session_page, "detector", "[...m.anchors()]")
    assert len(found) == 2 * 48 * 48
    assert found == pytest.approx(anchors().ravel() * 192)


def test_merging_overlapping_faces(session_page: Page) -> None:
    generator = np.random.default_rng(2)
    corners = generator.uniform(0, 60, (30, 1, 2))
    rest = corners + generator.uniform(10, 40, (30, 7, 2))
    points = np.concatenate([corners, rest], axis=1).astype(np.float32)
    scores = generator.uniform(0.5, 1, 30).astype(np.float32)
    body = """m.weightedSuppression(
      a[0].map((points, n) => ({ points, score: a[1][n] })),
    ).map(({ points, score }) => [...points.flat(), score])"""
    found = computed(session_page, "detector", body, points.tolist(), scores.tolist())
    expected = [[*face.ravel(), s] for face, s in weighted_suppression(points, scores)]
    assert found == pytest.approx(np.array(expected), abs=1e-3)


@pytest.mark.parametrize(
    "changes",
    [
        {"channels": 1},
        {"channels": 3, "standardise": "fixed", "means": (90, 100, 110)},
        {"equalise": "histogram"},
        {"colour": "rgb", "order": "bgr", "standardise": "fixed", "size": 120},
    ],
)
def test_the_input_of_the_network(session_page: Page, changes: dict[str, Any]) -> None:
    spec = InputSpec(**{"size": 48, **changes})
    square = scene()[:96, :96]
    body = "[...m.toTensor(given(a[0]), a[1])]"
    fields = {name: getattr(spec, name) for name in spec.__slots__}
    found = computed(session_page, "classifier", body, packed(square), fields)
    expected = to_tensor(square[None], spec).ravel()
    assert np.abs(found - expected).max() <= 1.01 / (1 if spec.means else 20)


def test_the_temperature(session_page: Page) -> None:
    five = [0.5, 0.2, 0.15, 0.1, 0.05]
    found = computed(session_page, "classifier", "m.calibrate(a[0], 0.6)", five)
    assert found == pytest.approx(calibrate(np.array([five]), 0.6)[0], abs=1e-6)


def pictures() -> Iterator[Rgb]:
    """Photographs of people and enough of JAFFE, as the server decodes them."""
    photos = sorted(shared_data("photos", "people").iterdir())
    studio = sorted(shared_data("jaffe").rglob("*.*"))[::5]
    for path in [*photos, *studio][:PICTURES]:
        yield decode(path.read_bytes()).rgb


def on_server(engine: Engine, rgb: Rgb) -> FaceReading | None:
    ok, png = cv2.imencode(".png", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))
    assert ok
    faces = engine.analyse([png.tobytes()])[0].faces
    return faces[0] if faces else None


def test_readings_of_photographs(
    session_page: Page, capsys: pytest.CaptureFixture[str]
) -> None:
    engine = Engine.load(model_folder(active_name()))
    largest, unlike, count = 0.0, 0, 0
    for rgb in pictures():
        found = session_page.evaluate(READ, packed(rgb))
        expected = on_server(engine, rgb)
        assert (found is None) == (expected is None)
        if found is None or expected is None:
            continue
        count += 1
        own = np.array(expected.probabilities.as_tuple())
        largest = max(largest, np.abs(found["probabilities"] - own).max())
        unlike += found["reason"] != expected.reason
        assert found["box"] == pytest.approx(expected.box.as_list(), abs=1)
    with capsys.disabled():
        sys.stdout.write(
            f"\n{count} faces: {largest:.4f} apart, {unlike} judged differently\n"
        )
    assert count >= PICTURES - 2
    assert largest < TOLERANCE
    assert unlike == 0
