"""The process that fetches: sources come by its input, pictures go by its output.

    python -m capture.child

A camera that breaks a decoder breaks this process alone. Each message is a length of
four bytes and JSON. To a source it answers twice: with an empty message once it is
ready to ask the camera, and with what came of it; behind that are the picture's bytes.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import json
import os
import resource
import select
import signal
import struct
import sys
import threading
from dataclasses import asdict, replace
from datetime import datetime
from ipaddress import ip_network
from typing import Any, BinaryIO

from capture.types import CaptureError, Code, Kind, Limits, Shot, Source

LENGTH = struct.Struct(">I")
MEMORY = 2 * 1024**3
FILES = 64
PATIENCE = 0.9
PR_SET_NO_NEW_PRIVS = 38
# Loaded when the first camera of a kind is asked: most processes need no OpenCV.
MODULES = {
    Kind.RTSP: "capture.stream",
    Kind.USB: "capture.stream",
    Kind.MJPEG: "capture.http",
    Kind.SNAPSHOT: "capture.http",
    Kind.FOLDER: "capture.folder",
}


def main() -> None:
    requests = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDWR), 1)  # libraries print, too
    confine()
    threading.Thread(target=leave_with_parent, daemon=True).start()
    while length := requests.read(LENGTH.size):
        message = json.loads(requests.read(LENGTH.unpack(length)[0]))
        answer(answers, *unpack(message))


def answer(to: BinaryIO, source: Source, limits: Limits) -> None:
    module = importlib.import_module(MODULES[source.kind])
    _send(to, {})  # OpenCV takes a while to load, which is not the camera's fault
    # Ends even what hangs in a library, when nobody is left who would kill.
    signal.setitimer(signal.ITIMER_REAL, limits.seconds + 1)
    # So that this process can still say why it was late before it is killed for it.
    limits = replace(limits, seconds=limits.seconds * PATIENCE)
    try:
        shot: Shot = module.fetch(source, limits)
    except CaptureError as exc:
        _send(to, {"code": exc.code, "message": exc.message})
    except MemoryError:
        text = "the picture needs too much memory"
        _send(to, {"code": Code.TOO_LARGE, "message": text})
    else:
        fields = asdict(shot) | {"taken_at": shot.taken_at.isoformat()}
        data = fields.pop("data")
        _send(to, fields | {"bytes": len(data)}, data)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def confine() -> None:
    """A picture that explodes in memory ends here; no core dump holds a password."""
    for limit, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_NOFILE, FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(limit)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        with contextlib.suppress(OSError, ValueError):  # macOS has no RLIMIT_AS
            resource.setrlimit(limit, (most, most))
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def leave_with_parent() -> None:
    """The other end of the input closes when the parent dies, however it does.

    Not by the kernel's signal for that: it comes when the thread ends that started
    this process, and a pool is used by many.
    """
    watch = select.poll()
    watch.register(0, 0)  # only the end of it is reported
    watch.poll()
    os._exit(0)


def pack(source: Source, limits: Limits) -> bytes:
    text = json.dumps({"source": asdict(source), "limits": asdict(limits)}, default=str)
    return LENGTH.pack(len(text.encode())) + text.encode()


def unpack(message: dict[str, Any]) -> tuple[Source, Limits]:
    source, limits = message["source"], message["limits"]
    for name in ("networks", "refused"):
        limits[name] = tuple(ip_network(net) for net in limits[name])
    source["kind"], source["secrets"] = Kind(source["kind"]), tuple(source["secrets"])
    return Source(**source), Limits(**limits)


def shot_of(fields: dict[str, Any], data: bytes) -> Shot:
    """What came back; raises CaptureError where that is no picture.

    And ValueError for what no child of ours says: a decoder may have been taken over.
    """
    if "code" in fields:
        raise CaptureError(Code(fields["code"]), str(fields["message"]))
    taken_at = datetime.fromisoformat(fields["taken_at"])
    milliseconds = int(fields["milliseconds"])
    fingerprint, mark = str(fields["fingerprint"]), str(fields["mark"])
    if taken_at.tzinfo is None or len(fingerprint) > 16 or len(mark) > 300:
        raise ValueError("not an answer")
    return Shot(data, taken_at, milliseconds, fingerprint, mark)


def _send(to: BinaryIO, message: dict[str, Any], data: bytes = b"") -> None:
    text = json.dumps(message).encode()
    to.write(LENGTH.pack(len(text)) + text + data)
    to.flush()


if __name__ == "__main__":
    main()
