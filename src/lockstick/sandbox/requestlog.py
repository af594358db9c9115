"""What the rehearsal cloud was asked, for tests that want to know who sent what where."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["LoggedRequest", "Origin", "RequestLog"]

Origin = Literal["api", "store"]
"""The two servers: the API, and the object store that must never see a token."""


@dataclass(frozen=True, kw_only=True)
class LoggedRequest:
    """One request.

    Attributes:
        origin: Which server was asked.
        method: The HTTP method.
        path: The path, percent-decoded, without the query.
        had_authorization: Whether an ``Authorization`` header came with it.
        range: The ``Range`` header, or None.
        if_range: The ``If-Range`` header, or None.
        status: The status of the answer, or None while there is none.
        sent: Bytes of the answer's body that were handed to the network.
    """

    origin: Origin
    method: str
    path: str
    had_authorization: bool = False
    range: str | None = None
    if_range: str | None = None
    status: int | None = None
    sent: int = 0


class RequestLog:
    """The requests, in order of arrival. Safe to use from any thread.

    An entry is brought up to date before the bytes it speaks of leave, so a client that has its answer finds
    it here.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._entries: dict[int, LoggedRequest] = {}
        self._next = 0

    def all(self) -> list[LoggedRequest]:
        """Give every request since the start or the last :meth:`clear`."""
        with self._changed:
            return list(self._entries.values())

    def matching(
        self, pattern: str = "*", *, origin: Origin | None = None, method: str | None = None
    ) -> list[LoggedRequest]:
        """Give the requests whose path fits a shell pattern (``*`` crosses ``/``)."""
        return [
            entry
            for entry in self.all()
            if fnmatchcase(entry.path, pattern)
            and (origin is None or entry.origin == origin)
            and (method is None or entry.method == method)
        ]

    def clear(self) -> None:
        """Forget what came so far."""
        with self._changed:
            self._entries.clear()

    def wait_for(self, wanted: Callable[[list[LoggedRequest]], bool], *, timeout: float = 10) -> bool:
        """Wait until the log satisfies a condition.

        Args:
            wanted: Called with all requests after each change.
            timeout: Seconds to wait at most.

        Returns:
            Whether the condition came true in time.
        """
        with self._changed:
            return self._changed.wait_for(lambda: wanted(list(self._entries.values())), timeout)

    def begin(self, entry: LoggedRequest) -> int:
        """Add a request; the number given back names it in :meth:`update`."""
        with self._changed:
            number = self._next
            self._next += 1
            self._entries[number] = entry
            self._changed.notify_all()
        return number

    def update(self, number: int, *, status: int | None = None, sent: int = 0) -> None:
        """Note the answer's status, and bytes that are about to leave."""
        with self._changed:
            entry = self._entries.get(number)
            if entry is not None:
                self._entries[number] = replace(
                    entry, status=entry.status if status is None else status, sent=entry.sent + sent
                )
                self._changed.notify_all()
