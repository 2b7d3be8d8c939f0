"""A few processes that fetch, for many threads that want pictures."""

from __future__ import annotations

import json
import os
import queue
import select
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self, cast

from capture.child import LENGTH, pack, shot_of
from capture.types import CaptureError, Code, Kind, Limits, Shot, Source

ROOT = Path(__file__).resolve().parents[1]
ARGV = (sys.executable, "-m", "capture.child")
# All that a child knows of where it runs: no keys, no database, no proxies.
ENVIRONMENT = {
    "PATH": os.defpath,
    "LANG": "C.UTF-8",
    "PYTHONDONTWRITEBYTECODE": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "OPENCV_LOG_LEVEL": "SILENT",
    "OPENCV_FFMPEG_LOGLEVEL": "-8",
}
START_SECONDS = 60.0
# What its libraries may have kept for themselves goes with a child.
MOST_FETCHES = 1000
LONGEST_HEAD = 64 * 1024

_Pipes = tuple[BinaryIO, BinaryIO]


class Died(Exception):
    """The process ended, or writes what it never should."""


class Pool:
    """Fetches `size` pictures at once; each in a process that may break.

    Safe to use from many threads. Processes start when they are needed.
    """

    def __init__(self, size: int, limits: Limits) -> None:
        self.limits, self._size = limits, size
        self._closed = False
        self._lock = threading.Lock()
        self._children: set[_Child] = set()
        self._free: queue.LifoQueue[_Child | None] = queue.LifoQueue()
        for _ in range(size):
            self._free.put(None)

    def fetch(self, source: Source) -> Shot:
        """One picture; waits for a free process, and then for `limits.seconds`."""
        child = self._free.get()
        try:
            if child is None:
                child = self._start()
            shot = child.fetch(source, self.limits)
        except CaptureError:
            child = self._keep(child)
            raise
        except TimeoutError:
            self._end(child)
            child = None
            text = "the camera takes too long to answer"
            raise CaptureError(Code.SLOW, text) from None
        except Exception:  # noqa: BLE001  its next answer could be one to this question
            self._end(child)
            child = None
            text = "the process that reads the picture broke"
            raise CaptureError(Code.CRASHED, text) from None
        else:
            child = self._keep(child)
            return shot
        finally:
            self._free.put(child)

    def close(self) -> None:
        """End all processes, also those in the middle of a picture."""
        with self._lock:
            self._closed = True
            children, self._children = self._children, set()
        for child in children:
            child.kill()
        for _ in range(self._size):  # nobody holds one any longer than it takes to see
            self._end(self._free.get())
        for _ in range(self._size):
            self._free.put(None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _exc: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.close()

    def _start(self) -> _Child:
        with self._lock:
            if self._closed:
                raise Died
            child = _Child()
            self._children.add(child)
        return child

    def _keep(self, child: _Child | None) -> _Child | None:
        if child and child.fetches < MOST_FETCHES:
            return child
        self._end(child)
        return None

    def _end(self, child: _Child | None) -> None:
        """In its place another one starts with the next fetch."""
        if child:
            with self._lock:
                self._children.discard(child)
            child.end()


class _Child:
    def __init__(self) -> None:
        self.fetches = 0
        self._kinds: set[Kind] = set()  # whose libraries it has loaded
        process = subprocess.Popen(  # noqa: S603 our own module
            ARGV,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            cwd=ROOT,
            env=ENVIRONMENT,
            start_new_session=True,
        )
        self._process = process
        self._requests, self._answers = cast("_Pipes", (process.stdin, process.stdout))

    def fetch(self, source: Source, limits: Limits) -> Shot:
        """Raises CaptureError, TimeoutError, or Died where the process is of no use."""
        self.fetches += 1
        self._write(pack(source, limits))
        known = source.kind in self._kinds
        self._message(time.monotonic() + (limits.seconds if known else START_SECONDS))
        self._kinds.add(source.kind)
        until = time.monotonic() + limits.seconds
        fields = self._message(until)
        length = int(fields.get("bytes", 0))
        if not 0 <= length <= limits.bytes:
            raise Died
        return shot_of(fields, self._read(length, until))

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def end(self) -> None:
        """Only for who holds the child: nobody may still read from its pipes."""
        self.kill()
        self._requests.close()
        self._answers.close()

    def _write(self, data: bytes) -> None:
        while data:  # a pipe without buffer takes what fits
            data = data[self._requests.write(data) :]

    def _message(self, until: float) -> dict[str, Any]:
        length = LENGTH.unpack(self._read(LENGTH.size, until))[0]
        if length > LONGEST_HEAD:
            raise Died
        fields: dict[str, Any] = json.loads(self._read(length, until))
        return fields

    def _read(self, count: int, until: float) -> bytes:
        data, pipe = bytearray(), self._answers.fileno()
        while len(data) < count:
            left = until - time.monotonic()
            if left <= 0 or not select.select([pipe], [], [], left)[0]:
                raise TimeoutError
            piece = os.read(pipe, min(count - len(data), 1024 * 1024))
            if not piece:
                raise Died
            data += piece
        return bytes(data)
