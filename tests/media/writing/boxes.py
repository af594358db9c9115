"""Lockboxes on a disk, small ones, in versions that share packages."""

from __future__ import annotations

import hashlib
import random
import time
from typing import TYPE_CHECKING

import pytest

from forge import AT, Forge, lay_documents, target
from lockstick.disk.tree import FolderTree
from lockstick.lockbox.anchors import AnchorChoice
from lockstick.lockbox.consignment import consign
from lockstick.lockbox.verify import verify
from lockstick.media.writing.proving import Proof
from lockstick.media.writing.write import write_consignment
from lockstick.progress import SILENT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from lockstick.lockbox.consignment import Consignment
    from lockstick.lockbox.outcome import VerifyOutcome
    from lockstick.progress import Observer

__all__ = [
    "ANCHORS",
    "Prover",
    "bytes_of",
    "consigned",
    "contents",
    "lay",
    "packages",
    "put_until",
    "spoil",
    "verified",
    "write_roots",
]

ANCHORS = AnchorChoice(given=Forge().anchors())


def bytes_of(name: str, size: int) -> bytes:
    """So many bytes that nobody can compress or guess, the same for the same name."""
    return random.Random(name).randbytes(size)


def packages(count: int = 4, size: int = 300_000, **changed: str) -> dict[str, bytes]:
    """Packages ``p0.bin``, ``p1.bin`` and on; a changed one has other bytes of the same length."""
    names = [f"p{index}" for index in range(count)]
    return {f"{name}.bin": bytes_of(name + changed.get(name, ""), size) for name in names}


def lay(
    root: Path,
    files: Mapping[str, bytes],
    *,
    name: str = "box",
    version: int = 3,
    expires: str = "",
    kinds: Mapping[str, str] | None = None,
) -> Path:
    """Lay a lockbox down: documents and packages, each for a hardware of its own if it has none."""
    hardware = {path: (f"board-{path}",) for path in files} | {path: (one,) for path, one in (kinds or {}).items()}
    forge = Forge(
        name=name,
        lockbox_targets={path: target(data, hardware[path]) for path, data in files.items()},
        image_targets={
            path: target(data, hardware[path], name=path, version="1", targetFormat="BINARY")
            for path, data in files.items()
        },
    )
    forge.lockbox["version"] = version
    forge.offline_snapshot["version"] = version + 4
    if expires:
        forge.lockbox["expires"] = expires
    lay_documents(root, forge.evidence())
    for path, data in files.items():
        place = root / "images" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    return root


def consigned(root: Path) -> Consignment:
    return consign(FolderTree(root), anchors=ANCHORS, at=AT)


def verified(root: Path) -> VerifyOutcome:
    return verify(FolderTree(root), anchors=ANCHORS, at=AT, clock=time.monotonic)


class Prover:
    """Reads back as the command does, only not past the system's memory; remembers where it was asked to."""

    def __init__(self) -> None:
        self.folders: list[Path] = []

    def __call__(self, folder: Path, observer: Observer) -> Proof:
        self.folders.append(folder)
        outcome = verify(FolderTree(folder), anchors=ANCHORS, at=AT, clock=time.monotonic, observer=observer)
        return Proof(verified=outcome, exclusion="none")


def contents(root: Path) -> dict[str, str]:
    """Every file below a folder, by path, as a digest."""
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in root.rglob("*")
        if path.is_file()
    }


def spoil(path: Path, offset: int) -> None:
    """Turn one bit of a file over."""
    with path.open("r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ 1]))


def put_until(source: Path, stick: Path, files: int) -> None:
    """Write to a stick, and be interrupted when so many files are done."""
    stick.mkdir(exist_ok=True)

    class Impatient(type(SILENT)):  # type: ignore[misc]  # the observer that looks away
        def __init__(self) -> None:
            self.left = files

        def file_finished(self, name: str) -> None:
            self.left -= 1
            if not self.left:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_consignment(
            consigned(source),
            FolderTree(source),
            [stick],
            prove=Prover(),
            clock=time.monotonic,
            observer=Impatient(),
        )


def write_roots(folder: Path) -> Path:
    """The roots to believe, as ``--trust`` takes them."""
    folder.mkdir(parents=True, exist_ok=True)
    anchors = Forge().anchors()
    (folder / "director-root.json").write_bytes(anchors.director or b"")
    (folder / "image-root.json").write_bytes(anchors.image_repo or b"")
    return folder
