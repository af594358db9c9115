"""One line to the network: a client of its own, whose waiting can be ended from another thread.

A thread that waits for a silent server cannot look at anything else. So each worker has a line of its own,
which remembers the sockets it opened; a :class:`Watchdog` and whoever winds up the transfer shut them down from
outside, and the waiting thread wakes up with a broken connection.
"""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Self

import httpx

from lockstick.errors import UsageError
from lockstick.transfer.origins import Origin, origin_of
from lockstick.transfer.setbacks import Setback, Stopped, explain

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator, Mapping
    from types import TracebackType

    from lockstick.transfer.policy import Policy

__all__ = ["ClientFactory", "Line", "Watchdog", "client_factory"]

ClientFactory = Callable[[], httpx.Client]
"""Makes one client per worker; the seam through which a test or an unusual network gets in."""

_BASE_HEADERS = {"Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": "lockstick"}
_READ_BYTES = 256 * 1024
_NEW_SOCKET = ("connect_tcp.complete", "start_tls.complete")
_DRAIN_CAP = 64 * 1024


def client_factory(*, trust_env: bool = True) -> ClientFactory:
    """Prepare the making of clients that share one TLS configuration.

    Args:
        trust_env: Whether proxies and certificate authorities are taken from the environment, as httpx does.
            Plain http, which is only ever spoken to loopback, goes to no proxy in any case: it may carry a
            token.

    Raises:
        UsageError: What the environment says about proxies or certificate authorities makes no sense; for a
            proxy, only when the first client is made.
    """
    for name in ("httpx", "httpcore"):
        # Both write whole addresses, and the latter headers, into their logs: pre-signed URLs and tokens. Who
        # needs that sets the level of those loggers before, and knows what they get.
        logger = logging.getLogger(name)
        if logger.level == logging.NOTSET:
            logger.setLevel(logging.WARNING)
    try:
        context = httpx.create_ssl_context(trust_env=trust_env)
    except OSError as error:
        raise UsageError(
            "the certificate authorities of the environment cannot be read",
            why=error.strerror or type(error).__name__,
            remedy="Correct or unset SSL_CERT_FILE and SSL_CERT_DIR.",
        ) from error
    return partial(_client, context, trust_env=trust_env)


def _client(context: ssl.SSLContext, *, trust_env: bool) -> httpx.Client:
    try:
        return httpx.Client(verify=context, trust_env=trust_env, follow_redirects=False, mounts={"http://": None})
    except (httpx.InvalidURL, ValueError, ImportError) as error:
        # Its own text would show the proxy's address, and with it perhaps a password.
        raise UsageError(
            "the proxy of the environment cannot be used",
            why="its address cannot be read, or is of a kind that is not supported",
            remedy="Correct or unset HTTPS_PROXY and ALL_PROXY.",
        ) from error


