"""Stands between a client and the rehearsal cloud and writes down what goes by: the requests, byte for byte."""

from __future__ import annotations

import http.client
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Mapping

_KEPT = ("content-type", "content-length", "transfer-encoding", "expect")


@dataclass(frozen=True)
class Request:
    """One request as it came.

    Attributes:
        line: Method and target, percent-encoded as it came.
        headers: Those that say what the body is, and ``accept`` and ``authorization``.
        body: The body.
    """

    line: str
    headers: Mapping[str, str]
    body: bytes


class Wire:
    """A server that hands every request on to another one. Use as a context.

    Args:
        target: Where to, as ``http://127.0.0.1:80``.

    Attributes:
        url: Its own address.
        requests: What went by, since the last :meth:`take`.
    """

    def __init__(self, target: str) -> None:
        requests: list[Request] = []
        place = target.removeprefix("http://")

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            timeout = 10

            def _pass_on(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                headers = {name.lower(): value for name, value in self.headers.items()}
                requests.append(Request(f"{self.command} {self.path}", headers, body))
                onward = http.client.HTTPConnection(place, timeout=10)
                kept = {n: v for n, v in headers.items() if n in (*_KEPT, "authorization", "accept")}
                onward.request(self.command, self.path, body or None, kept)
                answer = onward.getresponse()
                content = answer.read()
                self.send_response_only(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)
                onward.close()

            do_GET = do_POST = do_PATCH = do_DELETE = _pass_on  # noqa: N815 - the library's names

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
                pass

        self.requests = requests
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def take(self) -> list[Request]:
        """Give what went by and forget it."""
        taken = list(self.requests)
        self.requests.clear()
        return taken
