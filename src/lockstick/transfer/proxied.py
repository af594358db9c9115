"""Through a proxy: the HTTP library does the talking, and its failures are turned into those of our own connections.

Only what the library's errors mean is passed on, never their texts: those may hold pieces of addresses or headers.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar

import httpx

from lockstick.transfer.http1.head import MalformedAnswer
from lockstick.transfer.setbacks import LibraryFailed, ProxyRefused, Unreachable

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from lockstick.transfer.outgoing import Outgoing
    from lockstick.transfer.policy import Policy
    from lockstick.transfer.urls import Url

__all__ = ["ProxiedLine"]

_Result = TypeVar("_Result")

_NEW_SOCKET = ("connect_tcp.complete", "start_tls.complete")


class ProxiedLine:
    """Sends requests one at a time through the HTTP library.

    Args:
        client: Used by this line only, and closed with it.
        policy: Its timeouts are used.
        opened: Told of every socket that is opened.
    """

    def __init__(self, client: httpx.Client, *, policy: Policy, opened: Callable[[socket.socket], None]) -> None:
        self._client = client
        self._opened = opened
        timeout = httpx.Timeout(
            connect=policy.connect_timeout, read=policy.read_timeout, write=policy.read_timeout, pool=None
        )
        self._extensions = {"timeout": timeout.as_dict(), "trace": self._trace}

    def close(self) -> None:
        """Close the client."""
        self._client.close()

    @contextmanager
    def send(self, url: Url, headers: Mapping[str, str], what: Outgoing) -> Iterator[_Answer]:
        """Send a request and give the answer once its headers are there.

        Raises:
            OSError: As connections of our own raise it.
            MalformedAnswer: As they raise it.
        """
        # A request of its own, not the client's methods: those add cookies and stored passwords.
        request = httpx.Request(
            what.method,
            str(url),
            headers={**headers, **what.headers},
            content=None if what.length is None else _as_bytes(what.pieces()),
            extensions=self._extensions,
        )
        try:
            response = _plainly(lambda: self._client.send(request, stream=True, auth=None, follow_redirects=False))
        except (httpx.InvalidURL, ValueError):
            # The library reads the address of a redirect even where it is not to follow it.
            raise MalformedAnswer("it redirects to an address that cannot be read") from None
        try:
            yield _Answer(response)
        finally:
            with suppress(httpx.HTTPError):
                response.close()

    def _trace(self, event: str, details: Mapping[str, Any]) -> None:
        if event.endswith(_NEW_SOCKET):
            found = details["return_value"].get_extra_info("socket")
            if found is not None:
                self._opened(found)


def _as_bytes(pieces: Iterable[bytes | memoryview]) -> Iterator[bytes]:
    """Give pieces as the library takes them."""
    for piece in pieces:
        yield bytes(piece)


class _Answer:
    """An answer of the library, read as those of our own connections are."""

    def __init__(self, response: httpx.Response) -> None:
        self.status_code = response.status_code
        self.headers: Mapping[str, str] = response.headers
        self._stream = response.iter_raw()
        self._left = memoryview(b"")

    def read_into(self, view: memoryview) -> int:
        """As :meth:`lockstick.transfer.line.Response.read_into`."""
        while not self._left:
            piece = _plainly(lambda: next(self._stream, None))
            if piece is None:
                return 0
            self._left = memoryview(piece)
        count = min(len(view), len(self._left))
        view[:count] = self._left[:count]
        self._left = self._left[count:]
        return count


def _plainly(do: Callable[[], _Result]) -> _Result:
    """Do something with the library; what it raises is raised as connections of our own would have."""
    try:
        return do()
    except (httpx.HTTPError, httpx.StreamError) as error:
        trouble = _plain_error(error)
    # Raised out here so that it does not hold on to the library's error, which holds the whole request.
    raise trouble


def _plain_error(error: httpx.HTTPError | httpx.StreamError) -> Exception:  # noqa: PLR0911 - one for each meaning
    """Turn a failure of the HTTP library into the one that a connection of our own would have raised.

    Args:
        error: The failure.

    Returns:
        The error to raise.
    """
    if isinstance(error, httpx.ProxyError):
        return ProxyRefused()
    if isinstance(error, httpx.ConnectTimeout):
        return Unreachable(TimeoutError())
    if isinstance(error, httpx.TimeoutException):
        return TimeoutError()
    if isinstance(error, httpx.RemoteProtocolError):
        return MalformedAnswer("the answer broke off or is not proper HTTP")
    cause = _system_error(error)
    if isinstance(error, httpx.ConnectError):
        return Unreachable(cause or OSError())
    if isinstance(error, httpx.NetworkError):
        return cause or ConnectionError()
    return LibraryFailed(type(error).__name__)


def _system_error(error: BaseException) -> OSError | None:
    link: BaseException | None = error
    seen: list[BaseException] = []
    while link is not None and link not in seen:
        if isinstance(link, OSError):
            return link
        seen.append(link)
        link = link.__cause__ or link.__context__
    return None
