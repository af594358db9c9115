"""The download engine: many files and many ranges at once, hashed while written, continued where they broke off.

The room knows URLs, lengths and digests, and nothing of what the bytes mean. Its names:

* :func:`fetch_all` fetches wanted files (:class:`Download`) to disk and returns :class:`Fetched`.
* :class:`DocumentReader` fetches small documents into memory, with a hard cap.
* :class:`Policy` says how patient the engine is, :class:`Surroundings` where its time and chance come from.
* :class:`Authority` is what a caller implements to put credentials on requests, per origin.

Names are loaded when first used, so that whoever only needs an address does not pay for the engine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockstick._lazy import loader

if TYPE_CHECKING:
    from lockstick.transfer.authority import Authority
    from lockstick.transfer.documents import DocumentReader
    from lockstick.transfer.engine import fetch_all
    from lockstick.transfer.model import Download, Fetched
    from lockstick.transfer.network import ClientFactory, client_factory
    from lockstick.transfer.origins import Origin, check_url, origin_of, safe_url
    from lockstick.transfer.policy import Policy
    from lockstick.transfer.surroundings import Surroundings

__all__ = [
    "Authority",
    "ClientFactory",
    "DocumentReader",
    "Download",
    "Fetched",
    "Origin",
    "Policy",
    "Surroundings",
    "check_url",
    "client_factory",
    "fetch_all",
    "origin_of",
    "safe_url",
]

_HOME = {
    "Authority": "authority",
    "ClientFactory": "network",
    "DocumentReader": "documents",
    "Download": "model",
    "Fetched": "model",
    "Origin": "origins",
    "Policy": "policy",
    "Surroundings": "surroundings",
    "check_url": "origins",
    "client_factory": "network",
    "fetch_all": "engine",
    "origin_of": "origins",
    "safe_url": "origins",
}

__getattr__ = loader(__name__, _HOME)