class Line:
    """Sends requests one at a time and knows how to be interrupted.

    Args:
        client: Used by this line only, and closed with it.
        policy: Its timeouts are used.
        clock: Seconds from any start, never going backwards.
    """

    def __init__(self, client: httpx.Client, *, policy: Policy, clock: Callable[[], float]) -> None:
        self._client = client
        self._policy = policy
        self._clock = clock
        self._sockets: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._waiting_since: float | None = None
        self._was_cut = False
        self._is_down = False
        self._origin: Origin | None = None
        timeout = httpx.Timeout(
            connect=policy.connect_timeout, read=policy.read_timeout, write=policy.read_timeout, pool=None
        )
        self._extensions = {"timeout": timeout.as_dict(), "trace": self._trace}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    @contextmanager
    def get(self, url: httpx.URL, headers: Mapping[str, str]) -> Iterator[httpx.Response]:
        """Ask for a URL and give the answer once its headers are there.

        No cookies, no stored passwords, no redirects: only the headers given here go out.

        Raises:
            Setback: No answer came; another attempt may get one.
            TransferError: No attempt will.
            Stopped: The line was hung up.
        """
        self._was_cut = False
        self._origin = origin_of(url)
        request = httpx.Request("GET", url, headers={**_BASE_HEADERS, **headers}, extensions=self._extensions)
        response: httpx.Response | None = None
        try:
            with self._waiting():
                response = self._client.send(request, stream=True, auth=None, follow_redirects=False)
            yield response
        finally:
            if response is not None:
                with suppress(httpx.HTTPError):
                    response.close()

    def chunks(self, response: httpx.Response) -> Iterator[bytes]:
        """Give the body as it arrives, undecoded.

        Raises:
            Setback: It broke off, or the watchdog cut it.
            Stopped: The line was hung up.
        """
        stream = response.iter_raw()
        while True:
            # The same as _waiting, spelt out: this is the one loop that every byte goes through.
            self._waiting_since = self._clock()
            try:
                chunk = next(stream, None)
            except (httpx.HTTPError, httpx.StreamError) as error:
                raise self._meaning(error) from error
            finally:
                self._waiting_since = None
            if self._is_down or self._was_cut:
                self._raise_if_ended()
            if chunk is None:
                return
            yield chunk

    def drain(self, response: httpx.Response) -> None:
        """Read the rest of a small body nobody wants, so that its connection can be used again."""
        received = 0
        for chunk in self.chunks(response):
            received += len(chunk)
            if received > _DRAIN_CAP:
                return

    def cut_if_stalled(self) -> None:
        """End the present wait, if it has lasted longer than the policy allows. From any thread."""
        since = self._waiting_since
        if since is not None and self._clock() - since > self._policy.stall_timeout:
            self._was_cut = True
            self._shut_sockets()

    def hang_up(self) -> None:
        """End the present wait and every later one. From any thread."""
        self._is_down = True
        self._shut_sockets()

    @contextmanager
    def _waiting(self) -> Iterator[None]:
        self._waiting_since = self._clock()
        try:
            yield
        except (httpx.HTTPError, httpx.StreamError) as error:
            raise self._meaning(error) from error
        finally:
            self._waiting_since = None
        # A body that ends with its connection looks complete when the connection was ended from here.
        self._raise_if_ended()

    def _meaning(self, error: httpx.HTTPError | httpx.StreamError) -> Exception:
        self._raise_if_ended()
        return explain(error, self._policy, self._origin)

    def _raise_if_ended(self) -> None:
        if self._is_down:
            raise Stopped
        if self._was_cut:
            raise Setback(f"no content came for {self._policy.stall_timeout:g} s")

    def _trace(self, event: str, details: Mapping[str, Any]) -> None:
        if not event.endswith(_NEW_SOCKET):
            return
        stream = details["return_value"]
        _read_more_at_once(stream)
        found = stream.get_extra_info("socket")
        with self._lock:
            self._sockets = {known for known in self._sockets if known.fileno() != -1}
            if found is not None:
                self._sockets.add(found)
        if self._is_down:
            self._shut_sockets()

    def _shut_sockets(self) -> None:
        with self._lock:
            sockets = tuple(self._sockets)
        for one in sockets:
            with suppress(OSError, ValueError):
                # Below TLS on purpose: the TLS layer's own shutdown may not be called from another thread.
                socket.socket.shutdown(one, socket.SHUT_RDWR)


def _read_more_at_once(stream: Any) -> None:  # noqa: ANN401 - the HTTP library's stream, whichever it is
    """Let a stream take more from the line at once than the HTTP library asks for.

    It asks for 64 KiB; with four times that, a large file costs a fifth less processor time
    (docs/performance.md).
    """
    read = stream.read
    stream.read = lambda max_bytes, timeout=None: read(max(max_bytes, _READ_BYTES), timeout)


class Watchdog:
    """Watches lines from a thread of its own and cuts those that wait too long.

    Args:
        policy: Its stall timeout is used.
    """

    def __init__(self, policy: Policy) -> None:
        self._tick = min(1.0, policy.stall_timeout / 4)
        self._lines: list[Line] = []
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="lockstick-watchdog", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join()

    def watch(self, line: Line) -> None:
        """Take a line under watch until the end. From any thread."""
        self._lines.append(line)

    def _watch(self) -> None:
        while not self._done.wait(self._tick):
            for line in tuple(self._lines):
                line.cut_if_stalled()
