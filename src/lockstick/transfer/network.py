"""The way to the network: straight to the server where nothing is in between, by the HTTP library through a proxy.

A :class:`Network` is made once and shared by all lines of a run. It holds what they have in common, the TLS
configuration above all, and knows which addresses have a proxy before them. It is the seam through which a test or an
unusual network gets in.
"""

from __future__ import annotations

import logging
import os
import ssl
import threading
from typing import TYPE_CHECKING

from lockstick.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

    from lockstick.transfer.origins import Origin

__all__ = ["ClientFactory", "Network", "client_factory"]


class Network:
    """Makes the means to reach servers. May be used from several threads.

    Args:
        trust_env: Whether proxies and certificate authorities are taken from the environment, as httpx does.
            Plain http, which is only ever spoken to loopback, goes to no proxy in any case: it may carry a
            token.
        tls: How certificates are checked; by default by the authorities of the environment, else by those of
            certifi.
    """

    def __init__(self, *, trust_env: bool = True, tls: ssl.SSLContext | None = None) -> None:
        self._trust_env = trust_env
        self._tls = tls
        self._has_proxy: bool | None = None
        self._lock = threading.Lock()

    def __call__(self) -> httpx.Client:
        """Make a client of the HTTP library, which goes through proxies.

        Raises:
            UsageError: What the environment says about proxies or certificate authorities makes no sense.
        """
        import httpx  # noqa: PLC0415 - heavy, and needed for proxies only

        _quiet()
        context = self.tls()
        try:
            return httpx.Client(
                verify=context, trust_env=self._trust_env, follow_redirects=False, mounts={"http://": None}
            )
        except (httpx.InvalidURL, ValueError, ImportError) as error:
            # Its own text would show the proxy's address, and with it perhaps a password.
            raise UsageError(
                "the proxy of the environment cannot be used",
                why="its address cannot be read, or is of a kind that is not supported",
                remedy="Correct or unset HTTPS_PROXY and ALL_PROXY.",
            ) from error

    def is_direct(self, origin: Origin) -> bool:
        """Say whether an origin is reached without the HTTP library: no proxy is set for its scheme.

        Where one is set, the library decides by its own rules (``NO_PROXY``) whether to use it.
        """
        if origin.scheme == "http" or not self._trust_env:
            return True
        with self._lock:
            if self._has_proxy is None:
                from urllib.request import getproxies  # noqa: PLC0415 - heavy; https only

                found = getproxies()
                self._has_proxy = bool(found.get("https") or found.get("all"))
            return not self._has_proxy

    def tls(self) -> ssl.SSLContext:
        """Give the TLS configuration that all connections share.

        Raises:
            UsageError: The certificate authorities of the environment cannot be read.
        """
        with self._lock:
            if self._tls is None:
                self._tls = _context(os.environ if self._trust_env else {})
            return self._tls


ClientFactory = Network
"""Makes the means to reach servers, for one run."""


def client_factory(*, trust_env: bool = True) -> ClientFactory:
    """Make a network; see :class:`Network`."""
    return Network(trust_env=trust_env)


def _context(environment: Mapping[str, str]) -> ssl.SSLContext:
    """Make the same configuration as the HTTP library does (SSL_CERT_FILE, SSL_CERT_DIR, else certifi)."""
    try:
        if file := environment.get("SSL_CERT_FILE"):
            return ssl.create_default_context(cafile=file)
        if folder := environment.get("SSL_CERT_DIR"):
            return ssl.create_default_context(capath=folder)
        import certifi  # noqa: PLC0415 - https only

        return ssl.create_default_context(cafile=certifi.where())
    except OSError as error:
        raise UsageError(
            "the certificate authorities of the environment cannot be read",
            why=error.strerror or type(error).__name__,
            remedy="Correct or unset SSL_CERT_FILE and SSL_CERT_DIR.",
        ) from error


def _quiet() -> None:
    for name in ("httpx", "httpcore"):
        # Both write whole addresses, and the latter headers, into their logs: pre-signed URLs and tokens. Who
        # needs that sets the level of those loggers before, and knows what they get.
        logger = logging.getLogger(name)
        if logger.level == logging.NOTSET:
            logger.setLevel(logging.WARNING)
