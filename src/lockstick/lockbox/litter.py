"""Files in a lockbox that nothing signed speaks of (lockbox-format 10.2 V7)."""

from __future__ import annotations

from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING

from lockstick.disk.plainfile import is_linked
from lockstick.disk.tree import EntryKind
from lockstick.payloads.parts import parts_folders
from lockstick.trust.evidence import numbered_roots

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lockstick.disk.tree import Place, Tree
    from lockstick.trust.evidence import Evidence
    from lockstick.trust.findings import Ledger
    from lockstick.trust.judge import Judgement

__all__ = ["report_litter"]

_MAX_REPORTED = 50
_MAX_NAMES = 100_000
"""So many names are looked at; nobody waits for a medium that somebody filled with a million empty folders."""

_TOLERATED = frozenset({"update-logs.db"})  # later device clients write it (lockbox-format 12)


def report_litter(tree: Tree, evidence: Evidence, judgement: Judgement, ledger: Ledger) -> None:
    """Report files that belong to nothing.

    Args:
        tree: Where the lockbox lies.
        evidence: Its documents.
        judgement: What its metadata says.
        ledger: Where findings go.
    """
    folders = tuple(folder for package in judgement.packages for folder in parts_folders(package))
    known = _known_files(evidence, judgement)
    # Without the list of a folder nobody can say what belongs to it, least of all that it may be deleted.
    passed_over = (*_without_list(judgement), *folders)
    count = 0
    for path in _walk(tree, passed_over):
        if path is None:
            ledger.report("file-unlisted", ".", f"there are more than {_MAX_NAMES} names; not all were looked at")
            return
        if path in known or path in _TOLERATED:
            continue
        count += 1
        if count > _MAX_REPORTED:
            ledger.report("file-unlisted", ".", f"there are more than {_MAX_REPORTED} such files")
            return
        ledger.report("file-unlisted", path, "nothing signed speaks of this file")


def _without_list(judgement: Judgement) -> tuple[str, ...]:
    """The folders whose list of contents is missing or cannot be read."""
    lists = {
        "images/": judgement.lockbox,
        "metadata/director/": judgement.trail.offline_snapshot,
        "metadata/image-repo/": judgement.trail.snapshot,
    }
    return tuple(folder for folder, found in lists.items() if found is None)


def _known_files(evidence: Evidence, judgement: Judgement) -> set[str]:
    known = {f"metadata/{document}" for document in judgement.known_documents}
    for repository, part in (("director", evidence.director), ("image-repo", evidence.image_repo)):
        known |= {f"metadata/{repository}/{name}" for name in numbered_roots(part.files).values()}
    known |= {"/".join(("images", *package.path)) for package in judgement.packages if package.path}
    return known


def _walk(tree: Tree, passed_over: tuple[str, ...]) -> Iterator[str | None]:
    """Every file, and every link as such, folder by folder; what is passed over is not even listed.

    None, and no more, if there are too many names to look at.
    """
    left = _MAX_NAMES
    waiting: list[Place] = []
    for top in ("images", "metadata"):
        with suppress(OSError):
            if is_linked(tree, (top,)):
                yield top
            else:
                waiting.append((top,))
    while waiting:
        folder = waiting.pop()
        below = "/".join(folder) + "/"
        if below.startswith(passed_over):
            continue
        folders: list[str] = []
        files: list[str] = []
        with suppress(OSError):
            for entry in islice(tree.entries(folder), left + 1):
                left -= 1
                (folders if entry.kind is EntryKind.FOLDER else files).append(entry.name)
        if left < 0:
            yield None
            return
        yield from (path for name in sorted(files) if not (path := below + name).startswith(passed_over))
        waiting += [(*folder, name) for name in sorted(folders, reverse=True)]
