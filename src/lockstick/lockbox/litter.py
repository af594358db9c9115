"""Files in a lockbox that nothing signed speaks of (lockbox-format 10.2 V7)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from lockstick.payloads.parts import parts_folders
from lockstick.trust.evidence import numbered_roots

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lockstick.lockbox.layout import Layout
    from lockstick.trust.evidence import Evidence
    from lockstick.trust.findings import Ledger
    from lockstick.trust.judge import Judgement

__all__ = ["report_litter"]

_MAX_REPORTED = 50
_TOLERATED = frozenset({"update-logs.db"})  # later device clients write it (lockbox-format 12)


def report_litter(layout: Layout, evidence: Evidence, judgement: Judgement, ledger: Ledger) -> None:
    """Report files that belong to nothing.

    Args:
        layout: Where the lockbox lies.
        evidence: Its documents.
        judgement: What its metadata says.
        ledger: Where findings go.
    """
    folders = tuple(folder for package in judgement.packages for folder in parts_folders(package))
    known = _known_files(evidence, judgement)
    unlisted = _without_list(judgement)
    count = 0
    for path in _walk(layout):
        if path.startswith(unlisted):
            continue  # without the list nobody can say what belongs to it, least of all that it may be deleted
        if path in known or path in _TOLERATED or path.startswith(folders):
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


def _walk(layout: Layout) -> Iterable[str]:
    for top in ("metadata", "images"):
        if (layout.root / top).is_symlink():
            yield top
            continue
        for folder, folders, files in os.walk(layout.root / top):
            folders.sort()
            relative = os.path.relpath(folder, layout.root).replace(os.sep, "/")
            links = [name for name in folders if (Path(folder) / name).is_symlink()]
            for name in sorted(files + links):
                yield f"{relative}/{name}"
