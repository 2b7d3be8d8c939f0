"""RTSP streams and USB cameras, decoded by OpenCV and its FFmpeg.

FFmpeg gets bytes and no address: a file in memory, one demuxer, the protocol `file`.
Only a process that fetches loads this module.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2

from capture import rtsp
from capture.addresses import usb_index
from capture.frozen import fingerprint
from capture.pictures import no_picture, verify_size
from capture.types import CaptureError, Code, Kind, Limits, Shot, Source

QUALITY = 95
# USB cameras set their exposure while these go by.
SKIPPED_FRAMES = 5
DEVICES = Path("/dev")
OPTIONS = "OPENCV_FFMPEG_CAPTURE_OPTIONS"


def fetch(source: Source, limits: Limits) -> Shot:
    """One picture of a video stream or a USB camera; raises CaptureError."""
    began = time.monotonic()
    if source.kind == Kind.USB:
        frame = _usb(usb_index(source.address), limits, began + limits.seconds)
    else:
        clip = rtsp.fetch(source, limits, began + limits.seconds)
        frame = decode(clip, limits)
    taken_at = datetime.now(UTC)
    data = encode(frame, limits)
    milliseconds = round((time.monotonic() - began) * 1000)
    return Shot(data, taken_at, milliseconds, fingerprint(data))


def decode(clip: rtsp.Clip, limits: Limits) -> Any:
    """The pixels of a coded picture; raises where they are too many or none."""
    os.putenv(OPTIONS, f"input_format;{clip.demuxer}|protocol_whitelist;file")
    with _file(clip.data) as path:
        # One thread: of many, each would hold the picture.
        options = [cv2.CAP_PROP_N_THREADS, 1]
        with closing(_Video(cv2.VideoCapture(path, cv2.CAP_FFMPEG, options))) as video:
            if not video.opened:
                raise no_picture()
            return video.frame(limits)


def encode(frame: Any, limits: Limits) -> bytes:
    done, data = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    if not done:
        raise no_picture()
    if data.size > limits.bytes:
        raise CaptureError(Code.TOO_LARGE, "the picture has too many bytes")
    return bytes(data)


class _Video:
    def __init__(self, capture: Any) -> None:
        self._capture = capture

    @property
    def opened(self) -> bool:
        return bool(self._capture.isOpened())

    def frame(self, limits: Limits) -> Any:
        sides = cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT
        width, height = (int(self._capture.get(side)) for side in sides)
        verify_size(width, height, limits)
        done, frame = self._capture.read()
        if not done:
            raise no_picture()
        verify_size(frame.shape[1], frame.shape[0], limits)
        return frame

    def close(self) -> None:
        self._capture.release()


def _usb_check(index: int) -> None:
    """Say what OpenCV does not: whether it is there, and whether we may open it."""
    device = DEVICES / f"video{index}"
    if not sys.platform.startswith("linux"):
        return
    if not device.exists():
        text = "the server has no USB camera with this number"
        raise CaptureError(Code.UNREACHABLE, text)
    if not os.access(device, os.R_OK | os.W_OK):
        text = "the service may not open this camera; add its user to the group video"
        raise CaptureError(Code.UNREACHABLE, text)


def _usb(index: int, limits: Limits, until: float) -> Any:
    _usb_check(index)
    options = [cv2.CAP_PROP_READ_TIMEOUT_MSEC, int(limits.read_seconds * 1000)]
    with closing(_Video(cv2.VideoCapture(index, cv2.CAP_ANY, options))) as video:
        if not video.opened:
            text = "no USB camera with this number answers"
            raise CaptureError(Code.UNREACHABLE, text)
        for _ in range(SKIPPED_FRAMES):
            video.frame(limits)
            if time.monotonic() > until:
                raise CaptureError(Code.SLOW, "the camera takes too long to answer")
        return video.frame(limits)


@contextmanager
def _file(data: bytes) -> Iterator[str]:
    """A path to the bytes; in memory where the system can, so that no disk has them."""
    if hasattr(os, "memfd_create"):
        with open(os.memfd_create("picture"), "wb") as file:  # noqa: PTH123
            file.write(data)
            file.flush()
            yield f"/proc/self/fd/{file.fileno()}"
    else:
        with tempfile.NamedTemporaryFile() as file:
            file.write(data)
            file.flush()
            yield file.name
