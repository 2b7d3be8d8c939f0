"""The file broker under two processes' hands, played by two channels."""

from __future__ import annotations

from pathlib import Path
from queue import Empty

import pytest
from django.conf import settings
from kombu import Connection

from config.broker import Channel, Transport
from config.celery import app


@pytest.fixture
def channel(tmp_path: Path) -> Channel:
    for name in ("messages", "control"):
        (tmp_path / name).mkdir()
    options = {
        "data_folder_in": str(tmp_path / "messages"),
        "data_folder_out": str(tmp_path / "messages"),
        "control_folder": str(tmp_path / "control"),
    }
    connection = Connection(
        "filesystem://", transport=Transport, transport_options=options
    )
    channel = connection.default_channel
    assert isinstance(channel, Channel)
    return channel


def test_a_message_arrives_once(channel: Channel) -> None:
    channel._put("celery", {"id": 7})
    assert channel._get("celery") == {"id": 7}
    with pytest.raises(Empty):
        channel._get("celery")


def test_a_message_that_is_being_written_is_not_taken(
    channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    rename = Path.replace

    def look_then_rename(path: Path, target: Path) -> Path:
        seen.append(channel._size("celery"))
        return rename(path, target)

    monkeypatch.setattr(Path, "replace", look_then_rename)
    channel._put("celery", {"id": 7})
    assert seen == [0]
    assert channel._size("celery") == 1


def test_an_empty_message_is_dropped_and_the_next_one_read(
    channel: Channel, tmp_path: Path
) -> None:
    (tmp_path / "messages" / "0_empty.celery.msg").touch()
    channel._put("celery", {"id": 7})
    assert channel._get("celery") == {"id": 7}


def test_a_new_exchange_knows_its_queues(channel: Channel, tmp_path: Path) -> None:
    for queue in ("one", "two"):
        channel._queue_bind("pidbox", "", "", queue)
    assert {row.queue for row in channel.get_table("pidbox")} == {"one", "two"}
    assert [path.name for path in (tmp_path / "control").iterdir()] == [
        "pidbox.exchange"
    ]


@pytest.mark.skipif(bool(settings.REDIS_URL), reason="Redis carries the messages")
def test_celery_uses_this_transport() -> None:
    with app.connection_for_write() as connection:
        assert isinstance(connection.transport, Transport)
