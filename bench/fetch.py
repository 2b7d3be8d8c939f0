"""How many pictures a pool fetches, from cameras on this very machine.

    python -m bench.fetch [--size N] [--seconds N] [--json]

The HTTP camera and the RTSP server (GStreamer, from Debian's packages; left out without
them) share the processors with the pool, so a server of its own is faster. `memory` is
what one process holds (resident), before OpenCV is loaded and after.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path

from capture import CaptureError, Kind, Limits, Source
from capture.pool import Pool
from tests.capture.cameras import HttpCamera, jpeg, running
from tests.capture.conftest import DEBIAN_PYTHON, SERVER

LIMITS = Limits(loopback=True, seconds=30, open_seconds=10, read_seconds=20)
PICTURE = (1280, 720)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    rows = []
    with ExitStack() as stack:
        for source in sources(stack):
            rows.append(measure(source, chosen.size, chosen.seconds))
            print(
                "{kind:10} {per_second:8} /s {ms:6} ms {memory:5} MB".format(**rows[-1])
            )
    if chosen.json:
        print(json.dumps({"size": chosen.size, "rows": rows}))


def sources(stack: ExitStack) -> list[Source]:
    camera = stack.enter_context(running(HttpCamera()))
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    (folder / "a.jpg").write_bytes(jpeg(size=PICTURE))
    found = [
        Source(Kind.SNAPSHOT, camera.url("/snapshot")),
        Source(Kind.MJPEG, camera.url("/mjpeg")),
        Source(Kind.FOLDER, str(folder)),
    ]
    argv = [DEBIAN_PYTHON, str(SERVER)]
    server = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
    stack.enter_context(server)
    stack.callback(server.kill)
    if server.stdout and (line := server.stdout.readline()):
        url = f"rtsp://127.0.0.1:{json.loads(line)['open']}/large"
        found.append(Source(Kind.RTSP, url))
    return found


def measure(source: Source, size: int, seconds: float) -> dict[str, object]:
    took: list[int] = []
    with Pool(size, LIMITS) as pool:
        ask(pool, source, [], 0)
        began = time.monotonic()
        threads = [
            threading.Thread(target=ask, args=(pool, source, took, began + seconds))
            for _ in range(size)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        rate = len(took) / (time.monotonic() - began)
        memory = max(resident(pid) for pid in fetchers())
    middle = round(statistics.median(took)) if took else 0
    return {
        "kind": str(source.kind),
        "per_second": round(rate, 1),
        "ms": middle,
        "memory": round(memory / 1e6),
    }


def ask(pool: Pool, source: Source, took: list[int], until: float) -> None:
    """At least once."""
    while True:
        try:
            took.append(pool.fetch(source).milliseconds)
        except CaptureError as exc:
            print(f"{source.kind}: {exc.code}")
        if time.monotonic() > until:
            return


def fetchers() -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            parent = (path / "stat").read_text().rpartition(")")[2].split()[1]
            command = (path / "cmdline").read_bytes()
        except OSError:
            continue
        if int(parent) == os.getpid() and b"capture.child" in command:
            found.append(int(path.name))
    return found


def resident(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    main()
