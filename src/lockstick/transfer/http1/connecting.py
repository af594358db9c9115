"""Making a connection: a host's addresses are raced, so that a broken family of addresses costs a moment only.

The rule is that of RFC 8305 ("happy eyeballs"): the addresses in the system's order, the families in turns, the next
one tried when the one before has not answered within a quarter of a second; the first that answers wins.
"""

from __future__ import annotations

import errno
import os
import select
import socket
from contextlib import suppress
from itertools import chain, zip_longest
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

__all__ = ["connect", "in_turns"]

_HEAD_START = 0.25
_MOST_ADDRESSES = 16  # each may hold a socket until the timeout, for every worker
_UNDER_WAY = {0, errno.EINPROGRESS, errno.EWOULDBLOCK, getattr(errno, "WSAEWOULDBLOCK", errno.EWOULDBLOCK)}

_Address = tuple[int, tuple[Any, ...]]


def connect(
    host: str, port: int, *, timeout: float, clock: Callable[[], float], opened: Callable[[socket.socket], None]
) -> socket.socket:
    """Connect to a host by whichever of its addresses answers first.

    Args:
        host: Its name, or an address without brackets.
        port: The port.
        timeout: Seconds for all of it, without the look-up of the name.
        clock: Seconds from any start, never going backwards.
        opened: Told of every socket as soon as it exists, so that another thread can shut it down.

    Returns:
        A connected socket without a timeout of its own.

    Raises:
        OSError: The name is not known, or no address answers; TimeoutError where all were silent.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = in_turns([(int(family), where) for family, _, _, _, where in found])[:_MOST_ADDRESSES]
    if len(addresses) == 1:
        return _connect_one(addresses[0], timeout, opened)
    return _race(addresses, timeout, clock, opened)


def in_turns(addresses: Sequence[_Address]) -> list[_Address]:
    """Order addresses so that the families take turns, the system's first choice first (RFC 8305, section 4)."""
    families = list(dict.fromkeys(family for family, _ in addresses))
    rows = ([address for address in addresses if address[0] == family] for family in families)
    return [address for address in chain(*zip_longest(*rows)) if address is not None]


def _connect_one(address: _Address, timeout: float, opened: Callable[[socket.socket], None]) -> socket.socket:
    one = socket.socket(address[0], socket.SOCK_STREAM)
    try:
        opened(one)
        one.settimeout(timeout)
        one.connect(address[1])
    except BaseException:
        one.close()
        raise
    return one


def _race(
    addresses: Iterable[_Address],
    timeout: float,
    clock: Callable[[], float],
    opened: Callable[[socket.socket], None],
) -> socket.socket:
    waiting = list(addresses)
    running: list[socket.socket] = []
    last: OSError = TimeoutError("no address answered")
    deadline = clock() + timeout
    try:
        while (waiting or running) and (left := deadline - clock()) > 0:
            if waiting:
                try:
                    running.append(_start(waiting.pop(0), opened))
                except OSError as error:
                    last = error
                    continue
            patience = min(left, _HEAD_START) if waiting else left
            _, ready, failed = select.select([], running, running, patience)
            for one in dict.fromkeys([*ready, *failed]):
                code = one.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                running.remove(one)
                if code == 0:
                    one.setblocking(True)
                    return one
                one.close()
                last = OSError(code, os.strerror(code))
        if running:
            raise TimeoutError("no address answered")
        raise last
    finally:
        for one in running:
            with suppress(OSError):
                one.close()


def _start(address: _Address, opened: Callable[[socket.socket], None]) -> socket.socket:
    one = socket.socket(address[0], socket.SOCK_STREAM)
    try:
        opened(one)
        one.setblocking(False)
        code = one.connect_ex(address[1])
    except BaseException:
        one.close()
        raise
    if code not in _UNDER_WAY:
        one.close()
        raise OSError(code, os.strerror(code))
    return one
