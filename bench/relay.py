"""A relay on loopback that makes the other end far away: every byte is on its way for a while, in both directions.

The stand-in for a network namespace with netem, where a machine has none. A connection behaves as over a long line: the
first byte of a request arrives one and a half round trips after the caller began to connect, as the handshake takes
one. It does not lose, reorder or slow down anything.

Usage: relay.py PORT SECONDS_ONE_WAY; prints its own port, and runs until it is ended.
"""

from __future__ import annotations

import asyncio
import sys
from collections import deque

_MOST_ON_THE_WAY = 32 << 20


class Leg(asyncio.Protocol):
    """One direction: what is received here is written to the other leg's transport later."""

    def __init__(self, delay: float, *, handshake: float = 0.0) -> None:
        self._loop = asyncio.get_running_loop()
        self._delay = delay
        self._not_before = self._loop.time() + handshake
        self._queue: deque[tuple[float, bytes | None]] = deque()
        self._size = 0
        self._paused = False
        self.transport: asyncio.Transport | None = None
        self.other: Leg | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to write."""
        if not isinstance(transport, asyncio.Transport):
            raise TypeError
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Send bytes on their way."""
        self._put(data)
        self._size += len(data)
        if self._size > _MOST_ON_THE_WAY and self.transport is not None and not self._paused:
            self._paused = True
            self.transport.pause_reading()

    def connection_lost(self, _error: Exception | None) -> None:
        """Send the end on its way."""
        self._put(None)

    def _put(self, data: bytes | None) -> None:
        due = max(self._loop.time(), self._not_before) + self._delay
        self._queue.append((due, data))
        # One timer for each entry, but they take from one queue: timers of the same moment have no order.
        self._loop.call_at(due, self.deliver)

    def deliver(self) -> None:
        """Hand over what has arrived."""
        target = self.other.transport if self.other is not None else None
        if target is None:
            return  # not connected yet; whoever connects calls again
        while self._queue and self._queue[0][0] <= self._loop.time() + 0.0005:
            _, data = self._queue.popleft()
            if data is None:
                target.close()
                continue
            self._size -= len(data)
            target.write(data)
        if self._paused and self.transport is not None and self._size < _MOST_ON_THE_WAY // 2:
            self._paused = False
            self.transport.resume_reading()


async def _relay(port: int, delay: float) -> None:
    loop = asyncio.get_running_loop()
    connecting: set[asyncio.Task[None]] = set()

    async def connect(near: Leg) -> None:
        _, far = await loop.create_connection(lambda: Leg(delay), "127.0.0.1", port)
        near.other, far.other = far, near
        near.deliver()

    def accept() -> Leg:
        near = Leg(delay, handshake=2 * delay)
        task = loop.create_task(connect(near))
        connecting.add(task)
        task.add_done_callback(connecting.discard)
        return near

    server = await loop.create_server(accept, "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def main(port: str, delay: str) -> None:
    """Relay until ended."""
    asyncio.run(_relay(int(port), float(delay)))


if __name__ == "__main__":
    main(*sys.argv[1:])
