"""Pictures out of a video file, taken by a process of its own.

A video of a stranger goes through decoders that were broken before, so they run in a
child without the product's secrets, with bounded memory, which is ended when it gives
nothing for a while. The file is handed over as an open descriptor, so it may be one
that never lay on a disk (`memfd_create`).
"""

from __future__ import annotations

import os
import resource
import select
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

HEADER = struct.Struct("!dI")  # seconds into the video, bytes of the picture
MEMORY = 2 * 1024**3
PATIENCE = 30.0  # seconds
# Of a large video many pictures are passed over; a child says meanwhile that it lives.
ALIVE_EVERY, ALIVE = 5.0, -1.0
JPEG_QUALITY = 95
MAX_PIXELS = 40_000_000
NO_VIDEO, TOO_LARGE = 3, 4
# No picture of MAX_PIXELS needs more, whatever a child says that was taken over.
MAX_BYTES = 128 * 1024 * 1024
# What FFmpeg may take a file for. Others are lists of files, which it would open, too.
FORMATS = "mov,matroska,avi,mpeg,mpegts,ogg"
GUESSED_RATE = 25.0  # pictures a second, where a file does not say

REASONS = {NO_VIDEO: "not_a_video", TOO_LARGE: "too_many_pixels"}


class VideoError(Exception):
    """No pictures come out; `code` is not_a_video, too_many_pixels or decoder_broke."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture of a video, as JPEG."""

    seconds: float
    data: bytes = field(repr=False)


def frames(
    file: int,
    *,
    every: float,
    start: float = 0.0,
    most: int = 1_000_000,
    alive: Callable[[], object] = lambda: None,
) -> Iterator[Frame]:
    """Pictures at multiples of `every` seconds from `start` on, `most` of them.

    file: an open descriptor; alive: called now and then while none comes. Raises
    VideoError; what was given before it is good.
    """
    for seconds, data in _records(file, every, start, most):
        if data:
            yield Frame(seconds, data)
        elif seconds == ALIVE:
            alive()


def duration(file: int) -> float:
    """Seconds that the file says it has, 0 when it does not; raises VideoError."""
    return [seconds for seconds, _ in _records(file, 1, 0, 0)][-1]


def _records(
    file: int, every: float, start: float, most: int
) -> Iterator[tuple[float, bytes]]:
    """What the child writes; at last the length of the video, without a picture."""
    argv = [sys.executable, "-m", "capture.video"]
    argv += [f"/dev/fd/{file}", str(every), str(start), str(most)]
    with subprocess.Popen(  # noqa: S603 our own module
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment(),
        pass_fds=(file,),
        bufsize=0,
    ) as child:
        try:
            yield from _read(child)
        finally:
            child.kill()


def environment() -> dict[str, str]:
    """All that a child knows of where it runs."""
    return {
        "PYTHONPATH": os.pathsep.join(sys.path),
        "OPENCV_FFMPEG_THREADS": "1",
        "OPENCV_FFMPEG_CAPTURE_OPTIONS": (
            f"format_whitelist;{FORMATS}|protocol_whitelist;file"
        ),
    }


def _read(child: subprocess.Popen[bytes]) -> Iterator[tuple[float, bytes]]:
    seconds, length = ALIVE, 0
    while length or seconds == ALIVE:
        head = _exactly(child, HEADER.size)
        if len(head) < HEADER.size:
            raise VideoError(REASONS.get(_status(child), "decoder_broke"))
        seconds, length = HEADER.unpack(head)
        if length > MAX_BYTES:
            raise VideoError("decoder_broke")
        data = _exactly(child, length)
        if len(data) < length:
            raise VideoError("decoder_broke")
        yield seconds, data


def _status(child: subprocess.Popen[bytes]) -> int:
    try:
        return child.wait(PATIENCE)
    except subprocess.TimeoutExpired as exc:
        raise VideoError("decoder_broke") from exc


def _exactly(child: subprocess.Popen[bytes], length: int) -> bytes:
    """That many bytes; fewer at the end, VideoError when nothing comes for long."""
    if child.stdout is None:
        return b""
    pipe, got = child.stdout.fileno(), bytearray()
    while len(got) < length:
        if not select.select([pipe], [], [], PATIENCE)[0]:
            raise VideoError("decoder_broke")
        part = os.read(pipe, min(length - len(got), 1 << 20))
        if not part:
            break
        got += part
    return bytes(got)


def sample(path: str, *, every: float, start: float, most: int) -> int:
    """What the child does; returns its exit status."""
    import cv2

    video = cv2.VideoCapture(path, cv2.CAP_FFMPEG)
    if not video.isOpened():
        return NO_VIDEO
    width, height = cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT
    if video.get(width) * video.get(height) > MAX_PIXELS:
        return TOO_LARGE
    if start:
        video.set(cv2.CAP_PROP_POS_MSEC, 1000 * start)
    given, due, told = 0, start, time.monotonic()
    for seconds in _moments(video):
        if given == most:
            break
        if time.monotonic() - told > ALIVE_EVERY:
            _write(HEADER.pack(ALIVE, 0))
            told = time.monotonic()
        if seconds < due:
            continue
        found, picture = video.retrieve()
        if found:
            quality = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
            _give(seconds, cv2.imencode(".jpg", picture, quality)[1].tobytes())
            given += 1
        due = (seconds // every + 1) * every
    if not given and not start and most:
        return NO_VIDEO
    count, rate = video.get(cv2.CAP_PROP_FRAME_COUNT), video.get(cv2.CAP_PROP_FPS)
    _write(HEADER.pack(max(count / rate, 0.0) if rate else 0.0, 0))
    return 0


def _moments(video: Any) -> Iterator[float]:
    """The time of each picture; by its number where the file has no times."""
    import cv2

    rate = video.get(cv2.CAP_PROP_FPS) or GUESSED_RATE
    last = -1.0
    while video.grab():
        seconds = video.get(cv2.CAP_PROP_POS_MSEC) / 1000
        if seconds <= last:
            seconds = last + 1 / rate
        last = seconds
        # Times are rounded in many containers, and 1.9999 is meant to be 2.
        yield round(seconds, 2)


def _give(seconds: float, data: bytes) -> None:
    _write(HEADER.pack(seconds, len(data)) + data)


def _write(data: bytes) -> None:
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def main(arguments: list[str]) -> int:
    path, every, start, most = arguments
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(BrokenPipeError):  # whoever asked has enough
        return sample(path, every=float(every), start=float(start), most=int(most))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
