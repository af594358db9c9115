"""Holding a document against the line that a snapshot, offline-snapshot or timestamp has for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lockstick.metadata.document import Document
    from lockstick.metadata.roles import MetaEntry
    from lockstick.trust.findings import Ledger

__all__ = ["check_listing"]


def check_listing(document: Document, entry: MetaEntry | None, ledger: Ledger, subject: str, *, lister: str) -> None:
    """Check version, hashes and length of a document against its listing.

    Hash and length are those of the canonical form of the whole document, not of the file's bytes
    (lockbox-format 7.4). The device compares less than this (device-client 2.1); the standard asks for all.

    Args:
        document: The document.
        entry: Its line, or None if the lister has none.
        ledger: Where findings go.
        subject: What to call the document in them.
        lister: What to call the listing document.
    """
    if entry is None:
        ledger.report("listing-missing", subject, f"{lister} does not list this document")
        return
    if entry.version != document.version:
        ledger.report(
            "listing-version",
            subject,
            f"{lister} lists version {entry.version}, the document is version {document.version}",
        )
    for algorithm, digest in entry.hashes.items():
        actual = document.listed_hash(algorithm)
        if actual != digest:
            ledger.report(
                "listing-hash",
                subject,
                f"{lister} lists {algorithm} {digest[:16]}…, the document has {actual[:16]}…",
            )
    if not entry.hashes:
        ledger.report("listing-without-hash", subject, f"{lister} lists no hash for this document")
    if entry.length is not None and entry.length != document.listed_length:
        ledger.report(
            "listing-length",
            subject,
            f"{lister} lists {entry.length} bytes, the document has {document.listed_length}",
        )
