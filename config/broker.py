"""The broker of one machine: messages of Celery as files.

kombu's file transport opens a file before it has written it, so that another process
may take it empty and end (celery/kombu#1551). Here files appear whole, and one that
cannot be read, after a power cut for example, is dropped: the sweeper wakes a worker
for whatever it was about.
"""

import logging
from pathlib import Path
from time import monotonic
from typing import Any
from uuid import uuid4

from kombu.transport import filesystem
from kombu.utils.json import dumps

log = logging.getLogger(__name__)


class Channel(filesystem.Channel):
    # The supertypes differ in the name of the message, so no name fits both.
    def _put(self, queue: str, payload: Any, **_: Any) -> None:  # type: ignore[override]
        name = f"{round(monotonic() * 1000)}_{uuid4()}.{queue}.msg"
        writing = self._write(dumps(payload))
        writing.replace(Path(self.data_folder_out) / name)

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        while True:
            try:
                return super()._get(queue)
            except ValueError as exc:
                log.warning("dropped an unreadable message of %s: %s", queue, exc)

    def _queue_bind(
        self, exchange: str, routing_key: str, pattern: str | None, queue: str
    ) -> None:
        file = Path(self.control_folder) / f"{exchange}.exchange"
        if not file.exists():
            writing = self._write("[]")
            try:
                file.hardlink_to(writing)
            except FileExistsError:
                pass  # another process was faster
            finally:
                writing.unlink()
        super()._queue_bind(exchange, routing_key, pattern, queue)

    def _write(self, text: str) -> Path:
        """A file under a name that no reader looks for."""
        path = Path(self.control_folder) / f".writing-{uuid4()}"
        path.write_text(text, encoding="utf-8")
        return path


class Transport(filesystem.Transport):
    Channel = Channel
