"""The way between an agent and the real server, which tests cut and make lossy."""

from __future__ import annotations

import http.client
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from tests.ops.servers import free_port


@dataclass(frozen=True)
class Passed:
    """One message that reached the server."""

    at: float
    path: str
    status: int
    headers: dict[str, str]


@dataclass
class Wire:
    """lose: which answers, counted from 1, do not come back; the server has acted."""

    target: str
    lose: Any = staticmethod(lambda n: False)
    delay: float = 0
    passed: list[Passed] = field(default_factory=list)
    port: int = field(default_factory=free_port)
    server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def up(self) -> None:
        wire = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                wire.pass_on(self)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.02,)).start()

    def down(self) -> None:
        """From now on connections are refused."""
        if self.server:
            self.server.shutdown()
            self.server.server_close()
        self.server = None

    def pass_on(self, request: BaseHTTPRequestHandler) -> None:
        threading.Event().wait(self.delay)
        body = request.rfile.read(int(request.headers["Content-Length"]))
        address = urlsplit(self.target)
        server = http.client.HTTPConnection(address.hostname or "", address.port)
        server.request("POST", request.path, body, dict(request.headers))
        answer = server.getresponse()
        data = answer.read()
        server.close()
        headers = dict(answer.getheaders())
        self.passed.append(Passed(time.time(), request.path, answer.status, headers))
        if self.lose(len(self.passed)):
            return  # the connection ends without an answer
        request.send_response_only(answer.status)
        for name, value in headers.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(data)

    def pictures(self) -> list[Passed]:
        return [row for row in self.passed if "/snapshots/" in row.path]
