"""Runs the two servers in one background thread, and stops them without leaving anything behind."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import threading
from typing import TYPE_CHECKING, cast

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from lockstick.errors import LockstickError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.types import ASGIApp

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
    # With the protocol named, asyncio switches Nagle's algorithm off; without, each answer on a kept-alive
    # connection waits 40 ms for the peer's delayed acknowledgement.
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if os.name == "posix":
        # A stopped cloud may start again on its port at once. Elsewhere the option would share a port in use.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
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
        self._loop = asyncio.new_event_loop()
        self._leaving = asyncio.Event()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="rehearsal-cloud", daemon=True)

    def start(self) -> None:
        """Start serving; returns when requests are taken.

        Raises:
            LockstickError: If the servers do not come up.
        """
        self._thread.start()
        if not self._ready.wait(_PATIENCE):
            raise LockstickError("The rehearsal cloud did not start.")

    def stop(self) -> None:
        """Cut every connection, stop serving, and wait until all is closed. May be called twice."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._leaving.set)
            self._thread.join(_PATIENCE)
        elif not self._loop.is_closed():
            self._loop.close()
        for sock in self._sockets:
            sock.close()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        serving = [
            asyncio.ensure_future(server.serve(sockets=[sock]))
            for server, sock in zip(self._servers, self._sockets, strict=True)
        ]
        # The server library has a flag for "started", and nothing that could be waited for.
        while not all(server.started for server in self._servers):  # noqa: ASYNC110
            await asyncio.sleep(0.002)
        self._ready.set()
        await self._leaving.wait()
        for server in self._servers:
            server.should_exit = True
            for connection in list(server.server_state.connections):
                cast("_Protocol", connection).transport.abort()
        await asyncio.gather(*serving)
