import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow
HEAVY = ("tensorflow", "keras", "cv2", "ai_edge_litert", "PIL")


def loaded_after(code: str) -> list[str]:
    """Which heavy packages a fresh interpreter holds after running `code`."""
    script = f"{code}\nimport sys\nprint(*(m for m in {HEAVY} if m in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return done.stdout.split()


def test_importing_the_package_loads_nothing_heavy() -> None:
    assert loaded_after("import inference") == []


def test_reading_the_active_spec_loads_nothing_heavy() -> None:
    assert (
        loaded_after("from inference.runtime import active_spec; active_spec()") == []
    )


def test_serving_never_loads_tensorflow() -> None:
    code = "import inference; inference.analyse([b'no picture'])"
    assert set(loaded_after(code)).isdisjoint({"tensorflow", "keras"})
