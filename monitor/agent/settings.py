"""The one file of settings, and the secret beside it."""

from __future__ import annotations

import re
import stat
import tomllib
from dataclasses import dataclass, field
from datetime import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

KINDS = ("usb", "http", "folder", "command")
SECRET = re.compile(r"\A[0-9a-f]{64}\Z")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class SettingsProblem(Exception):
    """The settings cannot be used as they are; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Hours:
    """Local hours of some weekdays, Monday 0, within which pictures may be taken."""

    days: frozenset[int]
    begins: time
    ends: time


@dataclass(frozen=True, slots=True)
class CameraSettings:
    kind: str
    device: int = 0
    url: str = ""
    user: str = ""
    password: str = field(default="", repr=False)
    path: str = ""
    command: tuple[str, ...] = ()
    seconds: float = 20


@dataclass(frozen=True, slots=True)
class Limits:
    """Of what is kept on disk; what is beyond them is dropped, the oldest first."""

    pictures: int = 2000
    megabytes: float = 500
    days: float = 7


@dataclass(frozen=True, slots=True)
class Settings:
    """every_minutes, hours: this device's own limits to what the server says."""

    server: str
    key: str
    secret: str = field(repr=False)
    spool: Path
    camera: CameraSettings
    camera_id: int | None = None
    ca_file: str | None = None
    every_minutes: float | None = None
    hours: tuple[Hours, ...] = ()
    limits: Limits = Limits()


def load(path: Path) -> Settings:
    try:
        table = tomllib.loads(path.read_text())
    except OSError as exc:
        raise SettingsProblem(f"{path}: {exc.strerror}") from exc
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise SettingsProblem(f"{path} is no TOML: {exc}") from exc
    try:
        return _settings(table, path.parent)
    except KeyError as exc:
        raise SettingsProblem(f"{path}: {exc.args[0]} is missing") from exc
    except (TypeError, ValueError) as exc:
        raise SettingsProblem(f"{path}: {exc}") from exc


def _settings(table: dict[str, Any], folder: Path) -> Settings:
    schedule = table.pop("schedule", {})
    camera = table.pop("camera")
    limits = table.pop("limits", {})
    server = str(table.pop("server")).rstrip("/")
    address = urlsplit(server)
    if address.scheme not in {"http", "https"} or not address.hostname:
        raise ValueError("server must begin with http:// or https://")
    address.port  # noqa: B018 raises ValueError for one that is no number
    settings = Settings(
        server=server,
        key=str(table.pop("key")),
        secret=read_secret(folder / table.pop("secret_file")),
        spool=folder / table.pop("spool"),
        camera=_camera(camera, folder),
        camera_id=table.pop("camera_id", None),
        ca_file=_beside(folder, table.pop("ca_file", None)),
        every_minutes=schedule.pop("every_minutes", None),
        hours=tuple(_hours(row) for row in schedule.pop("hours", [])),
        limits=Limits(**limits),
    )
    if unknown := [*table, *schedule]:
        raise ValueError(f"there is no setting {unknown[0]}")
    return settings


def _camera(table: dict[str, Any], folder: Path) -> CameraSettings:
    if table["kind"] not in KINDS:
        raise ValueError(f"camera.kind must be one of {', '.join(KINDS)}")
    if name := table.pop("password_file", None):
        table["password"] = read_private(folder / name)
    table["path"] = _beside(folder, table.get("path")) or ""
    if table["kind"] == "command" and not isinstance(table["command"], list):
        raise ValueError(
            'camera.command is a list, such as ["rpicam-still", "-o", "-"]'
        )
    return CameraSettings(**table | {"command": tuple(table.get("command", ()))})


def _beside(folder: Path, name: str | None) -> str | None:
    """Relative to the file of settings, as every path in it."""
    return str(folder / name) if name else None


def _hours(row: dict[str, Any]) -> Hours:
    days = frozenset(DAYS.index(str(name).lower()[:3]) for name in row["days"])
    begins, ends = (time.fromisoformat(row[name]) for name in ("begins", "ends"))
    return Hours(days, begins, ends)


def read_secret(path: Path) -> str:
    secret = read_private(path)
    if not SECRET.match(secret):
        raise SettingsProblem(f"{path} must hold the 64 digits that the server showed")
    return secret


def read_private(path: Path) -> str:
    """A file that nobody else on this machine may read."""
    try:
        mode = path.stat().st_mode
        text = path.read_text().strip()
    except OSError as exc:
        raise SettingsProblem(f"{path}: {exc.strerror}") from exc
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise SettingsProblem(
            f"others may read {path}; run: chmod 600 {path}, and make a new secret if"
            " others have accounts here"
        )
    return text
