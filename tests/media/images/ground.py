"""Folders with all that a lockbox may hold, and what is read of them through a tree."""

from __future__ import annotations

import hashlib
import random
import shutil
from typing import TYPE_CHECKING

import pytest

from lockstick.disk.tree import EntryKind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lockstick.disk.tree import Place, Tree

__all__ = ["make_folder", "needs", "read_all"]


def needs(*programs: str) -> None:
    """Skip a test where a program is missing; CI has them all."""
    for program in programs:
        if shutil.which(program) is None and shutil.which(program, path="/usr/sbin:/sbin") is None:
            pytest.skip(f"{program} is not on this machine")


def make_folder(root: Path) -> Path:
    """Files small and large, compressible and not, empty and with holes, and folders in folders."""
    chance = random.Random(7)
    images, deep = root / "images", root / "images" / "ostree" / "objects" / "ab"
    deep.mkdir(parents=True)
    (root / "metadata" / "director").mkdir(parents=True)
    (images / "noise.bin").write_bytes(chance.randbytes(1_300_001))
    (images / "text of words.txt").write_bytes(b"the same words again " * 120_000)
    (images / "empty").write_bytes(b"")
    (images / ("long name " * 15 + ".bin")).write_bytes(b"long")
    (images / "Grüße-日本.bin").write_bytes(b"letters")
    with (images / "holes").open("wb") as file:
        file.seek(700_000)
        file.write(b"end")
    for number in range(300):
        (deep / f"{number:062x}.file").write_bytes(chance.randbytes(number))
    (root / "metadata" / "director" / "1.root.json").write_bytes(b"{}")
    return root


def read_all(tree: Tree, place: Place = ()) -> dict[Place, str]:
    """Every place below one, and a digest of what is there; ``look`` must agree with ``entries``."""
    return dict(_walk(tree, place))


def _walk(tree: Tree, place: Place) -> Iterator[tuple[Place, str]]:
    for entry in tree.entries(place):
        inside = (*place, entry.name)
        seen = tree.look(inside)
        assert seen is not None
        assert (seen.kind, seen.size, seen.name) == (entry.kind, entry.size, entry.name)
        if entry.kind is EntryKind.FOLDER:
            yield inside, "folder"
            yield from _walk(tree, inside)
        elif entry.kind is EntryKind.LINK:
            yield inside, f"link to {tree.link(inside).decode()}"
        elif entry.kind is EntryKind.FILE:
            with tree.open(inside) as file:
                raw = file.readall()
            assert len(raw) == entry.size
            yield inside, hashlib.sha256(raw).hexdigest()
        else:
            yield inside, "other"
