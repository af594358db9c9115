"""Runs the two servers in one background thread, and stops them without leaving anything behind."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING
from weakref import WeakSet

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from lockstick.errors import LockstickError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.types import ASGIApp

__all__ = ["Servers", "listen"]

_BACKLOG = 256
_WRITE_BUFFER = 4 << 20
_TURNS = 20
_PAUSE = 0.01


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
        self.app_state["transports"].add(transport)
        self.app_state = {**self.app_state, "transport": transport}


class Servers:
    """Applications, each on a socket of its own, served by one daemon thread.

    The server library's protocol is put on the sockets directly. Its own ``Server`` polls ten times a second
    for the wish to stop and then sleeps, which a test suite with a cloud per test would wait for each time.

    Args:
        apps: The applications with their bound sockets; the sockets are closed by :meth:`stop`.
    """

    def __init__(self, apps: Sequence[tuple[ASGIApp, socket.socket]]) -> None:
        self._apps = apps
        self._state = ServerState()
        self._transports: WeakSet[asyncio.Transport] = WeakSet()
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
        self._ready.wait()
        if not self._thread.is_alive():
            raise LockstickError("The rehearsal cloud did not start.")

    def stop(self) -> None:
        """Cut every connection, stop serving, and wait until all is closed. May be called twice."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._leaving.set)
            self._thread.join()
        elif not self._loop.is_closed():
            self._loop.close()
        for _, sock in self._apps:
            sock.close()

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
                runner.run(self._serve())
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        servers: list[asyncio.Server] = []
        try:
            for app, sock in self._apps:
                make = partial(
                    _Protocol, config=_config(app), server_state=self._state, app_state={"transports": self._transports}
                )
                servers.append(await self._loop.create_server(make, sock=sock, backlog=_BACKLOG))
            self._ready.set()
            await self._leaving.wait()
        finally:
            await self._stop_accepting()
            for server in servers:
                server.close()
            await self._cut()
            for server in servers:
                await server.wait_closed()

    async def _stop_accepting(self) -> None:
        """Take no more connections, and let those that were just taken come to life.

        Closing a server between a connection's being taken and its transport's being made makes asyncio drop
        the transport half-made, with its socket open.
        """
        for _, sock in self._apps:
            # Only loops that watch sockets have readers; others finish what they accepted by themselves.
            with suppress(NotImplementedError, ValueError):
                self._loop.remove_reader(sock.fileno())
        for _ in range(_TURNS):
            await asyncio.sleep(0)

    async def _cut(self) -> None:
        for _ in range(_TURNS):
            # A connection that was accepted a moment ago appears only after some turns of the loop, and one
            # that is aborted is closed in a later one.
            await asyncio.sleep(0)
            for transport in self._transports:
                transport.abort()
        for _ in range(_TURNS):
            if all(transport.get_extra_info("socket").fileno() == -1 for transport in self._transports):
                break
            await asyncio.sleep(_PAUSE)
        tasks = list(self._state.tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _config(app: ASGIApp) -> uvicorn.Config:
    config = uvicorn.Config(
        app,
        http=_Protocol,
        ws="none",
        lifespan="off",
        loop="asyncio",
        log_config=None,
        log_level="critical",
        access_log=False,
        proxy_headers=False,
    )
    config.load()
    return config
