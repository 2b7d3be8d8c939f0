"""One picture from the camera of this device."""

from __future__ import annotations

import base64
import http.client
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from monitor.agent.settings import CameraSettings, SettingsProblem

MOST_BYTES = 10 * 1024 * 1024
SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp"})
FILE = "{file}"
# The first pictures of a USB camera are dark: it measures the light with them.
WARM_UP = 8


class CameraProblem(Exception):
    """There is no picture; `state` is one of the states that the server knows."""

    def __init__(self, state: str, message: str) -> None:
        super().__init__(message)
        self.state = state


@dataclass(frozen=True, slots=True)
class Shot:
    """taken_at: by this machine's clock, where the picture is older than the asking."""

    data: bytes = field(repr=False)
    taken_at: float | None = None


class Camera(Protocol):
    def take(self) -> Shot:
        """Raises CameraProblem."""


def camera_for(settings: CameraSettings) -> Camera:
    match settings.kind:
        case "usb":
            return UsbCamera(settings)
        case "http":
            return HttpCamera(settings)
        case "folder":
            return FolderCamera(settings)
        case _:
            return CommandCamera(settings)


class UsbCamera:
    """Through OpenCV; opened for each picture, so that its light is off in between."""

    def __init__(self, settings: CameraSettings) -> None:
        try:
            import cv2
        except ImportError as exc:
            raise SettingsProblem(
                "a USB camera needs OpenCV: install python3-opencv, or use"
                ' kind = "command"'
            ) from exc
        self.cv2 = cv2
        self.device = settings.device

    def take(self) -> Shot:
        camera = self.cv2.VideoCapture(self.device)
        try:
            if not camera.isOpened():
                raise CameraProblem(
                    "unreachable", f"no camera {self.device}; plugged in?"
                )
            for _ in range(WARM_UP):
                read, picture = camera.read()
        finally:
            camera.release()
        if not read:
            raise CameraProblem(
                "not_a_picture", "the camera opens but gives no picture"
            )
        quality = [self.cv2.IMWRITE_JPEG_QUALITY, 95]
        _, encoded = self.cv2.imencode(".jpg", picture, quality)
        return Shot(encoded.tobytes())


class HttpCamera:
    """A picture at an address, with a password where there is one; no redirect."""

    def __init__(self, settings: CameraSettings) -> None:
        self.settings = settings
        self.url = urlsplit(settings.url)
        if self.url.scheme not in {"http", "https"} or not self.url.hostname:
            raise SettingsProblem("camera.url must begin with http:// or https://")
        try:
            self.url.port  # noqa: B018
        except ValueError as exc:
            raise SettingsProblem(f"camera.url: {exc}") from exc

    def take(self) -> Shot:
        try:
            status, data = self._get()
        except TimeoutError as exc:
            raise CameraProblem("slow", "the camera answers too slowly") from exc
        except (OSError, http.client.HTTPException) as exc:
            raise CameraProblem("unreachable", f"no camera there: {exc}") from exc
        if status in {401, 403}:
            raise CameraProblem("wrong_password", "the camera refuses the password")
        if 300 <= status < 400:
            raise CameraProblem("redirected", "the camera points to another address")
        if status != 200:
            raise CameraProblem("not_found", f"the camera answers {status}")
        return Shot(checked(data))

    def _get(self) -> tuple[int, bytes]:
        url = self.url
        kind: type[http.client.HTTPConnection] = http.client.HTTPConnection
        if url.scheme == "https":
            kind = http.client.HTTPSConnection
        connection = kind(url.hostname or "", url.port, timeout=self.settings.seconds)
        headers = {}
        if self.settings.user:
            login = f"{self.settings.user}:{self.settings.password}".encode()
            headers["Authorization"] = f"Basic {base64.b64encode(login).decode()}"
        target = (url.path or "/") + (f"?{url.query}" if url.query else "")
        try:
            connection.request("GET", target, headers=headers)
            answer = connection.getresponse()
            return answer.status, _body(answer, self.settings.seconds)
        finally:
            connection.close()


def _body(answer: http.client.HTTPResponse, seconds: float) -> bytes:
    """At most a byte too many; raises TimeoutError where it does not come to an end.

    The connection's own time-out begins anew with each byte. What is left is counted
    here, for not every Python counts it when it reads part by part.
    """
    over = time.monotonic() + seconds
    limit = MOST_BYTES + 1
    left = limit if answer.length is None else min(limit, answer.length)
    wanted, data = answer.length, bytearray()
    while left and (part := answer.read1(left)):
        data += part
        left -= len(part)
        if time.monotonic() > over:
            raise TimeoutError
    if wanted is not None and len(data) < min(wanted, limit):
        raise http.client.IncompleteRead(bytes(data))
    return bytes(data)


class FolderCamera:
    """The newest file of a folder, once; its time is that of the file."""

    def __init__(self, settings: CameraSettings) -> None:
        self.folder = Path(settings.path)
        self.last = 0.0
        if not self.folder.is_dir():
            raise SettingsProblem(f"camera.path: {self.folder} is no folder")

    def take(self) -> Shot:
        try:
            times = {
                path: path.stat().st_mtime
                for path in self.folder.iterdir()
                if path.suffix.lower() in SUFFIXES
            }
            if not times or max(times.values()) <= self.last:
                raise CameraProblem("empty", f"nothing new in {self.folder}")
            newest = max(times, key=lambda path: times[path])
            data = newest.read_bytes()
        except OSError as exc:
            raise CameraProblem(
                "unreachable", f"{exc.strerror}: {self.folder}"
            ) from exc
        self.last = times[newest]
        return Shot(checked(data), taken_at=self.last)


class CommandCamera:
    """A program that writes a JPEG to its output, or to what replaces {file}."""

    def __init__(self, settings: CameraSettings) -> None:
        self.command = settings.command
        self.seconds = settings.seconds

    def take(self) -> Shot:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "picture.jpg"
            argv = [part.replace(FILE, str(file)) for part in self.command]
            try:
                done = subprocess.run(  # noqa: S603 the command of the settings
                    argv, capture_output=True, timeout=self.seconds, check=False
                )
                data = file.read_bytes() if file.exists() else done.stdout
            except subprocess.TimeoutExpired as exc:
                raise CameraProblem("slow", f"{argv[0]} takes too long") from exc
            except OSError as exc:
                raise CameraProblem("crashed", f"{argv[0]}: {exc.strerror}") from exc
        if done.returncode:
            last = done.stderr.decode(errors="replace").strip()[-200:]
            raise CameraProblem("crashed", f"{argv[0]} ends with an error: {last}")
        return Shot(checked(data))


def checked(data: bytes) -> bytes:
    """Whether it can be a picture at all; the server looks closer."""
    if len(data) > MOST_BYTES:
        raise CameraProblem("too_large", "the picture has more than 10 MB")
    if not data.startswith((b"\xff\xd8\xff", b"\x89PNG", b"RIFF")):
        raise CameraProblem("not_a_picture", "what the camera sends is no picture")
    return data
