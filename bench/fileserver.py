"""A plain file server that can give each connection only so many bytes a second.

For the rows with a metered line, as common servers meter each answer instead of each connection: whoever asks for
many ranges would get a fresh allowance with each. And for all rows where nginx is missing.

Usage: fileserver.py FOLDER [BYTES_A_SECOND]; prints its port, and serves on loopback until it is ended.
"""

from __future__ import annotations

import http.server
import os
import re
import sys
import time
from http import HTTPStatus
from pathlib import Path
from typing import Any, cast

_RANGE = re.compile(r"bytes=([0-9]+)-([0-9]*)")
_PIECE = 1 << 16
_UNMETERED_PIECE = 1 << 21
_CREDIT = 0.1
"""Seconds: how far a connection may make up for what it could not send in time, because the machine was busy."""


class Meter:
    """What one connection may send, and when."""

    def __init__(self, rate: int) -> None:
        self.piece = _PIECE if rate else _UNMETERED_PIECE
        self._rate = rate
        self._due = 0.0

    def wait_for(self, count: int) -> None:
        """Wait until so many bytes more may go out."""
        if not self._rate:
            return
        now = time.monotonic()
        self._due = max(self._due, now - _CREDIT) + count / self._rate
        if self._due > now:
            time.sleep(self._due - now)


class Server(http.server.ThreadingHTTPServer):
    """One thread for each connection."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, folder: Path, rate: int) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.folder = folder
        self.rate = rate

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as in the base class
        """Say nothing when somebody hangs up."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class Handler(http.server.BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def setup(self) -> None:
        """Start the connection's meter."""
        super().setup()
        self._server = cast("Server", self.server)
        self._meter = Meter(self._server.rate)

    def do_GET(self) -> None:
        """Answer with the file, or the range of it that was asked for."""
        name = self.path.removeprefix("/")
        try:
            file = (self._server.folder / name).open("rb") if "/" not in name else None
        except OSError:
            file = None
        if file is None:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        with file:
            about = os.fstat(file.fileno())
            tag = f'"{about.st_mtime_ns:x}-{about.st_size:x}"'
            start, end = 0, about.st_size
            asked = _RANGE.fullmatch(self.headers.get("Range", ""))
            if asked and self.headers.get("If-Range", tag) == tag and int(asked[1]) < end:
                start, end = int(asked[1]), min(end, int(asked[2] or end) + 1)
                self.send_response(HTTPStatus.PARTIAL_CONTENT)
                self.send_header("Content-Range", f"bytes {start}-{end - 1}/{about.st_size}")
            else:
                self.send_response(HTTPStatus.OK)
            self.send_header("Content-Length", str(end - start))
            self.send_header("Accept-Ranges", "bytes")
            self.send_header("ETag", tag)
            self.end_headers()
            self.wfile.flush()
            self._send(file.fileno(), start, end)

    def _send(self, file: int, start: int, end: int) -> None:
        while start < end:
            count = min(self._meter.piece, end - start)
            self._meter.wait_for(count)
            while count:
                sent = os.sendfile(self.connection.fileno(), file, start, count)
                start, count = start + sent, count - sent

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


def main(folder: str, rate: str = "0") -> None:
    """Serve until ended."""
    with Server(Path(folder), int(rate)) as server:
        print(server.server_port, flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
