"""The environment, read here and nowhere else.

Every variable is named in `VARIABLES` with what it means; asking for one that is not
there is a programming error. Any variable may instead be given as `NAME_FILE`, the path
of a file that holds the value (Docker and systemd secrets).
"""

import os
import sys
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any, NoReturn

import environ

ROOT = Path(__file__).resolve().parent.parent

VARIABLES = {
    "SECRET_KEY": "signs sessions and tokens; bin/setup makes one in STATE_DIR",
    "IMAGE_KEYS": "comma-separated keys for stored pictures, newest first",
    "STATE_DIR": "folder for the database, broker files and keys of one machine",
    "SITE_URL": "address of the site; https:// turns secure cookies and HSTS on",
    "ALLOWED_HOSTS": "further host names, comma-separated",
    "TRUST_PROXY": "1 when a proxy in front sets X-Forwarded-Proto and -For",
    "DEBUG": "1 for development only",
    "DATABASE_URL": "postgres://user:password@host/name; SQLite in STATE_DIR without",
    "REDIS_URL": "redis://host:6379/0; a broker of files in STATE_DIR without",
    "TIME_ZONE": "time zone of a new organisation and of the logs",
    "LOG_LEVEL": "DEBUG, INFO, WARNING or ERROR",
    "MODEL": "name of a folder in inference/models, or a path",
    "LEASE_SECONDS": "after this long a claimed picture may be claimed again",
    "BATCH_SIZE": "most pictures that a worker analyses at once",
    "QUEUE_LIMIT": "most waiting pictures before intake answers 503",
    "UPLOAD_RATE": "pictures one user may send to one web process, such as 600/min",
    "VIDEO_MEGABYTES": "largest video that is taken in",
    "CAPTURE_AT_ONCE": "most cameras that one capture process asks at the same time",
    "CAMERA_NETWORKS": "networks that cameras may be in, comma-separated",
    "CAMERA_NETWORKS_REFUSED": "networks of servers, which no camera may be in",
    "CAMERA_LOOPBACK": "1 allows cameras on the very machine, for tests",
    "DEVICE_RATE": "messages one device may send to one web process, such as 60/min",
    "TEAM_SIZE": "fewest people with data for whom a team figure is shown",
    "STRESS_LEVEL": "level that the verdict compares the stress ratio with",
    "FLAGS_NEED_VALIDATION": "1 raises no flag where self-reports do not agree",
    "FLAG_KINDS": "which flags are raised: rise, level, drop; comma-separated",
    "EMAIL_URL": "smtp+tls://user:password@host:587; no e-mail is sent without",
    "EMAIL_FROM": "sender of e-mails",
    "NOTIFY_PRIVATE_ADDRESSES": "1 lets webhooks go to hosts of the own network",
}


class EnvironmentProblem(SystemExit):
    """The environment cannot be used as it is; the message says what to do."""


def fail(message: str) -> NoReturn:
    print(f"Configuration error: {message}", file=sys.stderr)
    raise EnvironmentProblem(2)


def _raw(name: str) -> str | None:
    if name not in VARIABLES:
        raise KeyError(f"{name} is not in config.env.VARIABLES")
    if path := os.environ.get(f"{name}_FILE"):
        try:
            return Path(path).read_text().strip()
        except OSError as exc:
            fail(f"{name}_FILE: {exc.strerror}: {path}")
    return os.environ.get(name) or None


def text(name: str, default: str = "") -> str:
    return _raw(name) or default


def words(name: str) -> list[str]:
    return [word.strip() for word in text(name).split(",") if word.strip()]


def choices(name: str, allowed: tuple[str, ...], default: str) -> frozenset[str]:
    chosen = frozenset(words(name) or [default])
    if unknown := chosen - set(allowed):
        fail(f"{name} has {', '.join(sorted(unknown))}; use {', '.join(allowed)}")
    return chosen


def flag(name: str) -> bool:
    value = text(name, "0").lower()
    if value not in {"0", "1", "true", "false", "yes", "no"}:
        fail(f"{name} is {value!r}; use 1 or 0")
    return value in {"1", "true", "yes"}


def number(name: str, default: float, *, low: float, high: float) -> float:
    value = text(name, str(default))
    try:
        result = float(value)
    except ValueError:
        fail(f"{name} is {value!r}; a number from {low:g} to {high:g} is needed")
    if not low <= result <= high:
        fail(f"{name} is {value}; it must lie between {low:g} and {high:g}")
    return result


def integer(name: str, default: int, *, low: int, high: int) -> int:
    return int(number(name, default, low=low, high=high))


def folder(name: str, default: Path) -> Path:
    path = Path(text(name, str(default)))
    return path if path.is_absolute() else ROOT / path


def networks(name: str) -> tuple[IPv4Network | IPv6Network, ...]:
    try:
        return tuple(ip_network(word) for word in words(name))
    except ValueError as exc:
        fail(f"{name}: {exc}; write networks such as 192.168.7.0/24")


def secret(name: str, *, state: Path, file: str) -> str:
    """The variable, or the file that bin/setup made; there is no default."""
    if value := _raw(name):
        return value
    path = state / file
    if not path.exists():
        fail(f"{name} is not set and {path} does not exist. Run bin/setup, or set it.")
    return path.read_text().strip()


def database(default: str) -> dict[str, object]:
    """The messages leave the value out: it may hold a password."""
    url = text("DATABASE_URL", default)
    if url.partition("://")[0] not in {"postgres", "postgresql", "sqlite"}:
        fail("DATABASE_URL must begin with postgres:// or sqlite:///")
    try:
        config: dict[str, object] = environ.Env.db_url_config(url)
    except (ValueError, environ.ImproperlyConfigured):
        fail(
            "DATABASE_URL cannot be read; try postgres://user:password@host/name, "
            "with characters such as / @ : # in the password percent-encoded"
        )
    return config


def mail() -> dict[str, Any]:
    """Django's settings of the mail server; the messages leave the password out."""
    url = text("EMAIL_URL")
    if not url:
        return {}
    if url.partition("://")[0] not in {"smtp", "smtp+tls", "smtp+ssl"}:
        fail("EMAIL_URL must begin with smtp://, smtp+tls:// or smtp+ssl://")
    if not is_set("EMAIL_FROM"):
        fail("EMAIL_URL is set but EMAIL_FROM, the sender of e-mails, is not")
    try:
        config: dict[str, Any] = environ.Env.email_url_config(url)
    except ValueError:
        config = {}
    if not config.get("EMAIL_HOST") or not config["EMAIL_PORT"]:
        fail("EMAIL_URL cannot be read; try smtp+tls://user:password@host:587")
    return config


def select_settings() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


def is_set(name: str) -> bool:
    return _raw(name) is not None


def for_child(**defaults: str) -> dict[str, str]:
    """The environment of a process that we start; what is set already wins."""
    return defaults | dict(os.environ)
