"""Settings refuse to start half-configured; nothing has a usable default key."""

from __future__ import annotations

from pathlib import Path

from tests.ops.processes import clean_environment, python

LOAD = "from config import settings as s; "
KEYS = {"SECRET_KEY": "s" * 50, "IMAGE_KEYS": "k"}


def load(state: Path, code: str = "", **more: str) -> tuple[int, str]:
    done = python(LOAD + code, clean_environment(state, **more))
    return done.returncode, done.stdout + done.stderr


def test_no_key_no_start(tmp_path: Path) -> None:
    code, said = load(tmp_path)
    assert code == 2
    assert "SECRET_KEY is not set" in said
    assert "Run bin/setup" in said


def test_the_key_for_pictures_is_needed_too(tmp_path: Path) -> None:
    code, said = load(tmp_path, SECRET_KEY="s" * 50)
    assert code == 2
    assert "IMAGE_KEYS is not set" in said


def test_a_wrong_image_key_is_a_failed_check(tmp_path: Path) -> None:
    code, said = load(
        tmp_path,
        "import django; from django.core.management import call_command;"
        "from config.env import select_settings; select_settings(); django.setup();"
        "call_command('check')",
        **KEYS,
    )
    assert code == 1
    assert "monitor.E001" in said


def test_debug_is_off_and_cookies_are_not_secure_on_plain_http(tmp_path: Path) -> None:
    show = "print(s.DEBUG, s.SESSION_COOKIE_SECURE, s.SECURE_HSTS_SECONDS)"
    assert load(tmp_path, show, **KEYS) == (0, "False False 0\n")


def test_https_turns_secure_cookies_on_and_other_hosts_away(tmp_path: Path) -> None:
    show = "print(s.DEBUG, s.SESSION_COOKIE_SECURE, s.ALLOWED_HOSTS)"
    code, said = load(tmp_path, show, SITE_URL="https://stress.example.org", **KEYS)
    assert (code, said) == (0, "False True ['stress.example.org']\n")


def test_one_machine_needs_no_server(tmp_path: Path) -> None:
    show = "print(s.DATABASES['default']['ENGINE'], s.CELERY_BROKER_URL)"
    assert load(tmp_path, show, **KEYS) == (
        0,
        "django.db.backends.sqlite3 filesystem://\n",
    )


def test_two_variables_lead_to_servers(tmp_path: Path) -> None:
    code, said = load(
        tmp_path,
        "print(s.DATABASES['default']['HOST'], s.CELERY_BROKER_URL)",
        DATABASE_URL="postgres://me@db.example/stress",
        REDIS_URL="redis://cache.example/0",
        **KEYS,
    )
    assert (code, said) == (0, "db.example redis://cache.example/0\n")
