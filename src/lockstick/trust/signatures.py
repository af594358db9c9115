"""Signatures and thresholds over distinct keys (lockbox-format 2.4 and 2.5)."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from lockstick.trust.findings import Ledger

if TYPE_CHECKING:
    from lockstick.metadata.document import Document
    from lockstick.metadata.roles import RoleKeys, Root

__all__ = ["check_role", "check_signatures", "good_signers"]


def check_signatures(document: Document, signers: RoleKeys, ledger: Ledger, subject: str, *, according_to: str) -> bool:
    """Check that enough distinct keys of a role have signed a document.

    Signatures by keys that the role does not list are passed over. One key counts once, under however many
    ids it is listed. Two signatures under one key id are an error in any dialect. Where the dialect says that
    honest repositories write nothing of the kind, so are a signature that cannot be read, one of a listed key
    that does not verify, and a key under two ids: something has changed the document.

    Args:
        document: The document.
        signers: Who may sign, and how many must have.
        ledger: Where findings go.
        subject: What to call the document in them.
        according_to: The document that names the signers, for messages.

    Returns:
        True if the threshold is met and no finding casts doubt on the signatures.
    """
    # A ledger of its own: the caller's keeps one copy of what several checks say, so its count proves nothing.
    own = Ledger()
    _check(document, signers, own, subject, according_to)
    ledger.extend(own)
    return own.errors == 0


def check_role(document: Document, role: str, root: Root, ledger: Ledger, subject: str) -> bool:
    """Check that a document is of a role and signed by those whom the root names for it.

    Args:
        document: The document.
        role: The role that it must be of.
        root: The root in force.
        ledger: Where findings go.
        subject: What to call the document in them.

    Returns:
        True if it is.
    """
    if document.role != role:
        ledger.report("type-unexpected", subject, f"a document of the role {document.role} lies in place of {role}")
    signers = root.roles.get(role)
    if signers is None:
        ledger.report(
            "role-missing", subject, f"root version {root.document.version} does not say who signs for the role {role}"
        )
        return False
    according_to = f"root version {root.document.version}"
    return check_signatures(document, signers, ledger, subject, according_to=according_to) and document.role == role


def good_signers(document: Document, signers: RoleKeys) -> tuple[str, ...]:
    """Say who has signed a document, by the same keys and the same counting as :func:`check_signatures`.

    Args:
        document: The document.
        signers: Who may sign.

    Returns:
        The key ids of the good signatures, in the order of the document; one for each distinct key.
    """
    return tuple(_check(document, signers, Ledger(), "", "").values())


def _check(document: Document, signers: RoleKeys, ledger: Ledger, subject: str, according_to: str) -> dict[str, str]:
    """Check all of it; hands out the key ids of the good signatures by the identity of the key."""
    # What may be passed over is still looked at, but said to a ledger that nobody reads.
    strict = Ledger() if document.dialect.passes_over_bad_signatures else ledger
    for problem in document.signature_problems:
        strict.malformed(subject, problem)
    _check_signers(signers, strict, subject)
    counts = Counter(signature.keyid for signature in document.signatures)
    for keyid, count in counts.items():
        if count > 1:
            ledger.report("signature-duplicate", subject, f"{count} signatures name the same key {keyid[:16]}")
    signed_by: dict[str, str] = {}
    for signature in document.signatures:
        key = signers.keys.get(signature.keyid)
        if key is None or counts[signature.keyid] > 1:
            continue
        if signature.method and signature.method not in key.methods:
            strict.report(
                "signature-method-mismatch",
                subject,
                f"the signature by key {key.keyid[:16]} claims the method {signature.method}, the key is {key.kind}",
            )
        elif key.signed(signature.value, document.signed_bytes):
            signed_by.setdefault(key.identity, key.keyid)
        else:
            strict.report("signature-invalid", subject, f"the signature by key {key.keyid[:16]} does not verify")
    if len(signed_by) < signers.threshold:
        ledger.report(
            "threshold-unmet",
            subject,
            f"by {according_to} the role {signers.role} needs {signers.threshold} signatures of different keys; "
            f"{len(signed_by)} are good",
        )
    return signed_by


def _check_signers(signers: RoleKeys, ledger: Ledger, subject: str) -> None:
    identities = Counter(key.identity for key in signers.keys.values())
    if identities and max(identities.values()) > 1:
        ledger.report("key-duplicate", subject, f"the role {signers.role} lists one key under several ids")
    for key in signers.keys.values():
        if key.expected_keyids and key.keyid not in key.expected_keyids:
            ledger.report(
                "key-id-unusual",
                subject,
                f"the key id {key.keyid[:16]} is not derived from its key by any known rule",
            )
