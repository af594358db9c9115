"""Shared stores: proven bytes under their hash, in a bucket that a team fills and everybody reads from.

Nobody trusts it. It gives addresses; whoever fetches from them holds every byte against what was signed.

* :class:`SharedStore` is what a shared store can do, :class:`Listing` what it says is in it.
* :class:`BucketAddress` reads ``s3://bucket/prefix``.
* :func:`open_bucket` opens a bucket of an S3 server; it needs the extra ``s3``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockstick._lazy import loader

if TYPE_CHECKING:
    from lockstick.transfer.shared.address import BucketAddress
    from lockstick.transfer.shared.model import Listing, SharedEntry, SharedStore
    from lockstick.transfer.shared.opening import open_bucket

__all__ = ["BucketAddress", "Listing", "SharedEntry", "SharedStore", "open_bucket"]

_HOME = {
    "BucketAddress": "address",
    "Listing": "model",
    "SharedEntry": "model",
    "SharedStore": "model",
    "open_bucket": "opening",
}

__getattr__ = loader(__name__, _HOME)
