"""What differs between the ways in which repositories write signed documents.

A dialect is a property of the trust anchor: it is pinned when the anchor is imported and never guessed from a
document. The rule engine in ``trust/`` asks the dialect and never branches on its name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from lockstick.metadata.keys import PublicKey, Signature
    from lockstick.metadata.types import JsonObject, JsonValue

__all__ = ["Dialect"]


class _ParseKey(Protocol):
    def __call__(self, keyid: str, value: JsonValue, where: str) -> PublicKey:
        """Read one key object; :class:`MalformedError` when it cannot be used."""


class _ParseSignature(Protocol):
    def __call__(self, value: JsonValue, where: str) -> Signature:
        """Read one signature entry; :class:`MalformedError` when it cannot be read."""


class _Canonical(Protocol):
    def __call__(self, value: JsonValue) -> bytes:
        """The signed bytes of a value."""


class _ParseDocument(Protocol):
    def __call__(self, data: bytes, name: str) -> JsonObject:
        """Read the bytes of a document as one JSON object."""


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """One way of writing signed documents.

    Attributes:
        name: For messages and for the record of a trust anchor.
        types: Role name to the exact ``_type`` of its documents.
        parse: Bytes to JSON object.
        parse_key: Key object to public key.
        parse_signature: Signature entry to signature.
        canonical: Value to signed bytes.
        hashes_raw_bytes: True where snapshots list the hash of the file as served, False where they list the
            hash of the canonical form of the whole document.
        default_terminating: What an absent ``terminating`` of a delegation means.
        major_version: The first number that ``spec_version`` must begin with; None where the member means nothing.
        passes_over_bad_signatures: True where junk among the signatures is no reason to refuse a document that
            enough keys have signed; False where no honest repository writes such a thing.
        passes_over_unusable_keys: True where a key that cannot be used is as good as absent; False where it
            spoils the document that lists it.
        passes_over_odd_digests: True where a digest of another shape is kept and matches nothing; False where it
            spoils the document that lists it.
        refuses_repeated_keyids: True where a role that lists a key id twice spoils its document; False where the
            id simply counts once.
        stars_cross_slashes: Whether ``*`` and ``?`` in the paths of a delegation stand for a slash too.
        delegates_by_hash: Whether a delegation may name the beginnings of hashes in place of paths, or deal all
            names out to bins.
        valid_in_last_second: Whether a document is still good in the very second that ``expires`` names.
    """

    name: str
    types: dict[str, str]
    parse: _ParseDocument
    parse_key: _ParseKey
    parse_signature: _ParseSignature
    canonical: _Canonical
    hashes_raw_bytes: bool
    default_terminating: bool
    major_version: int | None
    passes_over_bad_signatures: bool
    passes_over_unusable_keys: bool
    passes_over_odd_digests: bool
    refuses_repeated_keyids: bool
    stars_cross_slashes: bool
    delegates_by_hash: bool
    valid_in_last_second: bool
