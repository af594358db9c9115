"""Files in a lockbox that nothing signed speaks of (lockbox-format 10.2 V7)."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from lockstick.payloads.parts import parts_folders

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from lockstick.lockbox.layout import Layout
    from lockstick.trust.evidence import Evidence
    from lockstick.trust.findings import Ledger
    from lockstick.trust.judge import ExpectedPackage

__all__ = ["report_litter"]

_MAX_REPORTED = 50
_ROOT = re.compile(r"[1-9][0-9]*\.root\.json")
_TOLERATED = frozenset({"update-logs.db"})  # later device clients write it (lockbox-format 12)


def report_litter(
    layout: Layout, evidence: Evidence, lockbox: str | None, packages: Sequence[ExpectedPackage], ledger: Ledger
) -> None:
    """Report files that belong to nothing.

    Args:
        layout: Where the lockbox lies.
        evidence: Its documents.
        lockbox: Its name, or None if it could not be read.
        packages: Its packages.
        ledger: Where findings go.
    """
    folders = tuple(folder for package in packages for folder in parts_folders(package))
    known = _known_files(evidence, lockbox, packages)
    count = 0
    for path in _walk(layout):
        if path in known or path in _TOLERATED or path.startswith(folders):
            continue
        count += 1
        if count <= _MAX_REPORTED:
            ledger.report("file-unlisted", path, "nothing signed speaks of this file")
    if count > _MAX_REPORTED:
        ledger.report("file-unlisted", ".", f"{count - _MAX_REPORTED} more such files are not named here")


def _known_files(evidence: Evidence, lockbox: str | None, packages: Iterable[ExpectedPackage]) -> set[str]:
    known = {f"metadata/director/{name}" for name in ("root.json", "offline-snapshot.json")}
    if lockbox is not None:
        known.add(f"metadata/director/{lockbox}.json")
    known |= {f"metadata/director/{name}" for name in evidence.director.files if _ROOT.fullmatch(name)}
    # Whether a document of the image repository is reached is the judgement's affair; an extra one is harmless.
    known |= {f"metadata/image-repo/{name}" for name in evidence.image_repo.files}
    known |= {"/".join(("images", *package.path)) for package in packages if package.path}
    return known


def _walk(layout: Layout) -> Iterable[str]:
    for top in ("metadata", "images"):
        for folder, folders, files in os.walk(layout.root / top):
            folders.sort()
            relative = os.path.relpath(folder, layout.root).replace(os.sep, "/")
            links = [name for name in folders if (Path(folder) / name).is_symlink()]
            for name in sorted(files + links):
                yield f"{relative}/{name}"
