"""From nothing to the first answer: seconds and memory of one way of serving.

    python -m bench.start {litert,worker,tensorflow} MODEL_FOLDER PICTURE

litert: the classifier alone. worker: Django, detector and classifier, as a worker has
them. tensorflow: the Keras network as a compiled graph, its classifier alone. Prints
the peak of the resident memory in MiB as soon as there is an answer.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

WAYS = ("litert", "worker", "tensorflow")


def answer(way: str, folder: Path, picture: Path) -> None:
    """Load what the way needs, nothing else, and answer once."""
    if way == "worker":
        import django

        from config.env import select_settings

        select_settings()
        django.setup()
        from inference.runtime import get_engine

        get_engine(str(folder)).analyse([picture.read_bytes()])
        return
    import numpy as np

    from inference.spec import load_spec

    size = load_spec(folder).inputs.size
    crops = np.zeros((1, size, size), np.uint8)
    if way == "litert":
        from inference.classifier import Classifier

        Classifier(folder)(crops)
    else:
        from bench.variants import Compiled

        Compiled(folder)(crops)


def resident() -> float:
    """Peak resident MiB of this process alone: that of its parent is not in it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    peak = next(line for line in lines if line.startswith("VmHWM"))
    return int(peak.split()[1]) / 1024


def measure(way: str, folder: Path, picture: Path) -> tuple[float, float]:
    """Seconds from the start of a fresh process to its answer, and its peak MiB."""
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "bench.start", way, folder, picture],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    seconds, peak = map(float, done.stdout.split()[-2:])
    return seconds - began, peak


def cold_starts(
    folder: Path, picture: Path, repeats: int, ways: tuple[str, ...] = WAYS
) -> dict[str, dict[str, float]]:
    """Medians over `repeats` fresh processes of each way, which take turns."""
    found: dict[str, list[tuple[float, float]]] = {way: [] for way in ways}
    for _ in range(repeats):
        for way in ways:
            found[way].append(measure(way, folder, picture))
    return {
        way: {
            "seconds": statistics.median(seconds for seconds, _ in pairs),
            "mib": statistics.median(mib for _, mib in pairs),
        }
        for way, pairs in found.items()
    }


if __name__ == "__main__":
    answer(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
    # One clock for all processes of a machine: Linux counts from its start.
    print(time.monotonic(), resident())
