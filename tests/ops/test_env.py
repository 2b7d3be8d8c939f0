from __future__ import annotations

from pathlib import Path

import pytest

from config import env


def said(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().err


def test_a_variable_may_come_from_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "url").write_text("redis://there/0\n")
    monkeypatch.setenv("REDIS_URL", "redis://here/0")
    monkeypatch.setenv("REDIS_URL_FILE", str(tmp_path / "url"))
    assert env.text("REDIS_URL") == "redis://there/0"


def test_a_file_that_cannot_be_read_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SECRET_KEY_FILE", "/nowhere/secret_key")
    with pytest.raises(SystemExit):
        env.text("SECRET_KEY")
    assert "SECRET_KEY_FILE" in (message := said(capsys))
    assert "/nowhere/secret_key" in message


def test_an_unknown_variable_is_a_programming_error() -> None:
    with pytest.raises(KeyError, match="SECERT_KEY"):
        env.text("SECERT_KEY")


def test_an_empty_variable_counts_as_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "")
    assert env.text("REDIS_URL", "none") == "none"
    assert not env.is_set("REDIS_URL")


@pytest.mark.parametrize("value", ["maybe", "2", "on"])
def test_a_flag_is_yes_or_no(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], value: str
) -> None:
    monkeypatch.setenv("DEBUG", value)
    with pytest.raises(SystemExit):
        env.flag("DEBUG")
    assert f"DEBUG is {value!r}; use 1 or 0" in said(capsys)


def test_a_choice_that_does_not_exist_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FLAG_KINDS", "rise, fall")
    with pytest.raises(SystemExit):
        env.choices("FLAG_KINDS", ("rise", "level"), "rise")
    assert "FLAG_KINDS has fall; use rise, level" in said(capsys)


@pytest.mark.parametrize("value", ["many", "0", "257"])
def test_a_number_lies_between_its_bounds(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], value: str
) -> None:
    monkeypatch.setenv("BATCH_SIZE", value)
    with pytest.raises(SystemExit):
        env.integer("BATCH_SIZE", 32, low=1, high=256)
    assert "BATCH_SIZE" in (message := said(capsys))
    assert "1" in message
    assert "256" in message


@pytest.mark.parametrize(
    "url", ["nonsense", "mongo://here/db", "://", "postgres://a:s3cret/x@host/name"]
)
def test_a_database_url_of_no_use_is_refused_without_showing_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], url: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    with pytest.raises(SystemExit):
        env.database("sqlite:///unused")
    assert "DATABASE_URL" in (message := said(capsys))
    assert "postgres://" in message
    assert "s3cret" not in message


def test_a_mail_server_is_read_from_its_url(monkeypatch: pytest.MonkeyPatch) -> None:
    assert env.mail() == {}
    monkeypatch.setenv("EMAIL_URL", "smtp+tls://me:s3%2Fcret@mail.example.org:587")
    monkeypatch.setenv("EMAIL_FROM", "stress@example.org")
    mail = env.mail()
    assert (mail["EMAIL_HOST"], mail["EMAIL_PORT"]) == ("mail.example.org", 587)
    assert (mail["EMAIL_HOST_PASSWORD"], mail["EMAIL_USE_TLS"]) == ("s3/cret", True)


@pytest.mark.parametrize(
    ("url", "sender"),
    [
        ("mail.example.org", "a@example.org"),
        ("consolemail://", "a@example.org"),
        ("smtp://me:s3cret@mail.example.org", "a@example.org"),
        ("smtp://me:s3cret@mail.example.org:port", "a@example.org"),
        ("smtp://me:s3cret@mail.example.org:25", ""),
    ],
)
def test_a_mail_server_of_no_use_is_refused_without_showing_it(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    url: str,
    sender: str,
) -> None:
    monkeypatch.setenv("EMAIL_URL", url)
    monkeypatch.setenv("EMAIL_FROM", sender)
    with pytest.raises(SystemExit):
        env.mail()
    assert "EMAIL_URL" in (message := said(capsys))
    assert "s3cret" not in message


def test_words_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLOWED_HOSTS", "one.example, two.example ,")
    assert env.words("ALLOWED_HOSTS") == ["one.example", "two.example"]


def test_a_relative_folder_lies_in_the_checkout(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("STATE_DIR", "elsewhere")
    assert env.folder("STATE_DIR", Path("unused")) == env.ROOT / "elsewhere"


def test_what_is_set_wins_over_what_a_child_gets(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SITE_URL", "https://stress.example.org")
    child = env.for_child(SITE_URL="http://localhost:1", TIME_ZONE="Europe/Berlin")
    assert child["SITE_URL"] == "https://stress.example.org"
    assert child["TIME_ZONE"] == "Europe/Berlin"


def test_a_network_that_is_none_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CAMERA_NETWORKS", "192.168.7.0/24, 10.0.0.1/8")
    with pytest.raises(SystemExit):
        env.networks("CAMERA_NETWORKS")
    assert "CAMERA_NETWORKS: 10.0.0.1/8 has host bits set" in said(capsys)
