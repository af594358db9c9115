"""Root chains: from a trusted root to the newest, one step at a time (lockbox-format 3.1, 10.2 V1).

The rules, enforced by raising :class:`RuntimeError` on misuse:

1. A chain starts with an anchor: a root that somebody decided to believe. It must be signed by its own keys.
2. Roots are offered in ascending order of the number in their file name, each once, before the chain ends.
3. A root of the anchor's version must be the anchor itself.
4. A root above it is adopted only if it is of the next version, and signed by the threshold of the root before
   it and by its own. The first one that fails ends the walk: nothing after it is adopted.
5. A root below the anchor proves nothing here, but devices that are further behind will walk it; so each must
   be signed by its own keys, and the next one by its keys.
6. Only the last adopted root must not have expired.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockstick.metadata.document import read_document
from lockstick.metadata.malformed import MalformedError
from lockstick.metadata.roles import read_root
from lockstick.trust.freshness import check_expiry
from lockstick.trust.signatures import check_signatures

if TYPE_CHECKING:
    from datetime import datetime

    from lockstick.metadata.dialect import Dialect
    from lockstick.metadata.roles import Root
    from lockstick.trust.findings import Ledger

__all__ = ["RootChain", "read_anchor"]


def read_anchor(raw: bytes, subject: str, dialect: Dialect, ledger: Ledger) -> Root | None:
    """Read a trust anchor and check that it is signed by its own keys.

    Args:
        raw: The bytes of a root document of any version.
        subject: What to call it in findings.
        dialect: Its dialect.
        ledger: Where findings go.

    Returns:
        The root, or None if it cannot be an anchor.
    """
    root = _read(raw, subject, dialect, ledger)
    if root is None or not _signed_by(root, root, ledger, subject):
        ledger.report("anchor-invalid", subject, "the trust anchor is not a root signed by its own keys")
        return None
    return root


class RootChain:
    """Walks the roots of one repository.

    Args:
        anchor: The root to start from, as :func:`read_anchor` gives it.
        repository: ``director`` or ``image-repo``; begins the subject of every finding.
        dialect: The dialect of the anchor.
        ledger: Where findings go.
    """

    def __init__(self, anchor: Root, repository: str, dialect: Dialect, ledger: Ledger) -> None:
        self._anchor = anchor
        self._adopted = [anchor]
        self._repository = repository
        self._dialect = dialect
        self._ledger = ledger
        self._last_number = 0
        self._below: Root | None = None
        self._broken = False
        self._finished = False

    @property
    def trusted(self) -> Root:
        """The last root that was adopted so far; the anchor at first."""
        return self._adopted[-1]

    @property
    def adopted(self) -> tuple[Root, ...]:
        """The anchor and every root that was adopted so far, in order."""
        return tuple(self._adopted)

    def offer(self, number: int, raw: bytes) -> None:
        """Offer the document ``number.root.json``.

        Args:
            number: The number in its file name.
            raw: Its bytes.

        Raises:
            RuntimeError: If the order of rule 2 is broken.
        """
        if self._finished or number <= self._last_number:
            raise RuntimeError("roots are offered in ascending order, before the chain ends")
        subject = f"{self._repository}/{number}.root.json"
        if self._broken:
            self._ledger.report("root-unreachable", subject, "the chain of roots is broken before this one")
            return
        skipped = number - self._last_number - 1
        self._last_number = number
        if number > self._anchor.document.version and number != self.trusted.document.version + 1:
            self._ledger.report(
                "root-gap",
                subject,
                f"{self.trusted.document.version + 1}.root.json is missing, so this root cannot be reached",
            )
            self._broken = True
            return
        root = _read(raw, subject, self._dialect, self._ledger)
        if root is None:
            self._broken = number > self._anchor.document.version
            self._below = None
            return
        if root.document.version != number:
            self._ledger.report(
                "root-version-mismatch",
                subject,
                f"the document says that it is version {root.document.version}",
            )
            self._broken = number > self._anchor.document.version
            return
        if number > self._anchor.document.version:
            self._step(root, subject)
        else:
            self._look_back(root, subject, linked=skipped == 0)

    def finish(self, at: datetime) -> Root:
        """End the walk.

        Args:
            at: The time to judge by.

        Returns:
            The last adopted root.
        """
        self._finished = True
        root = self.trusted
        subject = f"{self._repository}/{root.document.version}.root.json"
        check_expiry(root.document.expires, at, self._ledger, subject)
        return root

    def _step(self, root: Root, subject: str) -> None:
        by_old = _signed_by(root, self.trusted, self._ledger, subject)
        by_own = _signed_by(root, root, self._ledger, subject)
        if by_old and by_own:
            self._adopted.append(root)
        else:
            self._broken = True

    def _look_back(self, root: Root, subject: str, *, linked: bool) -> None:
        if root.document.version == self._anchor.document.version:
            if root.document.digest != self._anchor.document.digest:
                self._ledger.report(
                    "root-fork",
                    subject,
                    "this root has the version of the trust anchor but is another document",
                )
        else:
            _signed_by(root, root, self._ledger, subject)
        if self._below is not None and linked:
            _signed_by(root, self._below, self._ledger, subject)
        self._below = root


def _read(raw: bytes, subject: str, dialect: Dialect, ledger: Ledger) -> Root | None:
    try:
        document = read_document(raw, subject, dialect)
        if document.role != "root":
            ledger.report("type-unexpected", subject, f"a document of the role {document.role} lies in place of a root")
            return None
        return read_root(document)
    except MalformedError as error:
        ledger.malformed(subject, error)
        return None


def _signed_by(root: Root, by: Root, ledger: Ledger, subject: str) -> bool:
    signers = by.roles.get("root")
    if signers is None:
        ledger.report("role-missing", subject, f"root version {by.document.version} does not say who signs roots")
        return False
    return check_signatures(root.document, signers, ledger, subject, according_to=f"root version {by.document.version}")
