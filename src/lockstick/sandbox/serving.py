"""Runs the two servers in one background thread, and stops them without leaving anything behind."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections.abc import Sequence
from typing import cast

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from lockstick.errors import LockstickError, UsageError

__all__ = ["Servers", "listen"]

_BACKLOG = 256
_WRITE_BUFFER = 4 << 20
_PATIENCE = 30


def listen(port: int) -> socket.socket:
    """Open a listening socket on loopback.

    Args:
        port: The port; 0 for any free one.

    Returns:
        The socket, bound.

    Raises:
        UsageError: If the port cannot be had.
    """
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.bind(("127.0.0.1", port))
    except OSError as error:
        sock.close()
        raise UsageError(
            f"Port {port} on 127.0.0.1 cannot be used.",
            why=str(error),
            remedy="Stop the program that uses it, choose another port, or 0 for any free one.",
        ) from error
    return sock


class _Protocol(H11Protocol):
    """Hands the application its transport, so that a fault can close a connection without an answer."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        # A piece of a package should fit, or each piece waits for the loop to come round.
        transport.set_write_buffer_limits(high=_WRITE_BUFFER)
        self.app_state = {**self.app_state, "transport": transport}


class Servers:
    """Applications, each on a socket of its own, served by one daemon thread.

    Args:
        apps: The applications with their bound sockets; the sockets are closed by :meth:`stop`.
    """

    def __init__(self, apps: Sequence[tuple[ASGIApp, socket.socket]]) -> None:
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        self._sockets = [sock for _, sock in apps]
        self._servers = [
            uvicorn.Server(
                uvicorn.Config(
                    app,
                    http=_Protocol,
                    ws="none",
                    lifespan="off",
                    loop="asyncio",
                    log_config=None,
                    log_level="critical",
                    access_log=False,
                    backlog=_BACKLOG,
                    server_header=False,
                    proxy_headers=False,
                )
            )
            for app, _ in apps
        ]
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="rehearsal-cloud", daemon=True)

    def start(self) -> None:
        """Start serving; returns when requests are taken.

        Raises:
            LockstickError: If the servers do not come up.
        """
        self._thread.start()
        self._ready.wait(_PATIENCE)
        if not self._thread.is_alive():
            raise LockstickError("The rehearsal cloud did not start.")

    def stop(self) -> None:
        """Cut every connection, stop serving, and wait until all is closed."""
        for server in self._servers:
            server.should_exit = True
        self._thread.join(_PATIENCE)
        for sock in self._sockets:
            sock.close()

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        serving = [
            asyncio.ensure_future(server.serve(sockets=[sock]))
            for server, sock in zip(self._servers, self._sockets, strict=True)
        ]
        while not all(server.started for server in self._servers):
            await asyncio.sleep(0.005)
        self._ready.set()
        while not self._servers[0].should_exit:
            await asyncio.sleep(0.05)
        for server in self._servers:
            for connection in list(server.server_state.connections):
                cast("_Protocol", connection).transport.abort()
        await asyncio.gather(*serving)
