"""The cloud room: credentials, tokens, and what a Torizon-style service hands out. It fetches and never verifies.

* :func:`read_credentials` reads a ``credentials.zip`` into :class:`Credentials`.
* :class:`CloudSession` ties credentials, token and network together for one job; its ``authority`` is what
  the download engine takes.
* :func:`fetch_metadata` fetches every signed document of a lockbox as :class:`FetchedMetadata`.
* :func:`locate` says where a package's bytes are, as a :class:`PackageSource`.

Names are loaded when first used, so that telling errors apart does not pay for the network.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockstick._lazy import loader

if TYPE_CHECKING:
    from lockstick.cloud.authority import CloudAuthority
    from lockstick.cloud.credentials import Credentials, OAuthClient, read_credentials
    from lockstick.cloud.packages import PackageSource, locate
    from lockstick.cloud.patience import Rereading
    from lockstick.cloud.repository import FetchedMetadata, fetch_metadata
    from lockstick.cloud.session import CloudSession
    from lockstick.cloud.token import TokenSource

__all__ = [
    "CloudAuthority",
    "CloudSession",
    "Credentials",
    "FetchedMetadata",
    "OAuthClient",
    "PackageSource",
    "Rereading",
    "TokenSource",
    "fetch_metadata",
    "locate",
    "read_credentials",
]

_HOME = {
    "CloudAuthority": "authority",
    "CloudSession": "session",
    "Credentials": "credentials",
    "FetchedMetadata": "repository",
    "OAuthClient": "credentials",
    "PackageSource": "packages",
    "Rereading": "patience",
    "TokenSource": "token",
    "fetch_metadata": "repository",
    "locate": "packages",
    "read_credentials": "credentials",
}

__getattr__ = loader(__name__, _HOME)
