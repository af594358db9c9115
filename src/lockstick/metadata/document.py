"""A signed document: its envelope, read once from the received bytes and never written again."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from lockstick.metadata.malformed import MalformedError
from lockstick.metadata.shape import as_instant, as_list, as_object, as_string, as_version

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from lockstick.metadata.dialect import Dialect
    from lockstick.metadata.keys import Signature
    from lockstick.metadata.types import JsonObject

__all__ = ["MAX_SIGNATURES", "Document", "read_document"]

MAX_SIGNATURES = 100
"""Most signatures of one document that are read; real documents carry a handful."""

_SPEC_VERSION = re.compile(r"([0-9]{1,4})(?:\.[0-9]{1,4}){1,2}")


@dataclass(frozen=True, kw_only=True)
class Document:
    """One signed document as received.

    Attributes:
        name: Its file name, for messages: ``2.root.json``.
        role: The role it claims to be of by its ``_type``: ``root``, ``targets``, ``offline-updates`` …
        version: Its version, from 1.
        expires: The last second at which it is valid.
        raw: The bytes as received; these are what is written to media.
        signed: The value of ``signed``, unknown members included.
        signatures: The readable entries of ``signatures``, in order.
        signature_problems: Why other entries could not be read.
        dialect: How it was read.
    """

    name: str
    role: str
    version: int
    expires: datetime
    raw: bytes = field(repr=False)
    envelope: JsonObject = field(repr=False)
    signed: JsonObject = field(repr=False)
    signatures: tuple[Signature, ...] = field(repr=False)
    signature_problems: tuple[MalformedError, ...] = field(repr=False)
    dialect: Dialect = field(repr=False)

    @cached_property
    def signed_bytes(self) -> bytes:
        """The bytes that signatures are over (lockbox-format 2.6)."""
        return self.dialect.canonical(self.signed)

    @cached_property
    def listed_bytes(self) -> bytes:
        """The bytes whose hash and length a snapshot lists (lockbox-format 7.4)."""
        if self.dialect.hashes_raw_bytes:
            return self.raw
        # The same as the canonical form of the envelope, without encoding the large member a second time.
        parts = [
            self.dialect.canonical(key)
            + b":"
            + (self.signed_bytes if key == "signed" else self.dialect.canonical(value))
            for key, value in sorted(self.envelope.items())
        ]
        return b"{" + b",".join(parts) + b"}"

    @property
    def listed_length(self) -> int:
        """The length in bytes that a snapshot lists for this document."""
        return len(self.listed_bytes)

    def listed_hash(self, algorithm: str) -> str:
        """The hash that a snapshot lists for this document.

        Args:
            algorithm: ``sha256`` or ``sha512``.

        Returns:
            The digest in lower-case hex.
        """
        return hashlib.new(algorithm, self.listed_bytes).hexdigest()

    @cached_property
    def digest(self) -> str:
        """SHA-256 of :attr:`listed_bytes` in hex: one name for one document however it is laid out."""
        return self.listed_hash("sha256")

    def expired_at(self, at: datetime) -> bool:
        """Say whether the document is too old at a time, by its dialect's rule for the last second."""
        return self.expires < at if self.dialect.valid_in_last_second else self.expires <= at


def read_document(raw: bytes, name: str, dialect: Dialect) -> Document:
    """Read the envelope of a signed document; nothing is verified.

    Args:
        raw: The bytes as received.
        name: Its file name, for messages.
        dialect: The dialect of the trust anchor.

    Returns:
        The document.

    Raises:
        MalformedError: If it is not a document of this dialect. Unreadable signature entries do not raise;
            they are kept in ``signature_problems``.
    """
    envelope = dialect.parse(raw, name)
    signed = as_object(envelope.get("signed"), f"signed of {name}")
    kind = as_string(signed.get("_type"), f"_type of {name}")
    _check_spec_version(signed, dialect, name)
    signatures: list[Signature] = []
    problems: list[MalformedError] = []
    entries = as_list(envelope.get("signatures"), f"signatures of {name}")
    if len(entries) > MAX_SIGNATURES:
        raise MalformedError("shape", f"{name} carries {len(entries)} signatures; {MAX_SIGNATURES} are read")
    for index, entry in enumerate(entries, start=1):
        try:
            signatures.append(dialect.parse_signature(entry, f"signature {index} of {name}"))
        except MalformedError as error:
            problems.append(error)
    return Document(
        name=name,
        role=_role_of(kind, dialect.types, name),
        version=as_version(signed.get("version"), f"version of {name}"),
        expires=as_instant(signed.get("expires"), f"expires of {name}"),
        raw=raw,
        envelope=envelope,
        signed=signed,
        signatures=tuple(signatures),
        signature_problems=tuple(problems),
        dialect=dialect,
    )


def _check_spec_version(signed: JsonObject, dialect: Dialect, name: str) -> None:
    if dialect.major_version is None:
        return
    text = as_string(signed.get("spec_version"), f"spec_version of {name}")
    numbers = _SPEC_VERSION.fullmatch(text)
    if numbers is None or int(numbers[1]) != dialect.major_version:
        raise MalformedError("shape", f"the spec_version of {name} is {text[:20]!r}, not {dialect.major_version}.x")


def _role_of(kind: str, types: Mapping[str, str], name: str) -> str:
    for role, spelling in types.items():
        if spelling == kind:
            return role
    raise MalformedError("type-unexpected", f"{name} has the _type {kind[:40]!r}, which is none of this dialect's")
