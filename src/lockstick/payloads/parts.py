"""Everything behind a package beyond the bytes of its own that are signed: the rest of its payload."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, assert_never

from lockstick.disk.plainfile import read_capped
from lockstick.disk.tree import EntryKind
from lockstick.payloads.compose_app import check_compose
from lockstick.payloads.compose_lines import MAX_COMPOSE
from lockstick.payloads.compose_place import ComposePlace
from lockstick.payloads.kind import Kind, kind_of
from lockstick.payloads.ostree_repo import OSTREE_PLACE, check_commit
from lockstick.payloads.tally import Tally
from lockstick.progress import SILENT, Observer
from lockstick.trust.findings import Ledger
from lockstick.trust.rules import Severity

if TYPE_CHECKING:
    from collections.abc import Callable

    from lockstick.disk.tree import Place, Tree
    from lockstick.trust.expected import ExpectedPackage
    from lockstick.trust.findings import Finding

__all__ = ["Parts", "check_parts", "parts_folders", "parts_size"]

_MAX_NAMES = 500_000  # ten times as many as an operating-system commit has


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What was found about the rest of a payload.

    Attributes:
        findings: Everything that was found.
        bytes_read: How many bytes were read for it.
    """

    findings: tuple[Finding, ...] = ()
    bytes_read: int = 0

    @property
    def sound(self) -> bool:
        """True if nothing that was found is an error."""
        return all(finding.severity is not Severity.ERROR for finding in self.findings)


def check_parts(
    tree: Tree,
    package: ExpectedPackage,
    *,
    observer: Observer = SILENT,
    stopped: Callable[[], bool] = lambda: False,
) -> Parts:
    """Check the parts of a package, from the media alone.

    Args:
        tree: The lockbox: what holds ``metadata/`` and ``images/``.
        package: The package; its own bytes, if it has any, were found to be the signed ones.
        observer: Told of the progress.
        stopped: Asked now and then; True ends the work early.

    Returns:
        What was found; nothing on the medium makes it raise.

    Raises:
        StoppedError: The work was ended early.
    """
    ledger = Ledger()
    tally = Tally(observer, stopped)
    _check(tree, package, ledger, tally)
    return Parts(findings=ledger.findings, bytes_read=tally.count)


def parts_size(tree: Tree, package: ExpectedPackage) -> int:
    """How many bytes there are to be read at most, for the sake of a progress bar.

    Args:
        tree: As for :func:`check_parts`.
        package: The package.

    Returns:
        The size of all files in the folders of its parts; what cannot be looked at counts nothing, nor what lies
        behind more names than any commit has.
    """
    total, left = 0, _MAX_NAMES
    waiting: list[Place] = [tuple(folder.rstrip("/").split("/")) for folder in parts_folders(package)]
    while waiting:
        folder = waiting.pop()
        with suppress(OSError):
            for entry in islice(tree.entries(folder), max(0, left)):
                left -= 1
                total += entry.size
                if entry.kind is EntryKind.FOLDER:
                    waiting.append((*folder, entry.name))
    return total


def parts_folders(package: ExpectedPackage) -> tuple[str, ...]:
    """The folders that belong to the parts of a package.

    Args:
        package: The package.

    Returns:
        Paths below the lockbox with a slash at the end.
    """
    match kind_of(package):
        case Kind.BINARY:
            return ()
        case Kind.COMPOSE:
            digest = package.hashes.get("sha256", "").lower()
            return (f"metadata/docker/{digest}.manifests/", f"images/{digest}.images/")
        case Kind.OSTREE:
            return ("images/ostree/",)
        case kind:
            assert_never(kind)


def _check(tree: Tree, package: ExpectedPackage, ledger: Ledger, observer: Observer) -> None:
    match kind_of(package):
        case Kind.BINARY:
            pass
        case Kind.COMPOSE:
            _check_application(tree, package, ledger, observer)
        case Kind.OSTREE:
            commit = package.hashes.get("sha256", "").lower()
            for problem in check_commit(tree, OSTREE_PLACE, commit, observer=observer, name=package.target):
                where = f"images/ostree/{problem.path}" if problem.path else package.target
                ledger.report(problem.rule, where, problem.message)
        case kind:
            assert_never(kind)


def _check_application(tree: Tree, package: ExpectedPackage, ledger: Ledger, observer: Observer) -> None:
    subject = "/".join(("images", *package.path))
    data, problem = read_capped(tree, ("images", *package.path), MAX_COMPOSE)
    if problem:
        ledger.report("compose-not-canonical", subject, problem)
        return
    digest = hashlib.sha256(data).hexdigest()
    if digest != package.hashes.get("sha256", digest).lower():
        ledger.report("package-hash", subject, "its bytes changed while they were being checked")
        return
    check_compose(ComposePlace(tree, digest), data, subject, ledger, observer=observer)
